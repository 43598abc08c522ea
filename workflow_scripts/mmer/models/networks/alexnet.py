"""AlexNet for images of spectrograms: torchvision's network, and small versions of it.

Source: paper sections 3.2.1 and 3.2.2; layers and names are torchvision's, and so are the published
weights: ``alexnet-owt-7be5be79.pth``, whose name ends in the first digits of its sha256, is a plain
state dictionary of 1000 classes.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import AlexNet

from mmer.training.foreign_checkpoint import load_all_but, read_state

FC7 = 6
"""Layers of ``classifier`` up to the rectified second linear layer (fc7 in DeepSpectrum)."""
LAST_LAYER = "classifier.6"
FEWEST_CHANNELS = 8

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""Of the red, green and blue of ImageNet's images in [0, 1], as torchvision's weights state."""


def build_alexnet(classes: int, width: float = 1.0) -> AlexNet:
    """An AlexNet with random weights, drawn from torch's global generator.

    Hidden layers are initialised as He et al. 2015 do: with torch's own, smaller weights eight
    layers without normalisation let too little through to learn from.

    ``width`` is a factor on all channels and hidden layers; 1 is torchvision's network of 61.1
    million parameters.
    """
    if width == 1:
        network = AlexNet(num_classes=classes)
    else:
        with torch.device("meta"):
            network = AlexNet(num_classes=classes)
        for layers in (network.features, network.classifier):
            for place, layer in enumerate(layers):
                if isinstance(layer, nn.Conv2d | nn.Linear):
                    last = layer is network.get_submodule(LAST_LAYER)
                    layers[place] = _narrowed(layer, width, last)
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and name != LAST_LAYER:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return network


def _narrowed(layer: nn.Conv2d | nn.Linear, width: float, last: bool) -> nn.Module:
    """The same kind of layer with fewer inputs and outputs; the image and classes stay."""
    if isinstance(layer, nn.Conv2d):
        inputs = layer.in_channels if layer.in_channels == 3 else _fewer(layer.in_channels, width)
        return nn.Conv2d(
            inputs,
            _fewer(layer.out_channels, width),
            layer.kernel_size,
            layer.stride,
            layer.padding,
        )
    outputs = layer.out_features if last else _fewer(layer.out_features, width)
    places = 6 * 6  # the first linear layer sees 256 channels at 6 × 6 places
    if layer.in_features == 256 * places:
        return nn.Linear(_fewer(256, width) * places, outputs)
    return nn.Linear(_fewer(layer.in_features, width), outputs)


def _fewer(count: int, width: float) -> int:
    return max(FEWEST_CHANNELS, round(count * width))


def load_alexnet(network: AlexNet, path: Path, sha256: str) -> None:
    """Give a network the published weights, without running their pickle; the last layer stays."""
    advice = "use torchvision's alexnet-owt-7be5be79.pth"
    load_all_but(network, path, read_state(path, sha256, advice), LAST_LAYER, advice)


def network_input(images: Tensor, normalise: bool) -> Tensor:
    """Images ``(batch, size, size, 3)`` uint8 as AlexNet takes them.

    ``(batch, 3, size, size)`` float32: in [0, 1], or normalised by ImageNet's mean and deviation.
    """
    assert images.dtype == torch.uint8 and images.shape[-1] == 3, "images are RGB bytes"
    scaled = images.permute(0, 3, 1, 2).float() / 255
    if not normalise:
        return scaled
    mean = torch.tensor(IMAGENET_MEAN, device=images.device)[:, None, None]
    deviation = torch.tensor(IMAGENET_DEVIATION, device=images.device)[:, None, None]
    return (scaled - mean) / deviation


@torch.inference_mode()
def fc7(network: AlexNet, images: Tensor) -> Tensor:
    """Embeddings of images ``(batch, size, size, 3)`` as DeepSpectrum takes them: not normalised.

    ``(batch, 4096 * width)`` float32, not negative.  The network is left in eval mode.
    """
    network.eval()
    maps = network.avgpool(network.features(network_input(images, normalise=False)))
    return network.classifier[:FC7](maps.flatten(1))
