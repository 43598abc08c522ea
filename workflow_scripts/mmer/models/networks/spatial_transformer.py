"""The guided spatial transformer: where to look is learned from the saliency map alone.

Source: paper section 3.3.1 and table A1; Luna-Jiménez et al. 2021, Guided Spatial Transformers for
Facial Expression Recognition.  Parameter names are those of the published checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmer.training.frames import FramesOnDevice

FLATTENED = 810
"""10 channels of 9×9 (table A1)."""

BLOCK = 128
"""Frames per forward pass without gradients: what fits a CPU's cache is twice as fast as 1024."""


@dataclass(frozen=True)
class SpatialTransformerOutput:
    """The last three layers.

    Attributes
    ----------
    flatten810
        ``(batch, 810)`` after dropout, not negative.
    fc50
        ``(batch, 50)`` after its ReLU, as the last layer reads it, not negative.
    fc50_before_relu
        ``(batch, 50)``.
    logits
        ``(batch, classes)``.
    """

    flatten810: Tensor
    fc50: Tensor
    fc50_before_relu: Tensor
    logits: Tensor


class GuidedSpatialTransformer(nn.Module):
    """Table A1: a localization network on the saliency map, and a small CNN on the warped image.

    The published checkpoint has 3 ``classes``.
    """

    def __init__(self, classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 3)
        self.conv2 = nn.Conv2d(10, 10, 3)
        self.conv3 = nn.Conv2d(10, 10, 3)
        self.conv4 = nn.Conv2d(10, 10, 3)
        self.norm = nn.BatchNorm2d(10)
        self.pool = nn.MaxPool2d(2, 2)
        self.dropout = nn.Dropout(dropout)
        self.fc1 = nn.Linear(FLATTENED, 50)
        self.fc2 = nn.Linear(50, classes)
        self.localization = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=7),
            nn.MaxPool2d(2, stride=2),
            nn.ReLU(),
            nn.Conv2d(8, 10, kernel_size=5),
            nn.MaxPool2d(2, stride=2),
            nn.ReLU(),
        )
        self.fc_loc = nn.Sequential(nn.Linear(640, 32), nn.ReLU(), nn.Linear(32, 6))
        # The identity at first (Jaderberg et al. 2015, section 3.2).
        nn.init.zeros_(self.fc_loc[2].weight)
        with torch.no_grad():
            self.fc_loc[2].bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def transform(self, images: Tensor, saliency: Tensor) -> Tensor:
        """Warp images ``(batch, 1, 48, 48)`` by what the saliency maps tell; same shape."""
        seen = self.localization(saliency)  # (batch, 10, 8, 8)
        theta = self.fc_loc(seen.flatten(1)).view(-1, 2, 3)
        grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, align_corners=False)

    def forward(self, images: Tensor, saliency: Tensor) -> SpatialTransformerOutput:
        """Images and maps ``(batch, 1, 48, 48)`` float32 in [-1, 1]."""
        x = self.transform(images, saliency)
        x = functional.relu(self.conv1(x))  # (batch, 10, 46, 46)
        x = functional.relu(self.pool(self.conv2(x)))  # (batch, 10, 22, 22)
        x = functional.relu(self.conv3(x))  # (batch, 10, 20, 20)
        x = functional.relu(self.pool(self.norm(self.conv4(x))))  # (batch, 10, 9, 9)
        flatten810 = self.dropout(x).flatten(1)
        before = self.fc1(flatten810)
        fc50 = functional.relu(before)
        return SpatialTransformerOutput(flatten810, fc50, before, self.fc2(fc50))


def move_to(network: GuidedSpatialTransformer, device: torch.device) -> GuidedSpatialTransformer:
    """The network on a device; on the CPU channels last nearly doubles its speed.

    The layout changes results by rounding only, and the names and shapes of the weights not at all.
    """
    layout = torch.channels_last if device.type == "cpu" else torch.contiguous_format
    return network.to(device, memory_format=layout)


@torch.inference_mode()
def run_over(
    network: GuidedSpatialTransformer, frames: FramesOnDevice
) -> Iterator[SpatialTransformerOutput]:
    """The network's layers for all frames in order, block by block, in evaluation mode."""
    network.eval()
    for rows in torch.arange(len(frames.images)).split(BLOCK):
        yield network(*frames.pair(rows))
