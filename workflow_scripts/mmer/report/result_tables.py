"""The tables of results for classes: by modality, all systems, significance, groups, headline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mmer.evaluation.paper import UNJUDGED, PaperResult, compare_with_paper
from mmer.evaluation.paper_description import read_paper
from mmer.report.accuracy_figure import best_by_condition
from mmer.report.corpus_label import is_synthetic
from mmer.report.evaluation_folder import CONSTANT, Summary
from mmer.report.paper_numbers import references
from mmer.report.table import Column, Table, is_missing, largest
from mmer.report.verdicts import NOT_COMPARABLE
from mmer.report.words import listed, variant_words

_INTERVAL_NOTE = (
    "Accuracy is the mean over the held-out folds, in percent, ± half the 95 % interval "
    "1.96·sqrt(p(1−p)/n) over all n items. Deviation is that of the folds' accuracies. Pooled: "
    "each item counts the same. UAR: unweighted average recall."
)
_FORMULA_NOTE = "The paper states no formula for its intervals; this one fits its tables."
_SPEAKERS_NOTE = (
    "The interval over speakers is that of the pooled accuracy at 95 % by the bootstrap over whole "
    "speakers, whose items go together. F1: mean over the classes. Calibration error: mean "
    "distance between confidence and accuracy, in percentage points."
)
_VERDICT_NOTE = (
    "Difference is ours minus the paper's, in percentage points; reproduced means ours lies "
    "within the paper's interval."
)
_BEST_NOTE = "Bold: the highest accuracy."
_FUSION_NOTE = (
    "The classifier of each fusion is the best of the grid on the very items reported, which "
    "flatters it."
)
_TESTS_NOTE = (
    "Cochran's Q asks whether the systems differ at all, McNemar's test which pairs do; its "
    "p-values are corrected for the number of pairs of the comparison. Difference: pooled accuracy "
    "of the first minus the second, in percentage points, with its 95 % interval by the bootstrap "
    "over speakers, which unlike the tests does not take items as independent."
)

_SYSTEM = (Column("System", "title"), Column("Input", "input"), Column("Items", "items", digits=0))
_OURS = Column("Accuracy %", "mean_accuracy", "ci95", digits=2)
_PAPER = (
    Column("Paper %", "paper_accuracy", "paper_ci95", digits=2),
    Column("Difference", "difference", digits=2, signed=True),
)
_VERDICT = Column("Verdict", "verdict")
_MORE = (
    Column("Deviation", "std", digits=2),
    Column("Pooled %", "pooled_accuracy", digits=2),
    Column("UAR %", "uar", digits=2),
)
_TESTS = {"cochran_q": "Cochran's Q", "mcnemar": "McNemar"}


def modality_table(summary: Summary, modality: str, label: str, paper: Path | None) -> Table:
    """The systems of one modality, beside the paper's table with its references if it has one."""
    chosen = summary.of_modality(modality)
    title, notes = f"{modality.capitalize()} emotion recognition", ()
    if paper is not None:
        described = read_paper(paper)
        if file := described.of_modality(modality):
            title += f" beside the paper's {described.tables[file].place}"
            notes = (references(paper, modality),)
    return Table(
        title=title,
        label=label,
        columns=(*_SYSTEM, _OURS, *_beside(paper), *_MORE, *note_column(chosen.table)),
        rows=_shown(chosen, label),
        notes=(*notes, _INTERVAL_NOTE, *_paper_notes(paper), _BEST_NOTE),
        best={"mean_accuracy": _best(chosen)},
    )


def summary_table(summary: Summary, label: str, paper: Path | None) -> Table:
    """Every system of the run."""
    rows = summary.table
    return Table(
        title="All systems beside the paper" if paper else "All systems",
        label=label,
        columns=(
            *(Column("Modality", "modality"), *_SYSTEM, _OURS, *_beside(paper), *_MORE),
            Column("Interval over speakers", "speaker_interval"),
            Column("F1 %", "macro_f1", digits=2),
            Column("Calibration error", "ece", digits=2),
            *note_column(rows),
        ),
        rows=_shown(summary, label).assign(speaker_interval=intervals(rows, "speaker")),
        notes=(
            *(_INTERVAL_NOTE, _SPEAKERS_NOTE, *_paper_notes(paper), _BEST_NOTE),
            *([_FUSION_NOTE] if (rows["modality"] == "fusion").any() else []),
        ),
        best={"mean_accuracy": _best(summary)},
    )


def terminal_table(summary: Summary, label: str, paper: Path | None) -> Table:
    """The few columns that the workflow prints at its end."""
    names = [summary.name(system) for system in summary.table["system"]]
    return Table(
        title="Results beside the paper" if paper else "Results",
        label=label,
        columns=(Column("System", "name"), _OURS, *_beside(paper)),
        rows=_shown(summary, label).assign(name=names),
        best={"mean_accuracy": _best(summary)},
    )


