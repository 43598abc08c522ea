"""What the choices are worth, for readers: dashes say why, and every number is drawn."""

from __future__ import annotations

import math

import pandas as pd

from mmer.evaluation.choices import COLUMNS
from mmer.report.choices_figure import choices_figure
from mmer.report.choices_table import choices_table
from mmer.report.formats import markdown_text
from mmer.report.style import house_style

NAN = math.nan


def row(system: str, part: str, *numbers: float, reason: str = "", seeds: float = 1) -> tuple:
    modality = "fusion" if system.startswith("both") else "speech"
    given = [*numbers, *[NAN] * (5 - len(numbers))]
    return (system, system.split("/")[0], modality, "full", part, 8, *given, seeds, NAN, reason)


CHOICES = pd.DataFrame(
    [
        row("network/full", "whole", 60, 50, 10, 5, 15),
        row("network/full", "epoch", 52, 45, 7, -1, 15),
        row("svm/full", "whole", 40, 41, -1, -3, 2),
        row("svm/full", "epoch", reason="no epoch is chosen"),
        row("elsewhere/full", "whole", 80, reason="its splits do not exist"),
        row("both/minmax", "whole", 70, 65, 5, 1, 9),
        row("both/minmax", "classifier", 66, 65, 1, 0, 2),
    ],
    columns=COLUMNS,
)


def test_a_system_has_a_row_and_a_part_a_column():
    table = choices_table(CHOICES, "some corpus, two protocols")
    assert [column.heading for column in table.columns] == [
        "System",
        "The paper's protocol %",
        "Nested protocol %",
        "All of it",
        "Choosing the epoch",
        "Choosing the fusion's classifier",
    ]
    minus = "\N{MINUS SIGN}"
    assert table.texts() == [
        [
            *("network, whole clip", "60.00", "50.00", "+10.00 (+5.00 to +15.00)"),
            *(f"+7.00 ({minus}1.00 to +15.00)", "–"),
        ],
        ["svm, whole clip", "40.00", "41.00", f"{minus}1.00 ({minus}3.00 to +2.00)", "–", "–"],
        ["elsewhere, whole clip", "80.00", "–", "–", "–", "–"],
        ["both", "70.00", "65.00", "+5.00 (+1.00 to +9.00)", "–", "+1.00 (+0.00 to +2.00)"],
    ]


def test_the_caption_says_why_there_is_a_dash_and_which_protocols_these_are():
    text = markdown_text(choices_table(CHOICES, "some corpus, two protocols"))
    assert "No number of choosing the epoch, since no epoch is chosen: svm, whole clip." in text
    assert "No number of all of it, since its splits do not exist: elsewhere, whole clip." in text
    assert text.startswith("# What the choices are worth (some corpus, two protocols)")


def test_every_difference_is_a_line_of_the_figure_under_its_system():
    with house_style():
        figure = choices_figure(CHOICES, "some corpus")
        (axes,) = figure.get_axes()
    lines = {label.get_position()[1]: label.get_text() for label in axes.get_yticklabels()}
    lines |= {text.get_position()[1]: text.get_text() for text in axes.texts}
    assert [lines[at] for at in sorted(lines)] == [
        *("network, whole clip", "all of it", "choosing the epoch"),
        *("svm, whole clip", "all of it"),
        *("both", "all of it", "choosing the fusion's classifier"),
    ]
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() in ("o", "D")]
    assert marks == [10, 7, -1, 5, 1]


def test_without_a_number_the_figure_says_so():
    with house_style():
        figure = choices_figure(CHOICES[CHOICES["difference"].isna()], "some corpus")
    texts = [text.get_text() for part in figure.subfigs for text in part.texts]
    assert "no system was run under two protocols" in texts
