"""The saliency maps of a speaker's recordings.

Films are decoded here once more, and nothing is kept of their whole frames: gigabytes that a later
run would have to make again, with audio and frames, whenever the saliency changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from mmer.media.decoding import FRAME_RATE, decode_whole_frames
from mmer.media.pictures import Decoded, one_per_item, readable_pictures, shrink
from mmer.media.recordings import RecordingsJob, recordings_of
from mmer.media.saliency import SaliencyMethod, saliency_method, square_maps
from mmer.media.settings import SaliencySettings
from mmer.ragged import Ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute

BATCH = 64
"""Frames mapped at a time."""
TOGETHER = 16
"""Pictures mapped at a time."""


class SaliencyJob(RecordingsJob):
    """What the step that makes a speaker's saliency maps is told.

    Attributes
    ----------
    saliency
        The method.
    weights
        Its converted weights, where it has any.
    out
        Where the maps go.
    """

    saliency: SaliencySettings
    weights: Path | None = None
    out: Path


def map_saliency(job: SaliencyJob) -> None:
    """Map whole frames or pictures, then crop and resize the maps as the faces were."""
    compute = Compute.from_environment()
    method = method_of(job.saliency, job.weights, compute)
    corpus, items, named = recordings_of(job)
    if corpus.recordings == "picture":
        assert items is not None, "pictures are named by the item table"
        boxes = corpus.crop(items.of(named))
        readable = readable_pictures(named, boxes, corpus.unreadable_share, compute.threads)
        maps = maps_of_pictures(readable, method)
    else:
        maps = _maps_of_films(named, method)
    write_ragged(job.out, maps)


def _maps_of_films(named: dict[str, Path], method: SaliencyMethod) -> Ragged:
    """The maps of every film's frames."""
    maps = []
    for file in tqdm(named.values(), unit="recording", mininterval=5):
        pictures = decode_whole_frames(file)
        starts = range(0, len(pictures), BATCH)
        squares = [square_maps(method.maps(pictures[at : at + BATCH])) for at in starts]
        maps.append(np.concatenate(squares))
    return Ragged.join(list(named), maps, FRAME_RATE)


def maps_of_pictures(pictures: Iterable[tuple[str, Decoded]], method: SaliencyMethod) -> Ragged:
    """The maps of original pictures, cropped and resized as their images are, one per item."""
    small: list[tuple[str, np.ndarray]] = []
    pictures = iter(pictures)
    while together := list(islice(pictures, TOGETHER)):
        maps = method.maps_of_pictures([picture.colours for _, picture in together])
        for (item, picture), whole in zip(together, maps, strict=True):
            small.append((item, shrink(Image.fromarray(whole), picture.crop)))
    return one_per_item(small)


def method_of(settings: SaliencySettings, weights: Path | None, compute: Compute) -> SaliencyMethod:
    """The configured method on its device.

    Raises
    ------
    UserError
        If the method needs weights and none are given.
    """
    if settings.method == "spectral_residual":
        return saliency_method(settings)
    if weights is None:
        raise UserError(
            "the saliency method msi_net needs weights, and none are given: set saliency.method "
            "to spectral_residual"
        )
    # Importing torch costs seconds that the method without a network need not spend.
    from mmer.training.checkpoint import read_model
    from mmer.training.device import choose_device, make_deterministic

    device = choose_device(compute.device)
    make_deterministic(0, compute.threads)
    return saliency_method(settings, read_model(weights, device), device)