def significance_table(
    tests: pd.DataFrame, summary: Summary, label: str, paper: Path | None
) -> Table:
    """Cochran's Q and McNemar's tests."""
    rows = tests.assign(
        names=[_compared(summary, systems.split(";")) for systems in tests["systems"]],
        difference_interval=intervals(tests, "difference"),
        compared=tests["comparison"].str.replace("_", " "),
        test_name=tests["test"].replace(_TESTS),
        verdict=["yes" if value == "True" else "no" for value in tests["significant"]],
    )
    return Table(
        title="Significance of the differences",
        label=label,
        columns=(
            Column("Compared", "compared"),
            Column("Test", "test_name"),
            Column("Systems", "names"),
            Column("Statistic", "statistic", digits=2),
            Column("p", "p_value", digits=4, p_value=True),
            Column("p corrected", "corrected_p", digits=4, p_value=True),
            Column("p by Holm", "holm_p", digits=4, p_value=True),
            Column("Difference", "difference", digits=2, signed=True),
            Column("Interval over speakers", "difference_interval"),
            Column("Only first right", "only_first_correct", digits=0),
            Column("Only second right", "only_second_correct", digits=0),
            Column("Significant", "verdict"),
        ),
        rows=rows,
        notes=(_TESTS_NOTE, *filter(None, [read_paper(paper).significance if paper else ""])),
    )


def terminal_tests_table(tests: pd.DataFrame, label: str) -> Table:
    """The tests over the best system of each modality, for a terminal."""
    rows = tests[tests["comparison"] == "best_per_modality"]
    return Table(
        title="Tests over the best system of each modality",
        label=label,
        columns=(
            Column("Test", "test_name"),
            Column("Systems", "names"),
            Column("Statistic", "statistic", digits=2),
            Column("p corrected", "corrected_p", digits=3, p_value=True),
        ),
        rows=rows.assign(
            names=rows["systems"].str.replace(";", ", "), test_name=rows["test"].replace(_TESTS)
        ),
    )


def group_table(groups: pd.DataFrame, summary: Summary, label: str) -> Table:
    """Every system and group with its interval."""
    names = [summary.name(system) for system in groups["system"]]
    shown = list(dict.fromkeys(groups["group"]))
    return Table(
        title=f"Accuracy by {listed(shown)}" if shown else "Accuracy by group",
        label=label,
        columns=(
            Column("System", "name"),
            Column("Group", "group"),
            Column("Value", "value"),
            Column("Items", "items", digits=0),
            Column("Accuracy %", "accuracy", digits=2),
            Column("Interval", "interval"),
        ),
        rows=groups.assign(name=names, interval=intervals(groups, "wilson")),
        notes=(
            "Over all held-out items; of a class it is the recall. The interval is Wilson's at "
            "95 %, with items as independent. Values of one group need not hold the same classes.",
        ),
    )


def headline_table(
    summary: Summary, tops: Mapping[tuple[str, str], PaperResult], label: str
) -> Table:
    """The best system of each modality and condition, ours and the paper's."""
    rows = best_by_condition(summary, tops)
    verdicts = []
    for _, row in rows.iterrows():
        if pd.isna(row["mean_accuracy"]):
            verdicts.append("not run")
        elif pd.isna(row["paper_accuracy"]):
            verdicts.append("")
        else:
            stated = PaperResult(row["paper_accuracy"], row["paper_ci95"])
            verdict = compare_with_paper(row["mean_accuracy"], stated).verdict
            own = row["verdict"] or f"{UNJUDGED} (no system of the paper)"
            if own.startswith(UNJUDGED):
                verdict = own
            verdicts.append(NOT_COMPARABLE if is_synthetic(label) else verdict)
    paper = Column("Paper's best %", "paper_accuracy", "paper_ci95", digits=2)
    return Table(
        title="Headline",
        label=label,
        columns=(
            Column("Modality", "modality"),
            Column("Input", "input"),
            Column("Our best", "title"),
            Column("Ours %", "mean_accuracy", "ci95", digits=2),
            *((paper, *_PAPER[1:], _VERDICT) if tops else ()),
        ),
        rows=rows.assign(
            input=rows["variant"].map(variant_words),
            verdict=verdicts,
            difference=rows["mean_accuracy"] - rows["paper_accuracy"],
        ),
    )


def intervals(rows: pd.DataFrame, name: str, digits: int = 2) -> list[str]:
    """Intervals in words, from their columns ``<name>_low`` and ``<name>_high``."""
    edges = zip(rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
    shown = ["" if is_missing(a) else f"{a:.{digits}f} to {b:.{digits}f}" for a, b in edges]
    return [text.replace("-", "\N{MINUS SIGN}") for text in shown]


def _compared(summary: Summary, systems: list[str]) -> str:
    if len(systems) > 3:
        return f"all {len(systems)} systems that were run"
    return " against ".join(summary.name(system) for system in systems)


def _shown(summary: Summary, label: str) -> pd.DataFrame:
    """The rows with what readers see of their variant and verdict."""
    verdicts = summary.table["verdict"]
    if is_synthetic(label):
        # A synthetic number near the paper's reproduces nothing.
        judged = (verdicts != "") & ~verdicts.str.startswith(("not run", CONSTANT))
        verdicts = verdicts.mask(judged, NOT_COMPARABLE)
    return summary.table.assign(input=summary.inputs, verdict=verdicts)


def _best(summary: Summary) -> frozenset[int]:
    return largest(summary.table["mean_accuracy"].mask(summary.is_reference))


def _beside(paper: Path | None) -> tuple[Column, ...]:
    """The paper's columns; without a paper the verdict still says why a system was not run."""
    return (*(_PAPER if paper else ()), _VERDICT)


def _paper_notes(paper: Path | None) -> tuple[str, ...]:
    return (_FORMULA_NOTE, _VERDICT_NOTE) if paper else ()


def note_column(rows: pd.DataFrame) -> list[Column]:
    """A column for what is said of single systems, where anything is."""
    return [Column("Note", "note")] if (rows["note"] != "").any() else []
