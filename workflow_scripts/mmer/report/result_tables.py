"""The tables of results: speech, face, all systems, significance, headline."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmer.report.corpus_label import is_synthetic
from mmer.report.evaluation_folder import CONSTANT, EvaluationFolder, is_reference
from mmer.report.table import Column, Table, is_missing, largest
from mmer.report.words import variant_words

_INTERVAL_NOTE = (
    "Accuracy is the mean over the held-out folds, in percent, ± half the 95 % interval "
    "1.96·sqrt(p(1−p)/n) over all n clips; the paper states no formula, this one fits its tables. "
    "Deviation is that of the folds' accuracies. Pooled: each clip counts the same. UAR: "
    "unweighted average recall."
)
_ACTORS_NOTE = (
    "The interval over actors is that of the pooled accuracy at 95 % by the bootstrap over whole "
    "actors, whose clips go together. F1: mean over the emotions. Calibration error: mean distance "
    "between confidence and accuracy, in percentage points."
)
_VERDICT_NOTE = (
    "Difference is ours minus the paper's, in percentage points; reproduced means ours lies "
    "within the paper's interval."
)
_BEST_NOTE = "Bold: the highest accuracy."
_FUSION_NOTE = (
    "The classifier of each fusion is the best of the grid on the very clips reported, as in the "
    "paper, which flatters it."
)

_NUMBERS = (
    Column("Clips", "clips", digits=0),
    Column("Accuracy %", "mean_accuracy", "ci95", digits=2),
    Column("Paper %", "paper_accuracy", "paper_ci95", digits=2),
    Column("Difference", "difference", digits=2, signed=True),
    Column("Verdict", "verdict"),
    Column("Deviation", "std", digits=2),
    Column("Pooled %", "pooled_accuracy", digits=2),
    Column("UAR %", "uar", digits=2),
)
_MORE_NUMBERS = (
    Column("Interval over actors", "actor_interval"),
    Column("F1 %", "macro_f1", digits=2),
    Column("Calibration error", "ece", digits=2),
)

PAPER_COUNTERPARTS = {"speech": "table 1", "face": "table 3"}
PAPER_FILES = {"speech": "table1_speech", "face": "table3_face"}


def modality_table(
    evaluation: EvaluationFolder, modality: str, corpus_label: str, paper: Path
) -> Table:
    """The systems of one modality beside the paper's table 1 or 3, with its references.

    Parameters
    ----------
    evaluation
        What was measured.
    modality
        ``speech`` or ``face``.
    corpus_label
        What it was measured on.
    paper
        Folder with the paper's tables.
    """
    summary = evaluation.summary
    rows = summary[summary["modality"] == modality].reset_index(drop=True)
    return Table(
        title=f"{modality.capitalize()} emotion recognition beside the paper's "
        f"{PAPER_COUNTERPARTS[modality]}",
        corpus_label=corpus_label,
        columns=(Column("System", "title"), Column("Input", "input"), *_NUMBERS, *_note(rows)),
        rows=_shown(rows, corpus_label),
        notes=(_references(paper, modality), _INTERVAL_NOTE, _VERDICT_NOTE, _BEST_NOTE),
        best={"mean_accuracy": _best(rows)},
    )


def summary_table(evaluation: EvaluationFolder, corpus_label: str) -> Table:
    """Every system of the run."""
    return Table(
        title="All systems beside the paper",
        corpus_label=corpus_label,
        columns=(
            Column("Modality", "modality"),
            Column("System", "title"),
            Column("Input", "input"),
            *_NUMBERS,
            *_MORE_NUMBERS,
            *_note(evaluation.summary),
        ),
        rows=_shown(evaluation.summary, corpus_label).assign(
            actor_interval=_intervals(evaluation.summary, "actor")
        ),
        notes=(_INTERVAL_NOTE, _ACTORS_NOTE, _VERDICT_NOTE, _BEST_NOTE, _FUSION_NOTE),
        best={"mean_accuracy": _best(evaluation.summary)},
    )


def headline_table(evaluation: EvaluationFolder, corpus_label: str) -> Table:
    """The few columns that the workflow prints at its end."""
    rows = evaluation.summary.assign(
        name=[evaluation.name(system) for system in evaluation.summary["system"]]
    )
    return Table(
        title="Results beside the paper",
        corpus_label=corpus_label,
        columns=(
            Column("System", "name"),
            Column("Accuracy %", "mean_accuracy", "ci95", digits=2),
            Column("Paper %", "paper_accuracy", "paper_ci95", digits=2),
            Column("Difference", "difference", digits=2, signed=True),
            Column("Verdict", "verdict"),
        ),
        rows=_shown(rows, corpus_label),
        notes=("± is half the 95 % interval.",),
        best={"mean_accuracy": _best(rows)},
    )


def significance_table(evaluation: EvaluationFolder, corpus_label: str) -> Table:
    """Cochran's Q and McNemar's tests, as in section 5.3 of the paper."""
    rows = evaluation.significance
    names = [_compared(evaluation, systems.split(";")) for systems in rows["systems"]]
    rows = rows.assign(
        names=names,
        difference_interval=_intervals(rows, "difference"),
        compared=rows["comparison"].str.replace("_", " "),
        test_name=rows["test"].replace({"cochran_q": "Cochran's Q", "mcnemar": "McNemar"}),
        verdict=["yes" if str(value) == "True" else "no" for value in rows["significant"]],
    )
    return Table(
        title="Significance of the differences",
        corpus_label=corpus_label,
        columns=(
            Column("Compared", "compared"),
            Column("Test", "test_name"),
            Column("Systems", "names"),
            Column("Statistic", "statistic", digits=2),
            Column("p", "p_value", digits=4, p_value=True),
            Column("p corrected", "corrected_p", digits=4, p_value=True),
            Column("p by Holm", "holm_p", digits=4, p_value=True),
            Column("Difference", "difference", digits=2, signed=True),
            Column("Interval over actors", "difference_interval"),
            Column("Only first right", "only_first_correct", digits=0),
            Column("Only second right", "only_second_correct", digits=0),
            Column("Significant", "verdict"),
        ),
        rows=rows,
        notes=(
            "Cochran's Q asks whether the systems differ at all, McNemar's test which pairs do; "
            "its p-values are corrected for the number of pairs of the comparison. Paper, section "
            "5.3: p < 0.001 for Cochran's Q over the best system of each modality and for every "
            "pair. Difference: pooled accuracy of the first minus the second, in percentage "
            "points, with its 95 % interval by the bootstrap over actors, which unlike the tests "
            "does not take clips as independent.",
        ),
    )


def headline_tests_table(evaluation: EvaluationFolder, corpus_label: str) -> Table:
    """The tests over the best system of each modality, the paper's pattern, for a terminal."""
    rows = evaluation.significance
    rows = rows[rows["comparison"] == "best_per_modality"]
    rows = rows.assign(
        names=rows["systems"].str.replace(";", ", "),
        test_name=rows["test"].replace({"cochran_q": "Cochran's Q", "mcnemar": "McNemar"}),
    )
    return Table(
        title="Tests over the best speech, face and fusion system",
        corpus_label=corpus_label,
        columns=(
            Column("Test", "test_name"),
            Column("Systems", "names"),
            Column("Statistic", "statistic", digits=2),
            Column("p corrected", "corrected_p", digits=3, p_value=True),
        ),
        rows=rows,
    )


