"""The tables of an evaluation of traces.

Each score stands in a row of its dimension; ``mean`` is the mean over dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmer.evaluation.paper import not_run
from mmer.evaluation.predictions import System, check_same_items, those_run
from mmer.evaluation.speaker_bootstrap import differences_of, interval
from mmer.evaluation.traces import (
    FoldTraces,
    Moments,
    moments_of,
    pooled_moments,
    resampled_moments,
    with_mean,
)
from mmer.tasks import Traces

MEAN = "mean"
"""The row of the mean over dimensions."""

SCORES = ("ccc", "rmse", "pearson")
SUMMARY_COLUMNS = [
    "system",
    "title",
    "modality",
    "variant",
    "dimension",
    "items",
    "steps",
    "mean_ccc",
    "std",
    *(f"{score}{end}" for score in SCORES for end in ("", "_low", "_high")),
    "verdict",
    "note",
]
NEEDS_CLASSES = "not run: it counts recognised items, so it needs classes"
"""The verdict on tests that say nothing of traces."""


def scores_table(systems: Sequence[System[FoldTraces]], task: Traces) -> pd.DataFrame:
    """One row per system, split and dimension, over the concatenated tested items of the split."""
    rows = [
        (system.name, split, dimension, len(fold.items), len(fold.true.values), *scores)
        for system in those_run(systems)
        for split, fold in system.folds.items()
        for dimension, *scores in _by_dimension(_of_fold(fold), task)
    ]
    columns = ["system", "split", "dimension", "items", "steps", *SCORES]
    return pd.DataFrame(rows, columns=columns)


def items_table(systems: Sequence[System[FoldTraces]], task: Traces) -> pd.DataFrame:
    """One row per system, tested item and dimension."""
    rows = [
        (system.name, split, item, speaker, dimension, len(fold.true.of(index)), *scores)
        for system in those_run(systems)
        for split, fold in system.folds.items()
        for index, (item, speaker) in enumerate(
            zip(fold.items.names, fold.items.speakers, strict=True)
        )
        for found in [moments_of(fold.predicted.of(index), fold.true.of(index))]
        for dimension, *scores in _by_dimension(found, task)
    ]
    columns = ["system", "split", "item", "speaker", "dimension", "steps", *SCORES]
    return pd.DataFrame(rows, columns=columns)


def summary_table(
    systems: Sequence[System[FoldTraces]], task: Traces, resamples: int, seed: int
) -> pd.DataFrame:
    """One row per system and dimension, and one for the mean over dimensions.

    ``ccc``, ``rmse`` and ``pearson`` are those of all tested items' steps together, each with its
    95 % interval by the bootstrap over speakers.  ``mean_ccc`` is the mean over the splits, ``std``
    its sample deviation.  What the literature states has its CCC alone, and its source as verdict.
    Pearson's correlation is empty where a trace is constant.
    """
    rows: list[dict[str, object]] = []
    for system in systems:
        about = {
            "system": system.name,
            "title": system.title,
            "modality": system.modality,
            "variant": system.variant,
            "note": system.note,
        }
        absent = {"items": 0, "steps": 0, "verdict": _why_absent(system)}
        measured = [absent] * (task.outputs + 1)
        if isinstance(system.constant, Mapping):
            measured = _stated([system.constant[name] for name in task.names], system.source)
        elif system.folds:
            measured = _measured(system, resamples, seed)
        for dimension, numbers in zip([*task.names, MEAN], measured, strict=True):
            rows.append(about | {"dimension": dimension, "verdict": ""} | numbers)
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def differences_table(
    systems: Sequence[System[FoldTraces]], task: Traces, resamples: int, seed: int
) -> pd.DataFrame:
    """The difference of the CCC of each pair of systems, first minus second, with its interval.

    Both systems are measured on the same draws of speakers.
    """
    run = those_run(systems)
    check_same_items(run)
    rows = []
    if len(run) > 1:
        measured = np.stack([with_mean(pooled_moments(system).ccc) for system in run])
        resampled = np.stack(
            [with_mean(resampled_moments(system, resamples, seed).ccc) for system in run], axis=1
        )  # (resamples, systems, dimensions + 1)
        names = [system.name for system in run]
        for place, dimension in enumerate([*task.names, MEAN]):
            found = differences_of(names, measured[:, place], resampled[:, :, place])
            rows += [(*pair, dimension, *each) for pair, each in found.items()]
    columns = ["first", "second", "dimension", "difference", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=columns)


def significance_table() -> pd.DataFrame:
    """The tests of an evaluation of classes, each with why it is not run."""
    return pd.DataFrame(
        [("cochran_q", NEEDS_CLASSES), ("mcnemar", NEEDS_CLASSES)], columns=["test", "verdict"]
    )


def predictions_table(systems: Sequence[System[FoldTraces]], task: Traces) -> pd.DataFrame:
    """One row per system, tested item and step."""
    whose = ["system", "split", "item", "step"]
    values = [f"{kind}_{name}" for kind in ("true", "predicted") for name in task.names]
    parts = [pd.DataFrame(columns=[*whose, *values])]
    for system in those_run(systems):
        for split, fold in system.folds.items():
            part = pd.DataFrame({"item": np.repeat(fold.items.names, np.diff(fold.true.offsets))})
            part = part.assign(system=system.name, split=split)
            part["step"] = part.groupby("item").cumcount()
            part[values] = np.concatenate([fold.true.values, fold.predicted.values], axis=1)
            parts.append(part[[*whose, *values]])
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _of_fold(fold: FoldTraces) -> Moments:
    """Moments over all steps of the items that a split tests on."""
    return moments_of(fold.predicted.values, fold.true.values)


def _by_dimension(found: Moments, task: Traces) -> list[tuple[str, float, float, float]]:
    return list(zip(task.names, found.ccc, found.rmse, found.pearson, strict=True))


def _measured(system: System[FoldTraces], resamples: int, seed: int) -> list[dict[str, object]]:
    """The numbers of each dimension and of their mean."""
    folds = system.folds.values()
    pooled, resampled = pooled_moments(system), resampled_moments(system, resamples, seed)
    by_split = np.stack([with_mean(found.ccc) for found in map(_of_fold, folds)])
    rows: list[dict[str, object]] = [
        {
            "items": sum(len(fold.items) for fold in folds),
            "steps": sum(len(fold.true.values) for fold in folds),
            "mean_ccc": values.mean(),
            "std": values.std(ddof=1) if len(values) > 1 else np.nan,
        }
        for values in by_split.T
    ]
    for score in SCORES:
        values, drawn = with_mean(getattr(pooled, score)), with_mean(getattr(resampled, score))
        for place, row in enumerate(rows):
            low, high = interval(drawn[:, place])
            row |= {score: values[place], f"{score}_low": low, f"{score}_high": high}
    return rows


def _stated(values: list[float], source: str | None) -> list[dict[str, object]]:
    """The CCC of each dimension and their mean, which nobody measured here."""
    verdict = f"constant from the literature: {source}"
    return [
        {"items": 0, "steps": 0, "ccc": value, "verdict": verdict}
        for value in with_mean(np.array(values))
    ]


def _why_absent(system: System[FoldTraces]) -> str:
    if system.constant is not None:
        return not_run("an accuracy from the literature says nothing of traces")
    return not_run(system.not_run or "")
