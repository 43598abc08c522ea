"""Saliency maps behind one interface: frames in, maps out.

The paper's method is MSI-Net (section 3.3).  Spectral residual needs no weights; wherever results
made with it appear, it is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
from PIL import Image

from mmer.media.decoding import FRAME_SIZE, centre_square
from mmer.media.settings import SaliencySettings

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_SPECTRUM_SIZE = 64
"""Side in pixels at which the spectrum is taken (Hou and Zhang 2007, section 2)."""

_SMOOTHING = 2.5
"""Standard deviation in pixels of the final Gaussian at that size (Hou and Zhang 2007: 8 for
display; OpenCV contrib uses 2.5 for maps)."""


class SaliencyMethod(Protocol):
    """A way to make saliency maps."""

    name: str

    def maps(self, frames: np.ndarray) -> np.ndarray:
        """Maps of whole frames.

        Parameters
        ----------
        frames
            ``(frames, height, width, 3)`` uint8 RGB.

        Returns
        -------
        np.ndarray
            ``(frames, height, width)`` uint8, 255 where most salient.
        """

    def maps_of_pictures(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Maps ``(height, width)`` of pictures ``(height, width, 3)`` of any sizes, together."""


class SpectralResidual:
    """What in a picture's spectrum is not explained by its surroundings (Hou and Zhang 2007)."""

    name = "spectral residual (Hou and Zhang 2007)"

    def maps(self, frames: np.ndarray) -> np.ndarray:
        """See :class:`SaliencyMethod`."""
        return np.stack(self.maps_of_pictures(frames))

    def maps_of_pictures(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        """See :class:`SaliencyMethod`."""
        return [self._map(picture) for picture in pictures]

    def _map(self, frame: np.ndarray) -> np.ndarray:
        """One map, ``(height, width)`` uint8."""
        height, width = frame.shape[:2]
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        small = cv2.resize(grey, (_SPECTRUM_SIZE, _SPECTRUM_SIZE), interpolation=cv2.INTER_AREA)
        spectrum = np.fft.fft2(small.astype(np.float64))
        amplitude = np.log(np.abs(spectrum) + 1e-12)
        residual = amplitude - cv2.blur(amplitude, (3, 3))
        phase = np.angle(spectrum)
        salient = np.abs(np.fft.ifft2(np.exp(residual + 1j * phase))) ** 2
        salient = cv2.GaussianBlur(salient, (0, 0), _SMOOTHING)
        salient -= salient.min()
        salient *= 255 / max(salient.max(), 1e-12)
        grown = cv2.resize(salient, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.clip(np.rint(grown), 0, 255).astype(np.uint8)


def saliency_method(
    settings: SaliencySettings,
    weights: Mapping[str, Tensor] | None = None,
    device: torch.device | None = None,
) -> SaliencyMethod:
    """The configured method.

    Parameters
    ----------
    settings
        Which, and how.
    weights, device
        MSI-Net's converted weights and where to compute; the other method takes neither.
    """
    if settings.method == "spectral_residual":
        return SpectralResidual()
    # Importing torch costs seconds that the method without a network need not spend.
    from mmer.media.msi_net import MsiNetSaliency

    assert weights is not None and device is not None, "MSI-Net needs weights and a device"
    return MsiNetSaliency(settings, weights, device)


def square_maps(maps: np.ndarray) -> np.ndarray:
    """Give maps of whole frames the crop and size of the face images.

    Parameters
    ----------
    maps
        ``(frames, height, width)`` uint8.

    Returns
    -------
    np.ndarray
        ``(frames, 48, 48)`` uint8.
    """
    size = (FRAME_SIZE, FRAME_SIZE)
    return np.stack(
        [
            np.asarray(
                Image.fromarray(centre_square(single)).resize(size, Image.Resampling.BICUBIC)
            )
            for single in maps
        ]
    )
