"""Every accuracy that a paper prints, in the order of its description."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from mmer.evaluation.intervals import half_width
from mmer.evaluation.paper import PAPER_CLIPS, PaperResult
from mmer.report.paper_description import PROJECT, Paper, read_paper
from mmer.report.words import CLASSIFIERS

_NO_KEYS = ("ci95", "note")


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
    words
        What its row is, for readers.
    variant
        ``full``, ``vad``, ``mixed``, or ``none`` for references.
    result
        The accuracy with its interval; not a number where it has none.
    """

    place: str
    kind: str
    file: str
    keys: dict[str, str]
    column: str
    words: str
    variant: str
    result: PaperResult


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
    for _, row in table.iterrows():
        not_keys = {*paper.accuracies, *_NO_KEYS}
        keys = {name: value for name, value in row.items() if name not in not_keys}
        stated = next((row[name] for name in paper.conditions if name in row), "-")
        for column, says in paper.accuracies.items():
            if row.get(column):
                yield PaperNumber(
                    place=paper.tables[file].place,
                    kind=paper.tables[file].kind,
                    file=file,
                    keys=keys,
                    column=column,
                    words=_described(keys, paper),
                    variant=says or paper.variants.get(stated, stated),
                    result=_result(float(row[column]), row.get("ci95", ""), keys, paper),
                )


def _result(accuracy: float, stated: str, keys: dict[str, str], paper: Paper) -> PaperResult:
    """With the paper's interval, or by its formula where it prints none."""
    if stated:
        return PaperResult(accuracy, float(stated))
    without = bool(paper.without_interval) and paper.without_interval.items() <= keys.items()
    return PaperResult(accuracy, math.nan if without else half_width(accuracy, PAPER_CLIPS))


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
    return {
        (number.keys["modality"], number.variant): number.result
        for number in paper_numbers(paper)
        if number.kind == "tops"
    }


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
