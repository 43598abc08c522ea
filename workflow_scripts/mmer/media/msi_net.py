"""MSI-Net: a contextual encoder-decoder network for visual saliency.

Source: Kroner et al. 2020, section 3.1, and the repository published with it, for what the article
leaves open: the order of channels, TensorFlow's padding and its bilinear filter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmer.media.msi_net_frames import fit_frames, maps_onto_frames
from mmer.media.settings import SaliencySettings
from mmer.runtime.errors import UserError

CHANNEL_MEANS = (103.939, 116.779, 123.68)
"""Subtracted from red, green and blue.  They are VGG16's means of blue, green and red; the weights
were trained with them in this order, so they stay."""

_ENCODER = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and convolutions of VGG16's blocks."""
_SHRINKING_BLOCKS = 3
"""Blocks whose pool halves the maps; the pools of the others keep the size."""
_ENCODER_DILATIONS = (1, 1, 1, 1, 2)
_CONTEXT = 256
_CONTEXT_DILATIONS = (4, 8, 12)
_DECODER = (128, 64, 32)
_BATCH_ON = {"cpu": 2, "cuda": 32}
"""Frames at a time where the settings leave it open."""
_TINY = 1e-7
"""Added to the largest value before dividing by it."""


class MsiNet(nn.Module):
    """The network; ``width`` is a factor on all channels.

    Its convolutions have the order in which the published graph uses them.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.layers = nn.ModuleDict()

        def add(name: str, inputs: int, published: int, kernel: int, dilation: int = 1) -> int:
            outputs = max(1, round(width * published))
            # As TensorFlow's SAME for an odd kernel and stride 1.
            padding = dilation * (kernel // 2)
            self.layers[name] = nn.Conv2d(
                inputs, outputs, kernel, padding=padding, dilation=dilation
            )
            return outputs

        channels, joined = 3, 0
        for block, (published, count) in enumerate(_ENCODER, start=1):
            dilation = _ENCODER_DILATIONS[block - 1]
            for layer in range(1, count + 1):
                channels = add(f"conv{block}_{layer}", channels, published, 3, dilation)
            joined += channels if block >= _SHRINKING_BLOCKS else 0
        context = add("aspp_1", joined, _CONTEXT, 1)
        for branch, dilation in enumerate(_CONTEXT_DILATIONS, start=2):
            add(f"aspp_{branch}", joined, _CONTEXT, 3, dilation)
        add("aspp_scene", joined, _CONTEXT, 1)
        channels = add("aspp_joined", (2 + len(_CONTEXT_DILATIONS)) * context, _CONTEXT, 1)
        for layer, published in enumerate(_DECODER, start=1):
            channels = add(f"decoder_{layer}", channels, published, 3)
        self.layers["decoder_last"] = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(batch, height, width)`` float32, each from 0 to 1.

        Images are ``(batch, 3, height, width)`` RGB, 0 to 255; sides are multiples of 8.
        """
        means = torch.tensor(CHANNEL_MEANS, device=images.device).reshape(1, 3, 1, 1)
        maps = self._context(self._encode(images - means))  # (batch, 256, height / 8, width / 8)
        for layer in range(1, len(_DECODER) + 1):
            maps = self._rectified(f"decoder_{layer}", doubled(maps))
        return from_zero_to_one(self.layers["decoder_last"](maps)[:, 0].float())

    def _encode(self, maps: Tensor) -> Tensor:
        """VGG16's features of three depths: ``(batch, 1280, height / 8, width / 8)``."""
        kept = []
        for block, (_, count) in enumerate(_ENCODER, start=1):
            for layer in range(1, count + 1):
                maps = self._rectified(f"conv{block}_{layer}", maps)
            maps = functional.max_pool2d(maps, 2) if block <= _SHRINKING_BLOCKS else same_pool(maps)
            if block >= _SHRINKING_BLOCKS:
                kept.append(maps)
        return torch.cat(kept, dim=1)

    def _context(self, features: Tensor) -> Tensor:
        """Atrous spatial pyramid pooling: ``(batch, 256, height / 8, width / 8)``."""
        local = [
            self._rectified(f"aspp_{branch}", features)
            for branch in range(1, 2 + len(_CONTEXT_DILATIONS))
        ]
        scene = self._rectified("aspp_scene", features.mean(dim=(2, 3), keepdim=True))
        return self._rectified("aspp_joined", torch.cat([*local, scene.expand_as(local[0])], dim=1))

    def _rectified(self, name: str, maps: Tensor) -> Tensor:
        return functional.relu_(self.layers[name](maps))


def same_pool(maps: Tensor) -> Tensor:
    """Largest of 2×2 values at every place; the missing row and column lie at the end.

    TensorFlow's SAME pads an even window there and not on both sides.
    """
    return functional.max_pool2d(functional.pad(maps, (0, 1, 0, 1), value=-torch.inf), 2, 1)


def doubled(maps: Tensor) -> Tensor:
    """Bilinear upsampling by 2 as TensorFlow 1 does it.

    Each pixel stays at the even places, between two lies their mean, and the last row and column
    are there twice: neither half-pixel centres nor aligned corners.  With one more row and column
    at the end, aligned corners are the same.
    """
    height, width = maps.shape[2:]
    longer = functional.pad(maps, (0, 1, 0, 1), mode="replicate")
    size = (2 * height + 1, 2 * width + 1)
    grown = functional.interpolate(longer, size, mode="bilinear", align_corners=True)
    return grown[:, :, :-1, :-1]


def from_zero_to_one(maps: Tensor) -> Tensor:
    """Stretch each of ``(batch, height, width)`` to [0, 1]; a constant map becomes 0."""
    maps = maps - maps.amin(dim=(1, 2), keepdim=True)
    return maps / (_TINY + maps.amax(dim=(1, 2), keepdim=True))


class MsiNetSaliency:
    """MSI-Net with converted weights as a saliency method.

    A UserError if the weights are of another network, for example of another width.
    """

    def __init__(
        self, settings: SaliencySettings, weights: Mapping[str, Tensor], device: torch.device
    ) -> None:
        network = MsiNet(settings.width)
        try:
            network.load_state_dict(dict(weights))
        except RuntimeError as error:
            raise UserError(
                f"the weights are not those of MSI-Net at width {settings.width}: convert the "
                "published file again at this width"
            ) from error
        self.settings = settings
        self.device = device
        self.reduced = settings.precision == "bfloat16"
        last = self.reduced or device.type == "cpu"
        layout = torch.channels_last if last else torch.contiguous_format
        self.network = network.eval().to(device, memory_format=layout)

    def maps(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See :data:`~mmer.media.saliency.SaliencyMethod`."""
        found = []
        size = self.settings.batch_size or _BATCH_ON[self.device.type]
        for start in range(0, len(pictures), size):
            batch = pictures[start : start + size]
            maps = self._predict(torch.cat([self._fit(picture) for picture in batch]))
            for picture, single in zip(batch, maps.split(1), strict=True):
                found.append(maps_onto_frames(single, picture.shape[:2])[0].cpu().numpy())
        return found

    def _fit(self, picture: np.ndarray) -> Tensor:
        """A picture as the network takes it, ``(1, 3, 240, 320)`` on the device."""
        return fit_frames(torch.tensor(picture[None], device=self.device), self.settings.padding)

    @torch.inference_mode()
    def _predict(self, images: Tensor) -> Tensor:
        """Maps ``(batch, 240, 320)`` in [0, 1]."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            return self.network(images)
