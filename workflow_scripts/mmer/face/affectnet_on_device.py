"""AffectNet's pictures of one target on the device as bytes: 1.9 GB for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold
from torch import Tensor

from mmer.corpus.affectnet import (
    EMOTION_CLASSES,
    VALENCE_CLASSES,
    emotion_labels,
    valence_labels,
)
from mmer.errors import UserError
from mmer.face.frames_on_device import signed
from mmer.face.settings import AffectNetSettings
from mmer.prepare.affectnet_pictures import AffectNetPictures

Target = Literal["valence", "emotion"]

CLASSES: dict[Target, tuple[str, ...]] = {"valence": VALENCE_CLASSES, "emotion": EMOTION_CLASSES}
"""Classes of each target, in the order of the network's outputs."""

FOLDS = 5
"""Of the authors' published code."""


@dataclass(frozen=True)
class PicturesOnDevice:
    """Pictures that have a class of the target.

    Attributes
    ----------
    classes
        Names, in the order of the labels.
    images, saliency
        ``(pictures, 1, 48, 48)`` uint8 on the device.
    labels
        ``(pictures,)`` int64 on the device.
    train_rows, heldout_rows
        Positions, int64 on the CPU; together all of them.
    """

    classes: tuple[str, ...]
    images: Tensor
    saliency: Tensor
    labels: Tensor
    train_rows: Tensor
    heldout_rows: Tensor

    def pair(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Images and maps ``(rows, 1, 48, 48)`` float32 in [-1, 1]."""
        rows = rows.to(self.images.device)
        return signed(self.images[rows]), signed(self.saliency[rows])

    def labels_of(self, rows: Tensor) -> Tensor:
        """``(rows,)`` int64 on the device."""
        return self.labels[rows.to(self.labels.device)]


def load_pictures(
    pictures: AffectNetPictures,
    target: Target,
    settings: AffectNetSettings,
    seed: int,
    device: torch.device,
) -> PicturesOnDevice:
    """Put the pictures of one target on a device, and choose which are held out.

    Parameters
    ----------
    seed
        Of the folds.

    Raises
    ------
    UserError
        If a class has too few pictures to be split, or a part is empty.
    """
    labels = labels_of(pictures, target, settings)
    chosen = np.flatnonzero(labels >= 0)
    labels = labels[chosen]
    _require_every_class(labels, target)
    heldout = held_out(labels, pictures.part[chosen], settings, seed)
    if heldout.all() or (settings.held_out == "published_list" and not heldout.any()):
        raise UserError(
            "AffectNet's training or validation list gave no picture: set held_out to fold, or "
            "prepare both lists"
        )
    return PicturesOnDevice(
        classes=CLASSES[target],
        images=torch.from_numpy(pictures.images[chosen])[:, None].to(device),
        saliency=torch.from_numpy(pictures.saliency[chosen])[:, None].to(device),
        labels=torch.from_numpy(labels).to(device),
        train_rows=torch.from_numpy(np.flatnonzero(~heldout)),
        heldout_rows=torch.from_numpy(np.flatnonzero(heldout)),
    )


def labels_of(
    pictures: AffectNetPictures, target: Target, settings: AffectNetSettings
) -> np.ndarray:
    """``(pictures,)`` int64: the class of each picture, -1 for those that are not used."""
    emotions = emotion_labels(pictures.expression)
    if target == "emotion":
        return emotions
    valences = valence_labels(pictures.valence)
    if settings.valence_pictures == "seven_emotions":
        return np.where(emotions >= 0, valences, -1)
    return valences


def held_out(
    labels: np.ndarray, part: np.ndarray, settings: AffectNetSettings, seed: int
) -> np.ndarray:
    """``(pictures,)`` bool: which pictures are not trained on."""
    if settings.held_out == "nothing":
        return np.zeros(len(labels), dtype=bool)
    if settings.held_out == "published_list":
        return part == "validation"
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels)
    heldout = np.zeros(len(labels), dtype=bool)
    heldout[[test for _, test in folds][settings.fold]] = True
    return heldout


def _require_every_class(labels: np.ndarray, target: Target) -> None:
    """A UserError unless every class can be in every fold."""
    counts = np.bincount(labels, minlength=len(CLASSES[target]))
    if counts.min() < FOLDS:
        raise UserError(
            f"AffectNet's prepared pictures hold {counts.min()} of the class "
            f"{CLASSES[target][int(counts.argmin())]!r} of {target}, but training needs {FOLDS} of "
            "each: unpack and prepare the whole of AffectNet"
        )
