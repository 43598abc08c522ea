"""What the end-to-end networks see: ResNet on the face of each step, and how training changes it.

Source: Tzirakis et al. 2017, by the authors' published code; the network is torchvision's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.resnet import Bottleneck, ResNet

from mmer.models.end_to_end import EndToEndSettings
from mmer.models.networks.alexnet import IMAGENET_DEVIATION, IMAGENET_MEAN
from mmer.training.foreign_checkpoint import check_names, check_tensor, read_state
from mmer.weights import Weights

STEM = 64
"""Channels of a ResNet's first layers at full width."""

_ADVICE = "use ResNet-50's weights of the registry, or set weights to random"


class FaceBranch(ResNet):
    """ResNet-50, or a smaller one, without its classes.

    Shapes
    ------
    Faces ``(batch, steps, height, width, 3)``, uint8 or float32 in [0, 1] → ``(batch, steps,
    width)``.

    Attributes
    ----------
    width
        2,048 at full size.

    Parameters
    ----------
    blocks
        Of each of the four groups: 3, 4, 6 and 3 are ResNet-50's.
    share
        Factor on all channels.
    side
        Pixels to which larger faces are shrunk.
    standardised
        Whether colours are told in deviations from ImageNet's mean.
    """

    def __init__(
        self, blocks: tuple[int, ...], share: float, side: int, standardised: bool
    ) -> None:
        self._share, self._side = share, side
        super().__init__(Bottleneck, list(blocks))
        self.width = self.inplanes
        if share != 1:
            self.conv1 = nn.Conv2d(3, _fewer(STEM, share), 7, stride=2, padding=3, bias=False)
            nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
            self.bn1 = nn.BatchNorm2d(_fewer(STEM, share))
        self.fc = nn.Identity()
        mean, deviation = (IMAGENET_MEAN, IMAGENET_DEVIATION) if standardised else (0.0, 1.0)
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1), persistent=False)

    def _make_layer(
        self, block: type[Bottleneck], planes: int, *given: Any, **named: Any
    ) -> nn.Sequential:
        """One of the four groups; the first reads the first layers."""
        if planes == STEM:
            self.inplanes = _fewer(STEM, self._share)
        return super()._make_layer(block, _fewer(planes, self._share), *given, **named)

    def forward(self, faces: Tensor) -> Tensor:
        shown = faces.flatten(0, 1).permute(0, 3, 1, 2)
        shown = shown.float() / 255 if shown.dtype == torch.uint8 else shown
        if shown.shape[-1] > self._side:
            shown = functional.adaptive_avg_pool2d(shown, self._side)
        seen = super().forward((shown - self.mean) / self.deviation)
        return seen.reshape(*faces.shape[:2], self.width)

    def start_from_imagenet(self, given: Weights) -> None:
        """Take torchvision's published weights, verified, all but those of the classes.

        Raises
        ------
        UserError
            If the file has another checksum, other layers, or a value that is not finite.
        """
        state = read_state(given.path, given.sha256, _ADVICE)
        state = {name: each for name, each in state.items() if not name.startswith("fc.")}
        own = {name: each.cpu() for name, each in self.state_dict().items()}
        # Counts of batches, which older files lack and nothing here uses.
        state = {n: each for n, each in own.items() if n.endswith("num_batches_tracked")} | state
        for name, like in own.items():
            check_tensor(given.path, name, state, like, _ADVICE)
        check_names(given.path, state, list(own), _ADVICE)
        self.load_state_dict(state)


def _fewer(channels: int, share: float) -> int:
    return max(round(channels * share), 1)


def changed(faces: Tensor, settings: EndToEndSettings) -> Tensor:
    """Faces as training shows them, each changed for itself.

    Enlarged, cropped anywhere to their size, with another saturation, then another brightness.

    Parameters
    ----------
    faces
        ``(steps, side, side, 3)`` uint8.
    settings
        ``face_enlarged``, ``face_saturation`` and ``face_brightness``.

    Returns
    -------
    Tensor
        Of the same shape, float32 in [0, 1].
    """
    steps, side = faces.shape[:2]
    colours = faces.permute(0, 3, 1, 2).float() / 255
    free = settings.face_enlarged - side
    if free:
        # The place of a crop among those of the enlarged picture, sampled without making it.
        corners = torch.randint(0, free + 1, (steps, 2)).float()
        scale = side / settings.face_enlarged
        theta = torch.zeros(steps, 2, 3)
        theta[:, 0, 0] = theta[:, 1, 1] = scale
        theta[:, :, 2] = (2 * corners - free) / settings.face_enlarged
        grid = functional.affine_grid(theta, list(colours.shape), align_corners=False)
        colours = functional.grid_sample(colours, grid, padding_mode="border", align_corners=False)
    most, least = colours.amax(dim=1, keepdim=True), colours.amin(dim=1, keepdim=True)
    spread = settings.face_saturation
    factor = 1 + spread * (2 * torch.rand(steps, 1, 1, 1) - 1)
    # Hue and value stay; a saturation over 1 is 1.
    factor = factor.minimum(most / (most - least).clamp(min=1e-6))
    colours = most - (most - colours) * factor
    brighter = settings.face_brightness * (2 * torch.rand(steps, 1, 1, 1) - 1)
    return (colours + brighter).clamp(0, 1).permute(0, 2, 3, 1)
