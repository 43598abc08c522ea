"""The tables of the evaluation.  Accuracies, recalls, intervals and differences are in percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmer.corpus.labels import EMOTIONS
from mmer.evaluation import metrics
from mmer.evaluation.intervals import half_width
from mmer.evaluation.paper import PaperResult, compare_with_paper, not_run
from mmer.evaluation.predictions import System
from mmer.evaluation.settings import SignificanceSettings
from mmer.evaluation.significance import compare

MODALITIES = ("speech", "face", "fusion")
CONSTANT = "constant from the literature"
"""How the verdict on a system begins whose accuracy was not measured here."""
SIGNIFICANCE_COLUMNS = [
    "comparison",
    "test",
    "systems",
    "statistic",
    "p_value",
    "corrected_p",
    "significant",
    "only_first_correct",
    "only_second_correct",
]


def accuracies_table(systems: Sequence[System]) -> pd.DataFrame:
    """One row per system and split; systems that were not run have none."""
    rows = [
        (system.name, system.modality, system.variant, split, len(fold.clips), accuracy)
        for system in systems
        for split, accuracy in metrics.accuracies(system).items()
        for fold in [system.folds[split]]
    ]
    return pd.DataFrame(
        rows, columns=["system", "modality", "variant", "split", "clips", "accuracy"]
    )


def summary_table(systems: Sequence[System], paper: Mapping[str, PaperResult]) -> pd.DataFrame:
    """One row per system, beside the paper's number where there is one.

    ``std`` is the deviation over the folds, ``ci95`` the paper's formula at the mean accuracy over
    all clips of all folds, ``uar`` the unweighted average recall.  A constant has its accuracy and
    no interval, and its verdict says where it comes from.
    """
    return pd.DataFrame([_summary(system, paper.get(system.name)) for system in systems])


def _summary(system: System, paper: PaperResult | None) -> dict[str, object]:
    clips = sum(len(fold.clips) for fold in system.folds.values())
    row: dict[str, object] = {
        "system": system.name,
        "title": system.title,
        "modality": system.modality,
        "variant": system.variant,
        "clips": clips,
    }
    measured = ["mean_accuracy", "std", "ci95", "pooled_accuracy", "uar"]
    row |= dict.fromkeys(measured, np.nan)
    row["paper_accuracy"] = paper.accuracy if paper else np.nan
    row["paper_ci95"] = paper.ci95 if paper else np.nan
    row["difference"], row["verdict"] = np.nan, ""
    if system.not_run is not None:
        return row | {"verdict": not_run(system.not_run)}
    if system.constant is not None:
        # The paper's formula for clips of ours says nothing of a number measured on listeners.
        return row | {
            "mean_accuracy": system.constant.accuracy,
            "paper_ci95": np.nan,
            "verdict": f"{CONSTANT}: {system.constant.source}",
        }
    accuracy = metrics.mean_accuracy(system)
    values = (
        accuracy,
        metrics.accuracy_deviation(system),
        half_width(accuracy, clips),
        metrics.pooled_accuracy(system),
        metrics.unweighted_average_recall(system),
    )
    row |= dict(zip(measured, values, strict=True))
    if paper is not None:
        comparison = compare_with_paper(accuracy, paper)
        row |= {"difference": comparison.difference, "verdict": comparison.verdict}
    return row


def confusion_table(systems: Sequence[System]) -> pd.DataFrame:
    """64 rows per system that was run: emotions, the rounded mean over folds, the pooled count."""
    rows = []
    for system in _run(systems):
        mean, pooled = metrics.mean_confusion(system), metrics.pooled_confusion(system)
        for true, predicted in np.ndindex(*pooled.shape):
            rows.append(
                (
                    system.name,
                    EMOTIONS[true],
                    EMOTIONS[predicted],
                    mean[true, predicted],
                    pooled[true, predicted],
                )
            )
    return pd.DataFrame(rows, columns=["system", "true", "predicted", "mean", "pooled"])


def best_per_modality(systems: Sequence[System]) -> list[System]:
    """The system with the highest mean accuracy of each modality; of equals, the first."""
    best = []
    for modality in MODALITIES:
        group = [system for system in _run(systems) if system.modality == modality]
        if group:
            best.append(max(group, key=lambda system: round(metrics.mean_accuracy(system), 9)))
    return best


def significance_table(systems: Sequence[System], settings: SignificanceSettings) -> pd.DataFrame:
    """Tests over the best system of each modality, as in the paper, and over all systems.

    ``comparison`` is ``best_per_modality`` or ``all_systems``, each corrected for its own number
    of pairs; ``systems`` joins names by a semicolon.
    """
    compared = {"best_per_modality": best_per_modality(systems), "all_systems": _run(systems)}
    rows = [
        (
            comparison,
            result.test,
            ";".join(result.systems),
            result.statistic,
            result.p_value,
            result.corrected_p_value,
            result.corrected_p_value < settings.level,
            result.only_first,
            result.only_second,
        )
        for comparison, group in compared.items()
        for result in compare(group, settings)
    ]
    counts = dict.fromkeys(["only_first_correct", "only_second_correct"], "Int64")
    return pd.DataFrame(rows, columns=SIGNIFICANCE_COLUMNS).astype(counts)


def predictions_table(systems: Sequence[System]) -> pd.DataFrame:
    """One row per system and held-out clip, emotions as words."""
    rows = [
        (system.name, clip, split, EMOTIONS[true], EMOTIONS[predicted])
        for system in systems
        for split, fold in system.folds.items()
        for clip, true, predicted in zip(fold.clips, fold.true, fold.predicted, strict=True)
    ]
    return pd.DataFrame(rows, columns=["system", "clip", "split", "true", "predicted"])


def _run(systems: Sequence[System]) -> list[System]:
    return [system for system in systems if system.folds]
