"""Every accuracy that the paper prints: tables 1, 2, 3 and A3, and figure 7."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from mmer.evaluation.intervals import half_width
from mmer.evaluation.paper import PAPER_CLIPS, PaperResult
from mmer.report.words import CLASSIFIERS


@dataclass(frozen=True)
class PaperNumber:
    """One accuracy of the paper.

    Attributes
    ----------
    place
        The table or figure, as the paper counts it.
    file
        Name of its CSV file under ``resources/paper``, without ending.
    keys
        The columns of that file that pick its row, and their values.
    column
        The column that holds it.
    words
        What its row is, for readers.
    variant
        ``full``, ``vad``, ``mixed``, or ``none`` for references.
    result
        The accuracy with its interval, which is not a number for human listeners: the paper
        prints none, and its formula is for its own clips.
    """

    place: str
    file: str
    keys: dict[str, str]
    column: str
    words: str
    variant: str
    result: PaperResult


PLACES = {
    "table1_speech": "table 1",
    "table2_stn_initialisation": "table 2",
    "table3_face": "table 3",
    "tableA3_fusion": "table A3",
    "figure7_top_models": "figure 7",
}
"""The files, in the order of the report."""

_FIGURE = "figure7_top_models"

_VARIANTS = {
    "no": "full",
    "no_vad": "full",
    "yes": "vad",
    "vad": "vad",
    "mixed(speech no_vad, face vad)": "mixed",
    "-": "none",
}
_COLUMNS = {
    "accuracy": None,
    "accuracy_vad": "vad",
    "accuracy_no_vad": "full",
    "accuracy_mixed": "mixed",
}
"""Columns with accuracies, and the variant that the column itself says."""
_CONDITIONS = ("vad", "condition")
_NO_KEYS = (*_COLUMNS, "ci95", "note")

_WORDS = {
    **CLASSIFIERS,
    "feature_extraction": "feature extraction",
    "fine_tuning": "fine-tuning",
    "scratch": "from scratch",
    "affectnet": "from AffectNet",
    "deepspectrum_alexnet_fc7": "DeepSpectrum AlexNet fc7",
    "panns_cnn14_embedding": "PANNs CNN-14 embedding",
    "mel_spectrogram": "mel spectrogram",
    "posteriors7": "posteriors of 7 classes",
    "posteriors8": "posteriors of 8 classes",
    "flatten810": "flatten-810",
    "svc": "SVC",
    "alexnet": "AlexNet",
    "cnn14": "CNN-14",
    "bilstm": "bi-LSTM",
    "max_voting": "max voting",
    "stn+max_voting": "spatial transformer, max voting",
    "frames+saliency": "frames and saliency",
}


def paper_numbers(folder: Path) -> list[PaperNumber]:
    """Every number, in the order of the paper's tables and then figure 7.

    Figure 7 draws intervals without printing them; where a table prints the same accuracy under
    the same condition, its interval is taken.
    """
    numbers = [number for file in PLACES for number in _of_file(folder, file)]
    printed = {
        (number.variant, number.result.accuracy): number.result
        for number in numbers
        if number.file in ("table1_speech", "table3_face")
    }
    return [
        replace(number, result=printed.get((number.variant, number.result.accuracy), number.result))
        if number.file == _FIGURE
        else number
        for number in numbers
    ]


def _of_file(folder: Path, file: str) -> Iterator[PaperNumber]:
    table = pd.read_csv(folder / f"{file}.csv", dtype=str, keep_default_na=False)
    for _, row in table.iterrows():
        keys = {name: value for name, value in row.items() if name not in _NO_KEYS}
        for column, says in _COLUMNS.items():
            if not row.get(column):
                continue
            stated = next((row[name] for name in _CONDITIONS if name in row), "-")
            yield PaperNumber(
                place=PLACES[file],
                file=file,
                keys=keys,
                column=column,
                words=_described(keys),
                variant=says or _VARIANTS[stated],
                result=_result(float(row[column]), row.get("ci95", ""), keys),
            )


def _result(accuracy: float, stated: str, keys: dict[str, str]) -> PaperResult:
    """With the paper's interval, or by its formula where it prints none."""
    if stated:
        return PaperResult(accuracy, float(stated))
    listeners = keys.get("model") == "human perception"
    return PaperResult(accuracy, math.nan if listeners else half_width(accuracy, PAPER_CLIPS))


def _described(keys: dict[str, str]) -> str:
    """The row in words, without its variant, which has a column of its own."""
    shown = [
        _WORDS.get(value, value)
        for name, value in keys.items()
        if name not in _CONDITIONS and value != "-"
    ]
    return ", ".join(shown)


def top_results(folder: Path) -> dict[tuple[str, str], PaperResult]:
    """The paper's best by modality and variant: figure 7."""
    return {
        (number.keys["modality"], number.variant): number.result
        for number in paper_numbers(folder)
        if number.file == _FIGURE
    }
