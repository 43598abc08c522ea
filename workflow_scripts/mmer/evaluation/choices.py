"""What the choices are worth: how much of an accuracy comes of what the tested people decided.

A system is looked at in several ways, each of which recognises the same items (:data:`Recognised`).
Every part of the difference between two protocols is that of two ways that differ in one thing only
(:data:`PARTS`), so that like is compared with like: the same trainings tested on a fold with the
weights that this fold chose and with those that another one chose, never the mean of several
networks with one network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmer.by_recording import BY_RECORDING
from mmer.evaluation.merged_classes import merge_classes
from mmer.evaluation.predictions import FoldPredictions
from mmer.evaluation.speaker_bootstrap import interval, resampled_accuracies
from mmer.evaluation.ways import (
    CLASSIFIER,
    EPOCH,
    ONE,
    RESUBSTITUTED,
    SETTING,
)
from mmer.items import Items
from mmer.predictions import Posteriors
from mmer.protocol import CHOOSE, NESTED, PAPER, TEST
from mmer.runtime.errors import UserError

Recognised = pd.Series
"""By item, sorted, whether it is recognised: 0 or 1 float64, or the mean over several trainings."""

WHOLE, KNOWN_SPEAKER, REST = "whole", "known_speaker", "rest"

PARTS: Mapping[str, tuple[str, str]] = {
    WHOLE: (PAPER, NESTED),
    KNOWN_SPEAKER: (BY_RECORDING, PAPER),
    EPOCH: (EPOCH, ONE),
    SETTING: (SETTING, ONE),
    RESUBSTITUTED: (RESUBSTITUTED, NESTED),
    CLASSIFIER: (CLASSIFIER, NESTED),
    ONE: (ONE, NESTED),
}
"""The two ways whose difference a part is: with what it is about, and without."""

INSIDE = (EPOCH, SETTING, RESUBSTITUTED, CLASSIFIER, ONE)
"""Parts of the whole; the rest is what they leave of it."""

COLUMNS = ["system", "title", "modality", "variant", "part", "items", "with_it", "without"]
COLUMNS += ["difference", "difference_low", "difference_high", "seeds", "seed_deviation", "reason"]


@dataclass(frozen=True)
class Choices:
    """A system in every way in which it could be looked at.

    Attributes
    ----------
    name, title, modality, variant
        As of :class:`~mmer.evaluation.predictions.System`.
    ways
        For each seed, who was recognised, by way.
    absent
        By way, why it is not there; a way that the kind of system does not have is in neither.
    """

    name: str
    title: str
    modality: str
    variant: str
    ways: Sequence[Mapping[str, Recognised]]
    absent: Mapping[str, str]


class Worth(NamedTuple):
    """What something is worth: accuracies in percent, the difference in points.

    ``low`` to ``high`` is its 95 % interval over speakers, ``seed_deviation`` the sample deviation
    of the difference over seeds, NaN where there is one.
    """

    with_it: float
    without: float
    difference: float
    low: float
    high: float
    seed_deviation: float


def recognised(fold: FoldPredictions) -> Recognised:
    """Whether each item is recognised."""
    return pd.Series(fold.correct.astype(np.float64), index=list(fold.items.names))


def of_part(posteriors: Posteriors, part: str, merged: Sequence[Sequence[str]] = ()) -> Recognised:
    """Whether each item of a part is recognised; ``merged`` are classes that count as one."""
    rows = posteriors.only(part)
    fold = FoldPredictions(rows.task, rows.items, rows.predicted, rows.probabilities)
    return recognised(merge_classes(fold, merged))


def of_folds(folds: Iterable[FoldPredictions]) -> Recognised:
    """Whether each item of all folds is recognised."""
    return pd.concat([recognised(fold) for fold in folds]).sort_index()


def of_trainings(
    tables: Iterable[Posteriors], merged: Sequence[Sequence[str]] = ()
) -> tuple[Recognised, Recognised]:
    """How the nested trainings recognise each item where others chose, and where its fold did.

    Both are means over all trainings that held the item's fold out: these are the same trainings.

    Parameters
    ----------
    tables
        Of every split of the nested protocol.
    """
    tables = list(tables)
    means = [
        _mean_of([of_part(table, part, merged) for table in tables]) for part in (TEST, CHOOSE)
    ]
    assert means[0].index.equals(means[1].index), "all who are tested choose for others"
    return means[0], means[1]


def _mean_of(each: Sequence[Recognised]) -> Recognised:
    """The mean of each item, of which all have the same number."""
    groups = pd.concat(each).groupby(level=0)
    assert groups.size().nunique() == 1, "an item is held out by as many trainings as any other"
    return groups.mean()


def worth(
    pairs: Sequence[tuple[Recognised, Recognised]], items: Items, resamples: int, seed: int
) -> Worth:
    """The difference of two ways, paired: both on the same items and draws of speakers.

    Parameters
    ----------
    pairs
        For each seed how items are recognised with what is weighed, and without.
    items
        The item table.
    resamples, seed
        Of the bootstrap over speakers.

    Raises
    ------
    UserError
        If the two were not tested on the same items.
    """
    first = pairs[0][0].index
    for one in (each for pair in pairs for each in pair):
        if not one.index.equals(first):
            differing = sorted(set(first) ^ set(one.index))
            raise UserError(
                f"two protocols were not tested on the same items ({len(differing)} differ, the "
                f"first {differing[0]}): make their predictions again"
            )
    both = np.stack([np.stack(pair, axis=1) for pair in pairs])  # (seeds, items, 2)
    _, row, counts = np.unique(items.of(first).speakers, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), 2))
    np.add.at(sums, row, both.mean(axis=0))
    resampled = resampled_accuracies(sums, counts, resamples, seed)
    by_seed = 100 * both.mean(axis=1)  # (seeds, 2)
    differences = by_seed[:, 0] - by_seed[:, 1]
    return Worth(
        *by_seed.mean(axis=0).tolist(),
        float(differences.mean()),
        *interval(resampled[:, 0] - resampled[:, 1]),
        float(np.std(differences, ddof=1)) if len(pairs) > 1 else float("nan"),
    )


def choices_table(
    systems: Sequence[Choices], items: Items, resamples: int, seed: int
) -> pd.DataFrame:
    """A row per system and part that its kind has; without a number it says why.

    ``with_it`` and ``without`` are accuracies over all items, in percent, ``difference`` is their
    difference in points.
    """
    rows = []
    for system in systems:
        about = (system.name, system.title, system.modality, system.variant)
        for part, items_told, *numbers in _parts_of(system, items, resamples, seed):
            rows.append((*about, part, items_told, *numbers))
    return pd.DataFrame(rows, columns=COLUMNS)


def _parts_of(
    system: Choices, items: Items, resamples: int, seed: int
) -> Iterator[tuple[object, ...]]:
    """The rows of a system, from the part on."""
    there = [way for way in system.ways[0] if all(way in ways for ways in system.ways)]
    nothing = float("nan")
    for part, (more, less) in PARTS.items():
        missing = [way for way in (more, less) if way not in there]
        if not missing:
            pairs = [(ways[more], ways[less]) for ways in system.ways]
            yield _row(part, pairs, items, resamples, seed)
        elif all(way in system.absent for way in missing):
            accuracies = [
                nothing if way in missing else _accuracy([ways[way] for ways in system.ways])
                for way in (more, less)
            ]
            reason = system.absent[missing[0]]
            yield (part, 0, *accuracies, *[nothing] * 3, 0, nothing, reason)
    if {PAPER, NESTED} <= set(there):
        inside = [PARTS[part] for part in INSIDE if set(PARTS[part]) <= set(there)]
        pairs = [
            (ways[PAPER], sum((ways[a] - ways[b] for a, b in inside), start=ways[NESTED]))
            for ways in system.ways
        ]
        yield _row(REST, pairs, items, resamples, seed)


def _row(
    part: str,
    pairs: Sequence[tuple[Recognised, Recognised]],
    items: Items,
    resamples: int,
    seed: int,
) -> tuple[object, ...]:
    found = worth(pairs, items, resamples, seed)
    return (part, len(pairs[0][0]), *found[:5], len(pairs), found.seed_deviation, "")


def _accuracy(each: Sequence[Recognised]) -> float:
    """The accuracy in percent, mean over seeds."""
    return 100 * float(np.mean([one.mean() for one in each]))
