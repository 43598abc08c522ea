"""Held-out predictions of one system: the one thing that every statistic is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmer.corpus.clips import Clip
from mmer.corpus.labels import CLASS_COUNT, EMOTIONS
from mmer.errors import UserError
from mmer.posteriors import PROBABILITY_COLUMNS, Posteriors


@dataclass(frozen=True)
class FoldPredictions:
    """Predictions on one held-out fold.

    Attributes
    ----------
    clips
        Clip names, sorted, at least one.
    predicted
        Class of each clip in RAVDESS order, ``(clips,)`` int64.
    probabilities
        ``(clips, 8)`` float64, RAVDESS order, rows sum to one; None where the recogniser gives
        only classes, as a support vector machine does.
    """

    clips: tuple[str, ...]
    predicted: np.ndarray
    probabilities: np.ndarray | None = None

    def __post_init__(self) -> None:
        assert self.clips and self.predicted.shape == (len(self.clips),)
        shape = (len(self.clips), CLASS_COUNT)
        assert self.probabilities is None or self.probabilities.shape == shape
        assert list(self.clips) == sorted(self.clips), "clips are sorted"

    @property
    def true(self) -> np.ndarray:
        """True class of each clip, ``(clips,)`` int64."""
        return np.array([Clip.parse(clip).label for clip in self.clips], dtype=np.int64)

    @property
    def correct(self) -> np.ndarray:
        """Whether each clip was recognised, ``(clips,)`` bool."""
        return self.predicted == self.true


@dataclass(frozen=True)
class Constant:
    """An accuracy from the literature: not measured here, so without folds.

    Attributes
    ----------
    accuracy
        In percent.
    source
        Who measured it.
    """

    accuracy: float
    source: str


@dataclass(frozen=True)
class System:
    """One recogniser and what it said about every held-out clip.

    Attributes
    ----------
    name
        Short and unique.
    title
        What tables and figures call it.
    modality
        ``speech``, ``face`` or ``fusion``.
    variant
        ``vad`` or ``full``; for fusion free, for example the name of the mixture.
    folds
        Predictions by name of the split; empty where the system was not run or is a constant.
    not_run
        Why the system was not run, else None.
    constant
        What stands in the place of predictions, else None.
    note
        What a reader must know to judge its numbers, or nothing.
    """

    name: str
    title: str
    modality: str
    variant: str
    folds: Mapping[str, FoldPredictions]
    not_run: str | None = None
    constant: Constant | None = None
    note: str = ""

    def __post_init__(self) -> None:
        given = [bool(self.folds), self.not_run is not None, self.constant is not None]
        assert sum(given) == 1, "a system has folds or a reason or is a constant"
        clips = [clip for fold in self.folds.values() for clip in fold.clips]
        if len(set(clips)) < len(clips):
            raise UserError(
                f"system {self.name} holds out some clip in two splits: evaluate splits whose "
                "held-out actors differ"
            )

    @property
    def correct_by_clip(self) -> dict[str, bool]:
        """Whether each held-out clip was recognised."""
        return {
            clip: bool(correct)
            for fold in self.folds.values()
            for clip, correct in zip(fold.clips, fold.correct, strict=True)
        }


def from_posteriors(name: str, split: str, posteriors: Posteriors) -> FoldPredictions:
    """The most probable class of each held-out clip.

    Raises
    ------
    UserError
        If the posteriors hold no held-out clip.
    """
    heldout = posteriors.only("heldout")
    if not heldout.clips:
        raise UserError(f"system {name} has no held-out clips in {split}: give them")
    return FoldPredictions(heldout.clips, heldout.predicted, heldout.probabilities)


def from_fusion(rows: pd.DataFrame) -> FoldPredictions:
    """Predictions of one fusion candidate on one split, from :mod:`mmer.fusion.tables`."""
    rows = rows.sort_values("clip")
    probabilities = rows[PROBABILITY_COLUMNS].to_numpy(np.float64)
    return FoldPredictions(
        tuple(rows["clip"]),
        classes_of(rows["predicted"]),
        None if np.isnan(probabilities).any() else probabilities,
    )


def classes_of(emotions: Sequence[str]) -> np.ndarray:
    """Class of each emotion's word, ``(words,)`` int64."""
    return np.array([EMOTIONS.index(emotion) for emotion in emotions], dtype=np.int64)