def _compared(evaluation: EvaluationFolder, systems: list[str]) -> str:
    if len(systems) > 3:
        return f"all {len(systems)} systems that were run"
    return " against ".join(evaluation.name(system) for system in systems)


def _shown(rows: pd.DataFrame, corpus_label: str) -> pd.DataFrame:
    """The rows with what readers see of their variant and verdict."""
    verdicts = rows["verdict"]
    if is_synthetic(corpus_label):
        # A synthetic number near the paper's reproduces nothing.
        judged = (verdicts != "") & ~verdicts.str.startswith(("not run", CONSTANT))
        verdicts = verdicts.mask(judged, "not comparable (synthetic)")
    inputs = rows["variant"].mask(is_reference(rows), "none").map(variant_words)
    return rows.assign(input=inputs, verdict=verdicts)


def _best(rows: pd.DataFrame) -> frozenset[int]:
    """The positions of the highest accuracy of a recogniser."""
    return largest(rows["mean_accuracy"].mask(is_reference(rows)))


def _references(paper: Path, modality: str) -> str:
    """The rows of the paper's table that are not models of ours."""
    table = pd.read_csv(paper / f"{PAPER_FILES[modality]}.csv")
    shown = [
        f"{row['model']} {row['accuracy']:.2f}"
        + ("" if is_missing(row["ci95"]) else f" ± {row['ci95']:.2f}")
        for _, row in table[table["tl_strategy"] == "-"].iterrows()
    ]
    return f"The paper's references, in percent: {', '.join(shown)}."


def _intervals(rows: pd.DataFrame, name: str) -> list[str]:
    """Intervals in words, from their columns ``<name>_low`` and ``<name>_high``."""
    edges = zip(rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
    shown = ["" if is_missing(low) else f"{low:.2f} to {high:.2f}" for low, high in edges]
    return [text.replace("-", "\N{MINUS SIGN}") for text in shown]


def _note(rows: pd.DataFrame) -> list[Column]:
    """A column for what is said of single systems, where anything is."""
    return [Column("Note", "note")] if (rows["note"] != "").any() else []
