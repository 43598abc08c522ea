"""The saliency maps of a speaker's recordings: bright where a picture stands out.

The paper's method is MSI-Net (section 3.3).  Spectral residual needs no weights; wherever results
made with it appear, it is named.

Films are decoded here once more, and nothing is kept of their whole frames: gigabytes that a later
run would have to make again, with audio and frames, whenever the saliency changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from mmer.media.decoding import FRAME_RATE, centre_square, decode_whole_frames
from mmer.media.pictures import Decoded, one_per_item, readable_pictures, shrink
from mmer.media.recordings import RecordingsJob, recordings_of
from mmer.media.settings import SaliencySettings
from mmer.ragged import Ragged, write_ragged
from mmer.registry import corpus_of_job
from mmer.runtime.job import Compute

TOGETHER = 16
"""Pictures mapped at a time."""

_SPECTRUM_SIZE = 64
"""Side in pixels at which the spectrum is taken (Hou and Zhang 2007, section 2)."""

_SMOOTHING = 2.5
"""Standard deviation in pixels of the final Gaussian at that size (Hou and Zhang 2007: 8 for
display; OpenCV contrib uses 2.5 for maps)."""

_LEAST_AMPLITUDE = 1.0
"""Of the spectrum: less than a 4,096th of a grey level.  Rounding to grey levels makes 18, but real
frames have an amplitude of 0 here and there, whose logarithm would outweigh all others."""

SaliencyMethod = Callable[[Sequence[np.ndarray]], list[np.ndarray]]
"""Maps ``(height, width)`` uint8, 255 where most salient, of pictures ``(height, width, 3)`` uint8
RGB of any sizes."""


class SaliencyJob(RecordingsJob):
    """What the step that makes a speaker's saliency maps is told; ``weights`` are converted."""

    saliency: SaliencySettings
    weights: Path | None = None
    out: Path


def map_saliency(job: SaliencyJob) -> None:
    """Map whole frames or pictures, then crop and resize the maps as the faces were."""
    compute = Compute.from_environment()
    method = _method(job, compute)
    corpus = corpus_of_job(job)
    if corpus.recordings == "picture":
        share, pictures = corpus.unreadable_share, corpus.pictures(job.speaker)
        maps = maps_of_pictures(readable_pictures(pictures, share, compute.threads), method)
    else:
        _, _, named = recordings_of(job)
        films = tqdm(named.values(), unit="recording", mininterval=5)
        squares = [square_maps(method(decode_whole_frames(film))) for film in films]
        maps = Ragged.join(list(named), squares, FRAME_RATE)
    write_ragged(job.out, maps)


def _method(job: SaliencyJob, compute: Compute) -> SaliencyMethod:
    """The configured method, on its device."""
    if job.saliency.method == "spectral_residual":
        return spectral_residual
    # Importing torch costs seconds that the method without a network need not spend.
    from mmer.media.msi_net import MsiNetSaliency
    from mmer.training.checkpoint import read_model
    from mmer.training.device import choose_device, make_deterministic

    assert job.weights is not None, "MSI-Net needs weights"
    device = choose_device(compute.device)
    make_deterministic(0, compute.threads)
    return MsiNetSaliency(job.saliency, read_model(job.weights, device), device).maps


def spectral_residual(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What in a picture's spectrum is not explained by its surroundings (Hou and Zhang 2007)."""
    return [_spectral_residual(picture) for picture in pictures]


def _spectral_residual(picture: np.ndarray) -> np.ndarray:
    """One map, ``(height, width)`` uint8."""
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SPECTRUM_SIZE, _SPECTRUM_SIZE), interpolation=cv2.INTER_AREA)
    if small.min() == small.max():  # the residual of no frequency at all is a spot in a corner
        return np.zeros((height, width), np.uint8)
    spectrum = np.fft.fft2(small.astype(np.float64))
    amplitude = np.log(np.maximum(np.abs(spectrum), _LEAST_AMPLITUDE))
    residual = amplitude - cv2.blur(amplitude, (3, 3))
    phase = np.angle(spectrum)
    salient = np.abs(np.fft.ifft2(np.exp(residual + 1j * phase))) ** 2
    salient = cv2.GaussianBlur(salient, (0, 0), _SMOOTHING)
    salient -= salient.min()
    salient *= 255 / max(salient.max(), 1e-12)
    grown = cv2.resize(salient, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(np.rint(grown), 0, 255).astype(np.uint8)


def square_maps(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Maps of whole frames with the crop and size of the face images, ``(frames, 48, 48)``."""
    return np.stack([shrink(Image.fromarray(centre_square(single))) for single in maps])


def maps_of_pictures(pictures: Iterable[tuple[str, Decoded]], method: SaliencyMethod) -> Ragged:
    """The maps of original pictures, cropped and resized as their images are, one per item."""
    small: list[tuple[str, np.ndarray]] = []
    pictures = iter(pictures)
    while together := list(islice(pictures, TOGETHER)):
        maps = method([picture.colours for _, picture in together])
        for (item, picture), whole in zip(together, maps, strict=True):
            small.append((item, shrink(Image.fromarray(whole), picture.crop)))
    return one_per_item(small)
