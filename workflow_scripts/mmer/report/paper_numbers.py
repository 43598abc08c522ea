"""Every accuracy that a paper prints, in the order of its description."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from mmer.evaluation.intervals import half_width
from mmer.evaluation.paper import PaperResult, result_of_deviation
from mmer.evaluation.paper_description import PROJECT, Measure, Paper, read_paper
from mmer.report.words import CLASSIFIERS

_NO_KEYS = ("ci95", "note", "not_comparable")


@dataclass(frozen=True)
class PaperNumber:
    """One accuracy of the paper.

    Attributes
    ----------
    place, kind
        The table or figure as the paper counts it, and what its rows are.
    file, keys, column
        Its CSV file without ending, the columns that pick its row with their values, and the one
        that holds it.
    variant
        ``full``, ``vad``, ``mixed``, or ``none`` for references.
    result
        The accuracy with its interval; not a number where it has none.
    experiment
        The accuracy by which its system is known; the number itself where it is one.
    not_comparable
        Why it says nothing of its system, where it does not.
    """

    place: str
    kind: str
    file: str
    keys: dict[str, str]
    column: str
    words: str
    variant: str
    result: PaperResult
    measure: Measure = "mean_accuracy"
    experiment: float = math.nan
    not_comparable: str = ""


def paper_numbers(paper: Path | str) -> list[PaperNumber]:
    """Every number; what has no interval of its own takes one printed for the same number.

    A figure of top systems draws intervals without printing them; where a table prints the same
    accuracy under the same condition, its interval is taken.
    """
    described = read_paper(paper)
    numbers = [
        number for file in described.tables for number in _of_file(PROJECT / paper, described, file)
    ]
    modal = [file for file, table in described.tables.items() if table.modality]
    printed = {
        (number.variant, number.result.accuracy): number.result
        for number in numbers
        if number.file in modal
    }
    return [
        replace(number, result=printed.get((number.variant, number.result.accuracy), number.result))
        if number.kind == "tops"
        else number
        for number in numbers
    ]


def _of_file(folder: Path, paper: Paper, file: str) -> Iterator[PaperNumber]:
    table = pd.read_csv(folder / f"{file}.csv", dtype=str, keep_default_na=False)
    described = paper.tables[file]
    columns = dict.fromkeys(described.measures) or paper.accuracies
    for _, row in table.iterrows():
        not_keys = {*paper.accuracies, *columns, *_NO_KEYS}
        keys = {name: value for name, value in row.items() if name not in not_keys}
        stated = next((row[name] for name in paper.conditions if name in row), "-")
        for column, says in columns.items():
            if row.get(column):
                measure = described.measures.get(column, "mean_accuracy")
                value, shown = float(row[column]), {column: column} if described.measures else {}
                yield PaperNumber(
                    place=described.place,
                    kind=described.kind,
                    file=file,
                    keys=keys,
                    column=column,
                    words=_described(keys | shown, paper),
                    variant=says or paper.variants.get(stated, stated),
                    result=_result(value, measure, row.get("ci95", ""), keys, paper)
                    if described.kind != "elsewhere"
                    else PaperResult(value, math.nan),
                    measure=measure,
                    experiment=float(row["accuracy"]) if described.measures else value,
                    not_comparable=row.get("not_comparable", ""),
                )


def _result(
    value: float, measure: Measure, stated: str, keys: dict[str, str], paper: Paper
) -> PaperResult:
    """With the paper's interval, or by its formula where it prints none."""
    if stated:
        return PaperResult(value, float(stated))
    if measure == "deviation":
        return result_of_deviation(value, paper.items)
    without = bool(paper.without_interval) and paper.without_interval.items() <= keys.items()
    return PaperResult(value, math.nan if without else half_width(value, paper.items))


def _described(keys: dict[str, str], paper: Paper) -> str:
    """The row in words, without its variant, which has a column of its own."""
    words = {**CLASSIFIERS, **paper.words}
    shown = [
        words.get(value, value)
        for name, value in keys.items()
        if name not in paper.conditions and value != "-"
    ]
    return ", ".join(shown)


def top_results(paper: Path | str | None) -> dict[tuple[str, str], PaperResult]:
    """The paper's best by modality and variant; nothing where there is no paper."""
    if paper is None:
        return {}
    found: dict[tuple[str, str], PaperResult] = {}
    for number in paper_numbers(paper):
        key = number.keys.get("modality", ""), number.variant
        if number.kind == "tops" and (key not in found or found[key] < number.result):
            found[key] = number.result
    return found


def references(paper: Path | str, modality: str) -> str:
    """The rows of a modality's table that are no models, in words; empty where there are none."""
    described = read_paper(paper)
    found = [
        number
        for number in paper_numbers(paper)
        if number.file == described.of_modality(modality)
        and described.references.items() <= number.keys.items()
    ]
    if not found or not described.references:
        return ""
    shown = [
        f"{number.keys['model']} {number.result.accuracy:.2f}"
        + ("" if math.isnan(number.result.ci95) else f" ± {number.result.ci95:.2f}")
        for number in found
    ]
    return f"The paper's references, in percent: {', '.join(shown)}."
