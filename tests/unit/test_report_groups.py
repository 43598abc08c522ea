"""Accuracy by group and by confidence, as readers see it."""

import pandas as pd
import pytest

from mmer.report.evaluation_folder import (
    CALIBRATION_COLUMNS,
    GROUP_COLUMNS,
    SUMMARY_COLUMNS,
    EvaluationFolder,
)
from mmer.report.group_figure import CLIP_GROUPS, group_figure, group_table
from mmer.report.html_table import table_page
from mmer.report.reliability_figure import reliability_figure

GROUPS = pd.DataFrame(
    [
        ("cnn14/full", "emotion", "calm", 4, 75.0, 30.06, 95.44),
        ("cnn14/full", "emotion", "sad", 4, 25.0, 4.56, 69.94),
        ("cnn14/full", "statement", "Kids are talking by the door", 8, 50.0, 21.52, 78.48),
        ("cnn14/full", "actor", "01", 8, 50.0, 21.52, 78.48),
        ("voting/vad", "emotion", "calm", 4, 100.0, 51.01, 100.0),
        ("voting/vad", "emotion", "sad", 4, 0.0, 0.0, 48.99),
        ("voting/vad", "statement", "Kids are talking by the door", 8, 50.0, 21.52, 78.48),
        ("voting/vad", "actor", "01", 8, 50.0, 21.52, 78.48),
    ],
    columns=GROUP_COLUMNS,
)
BINS = pd.DataFrame(
    [
        ("cnn14/full", 0, float("nan"), float("nan"), 0),
        ("cnn14/full", 1, 60.0, 50.0, 6),
        ("cnn14/full", 2, 90.0, 100.0, 2),
    ],
    columns=CALIBRATION_COLUMNS,
)


@pytest.fixture
def evaluation():
    rows = [
        {"system": "cnn14/full", "title": "CNN-14", "modality": "speech", "variant": "full"},
        {"system": "voting/vad", "title": "voting", "modality": "face", "variant": "vad"},
    ]
    summary = pd.DataFrame(rows).reindex(columns=SUMMARY_COLUMNS)
    summary = summary.assign(verdict="", ece=[10.0, float("nan")])
    return EvaluationFolder(summary, pd.DataFrame(), pd.DataFrame())


def test_the_figure_has_a_row_per_system_and_a_panel_per_group(evaluation):
    emotion, statement, _bar = group_figure(
        GROUPS, evaluation, CLIP_GROUPS, "synthetic corpus"
    ).get_axes()
    names = [label.get_text() for label in emotion.get_yticklabels()]
    assert names == ["CNN-14, whole clip", "voting, VAD"]
    assert [text.get_text() for text in emotion.texts] == ["75", "25", "100", "0"]
    assert [label.get_text() for label in statement.get_xticklabels()] == ["Kids"]


def test_actors_are_drawn_apart(evaluation):
    axes = group_figure(GROUPS, evaluation, ("actor",), "RAVDESS").get_axes()[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["01"]


def test_a_run_without_systems_says_so(evaluation):
    figure = group_figure(GROUPS.iloc[:0], evaluation, CLIP_GROUPS, "RAVDESS")
    assert figure.subfigs[1].texts[0].get_text() == "no system was run"


def test_the_table_gives_every_group_with_its_interval(evaluation):
    table = group_table(GROUPS, evaluation, "RAVDESS")
    assert table.texts()[0] == [
        *("CNN-14, whole clip", "emotion", "calm", "4", "75.00", "30.06 to 95.44")
    ]
    assert "SYNTHETIC DATA" in table_page(group_table(GROUPS, evaluation, "synthetic corpus"))


def test_reliability_shows_the_bins_that_have_clips(evaluation):
    panel, *empty = reliability_figure(BINS, evaluation, "RAVDESS").get_axes()
    _diagonal, curve = panel.get_lines()
    assert curve.get_xydata().tolist() == [[60, 50], [90, 100]]
    # The area is the share of clips.
    small, large = sorted(panel.collections[0].get_sizes())
    assert large / small == pytest.approx(3)
    assert panel.get_title() == "CNN-14, whole clip\nerror 10.0 points"
    assert not any(axes.axison for axes in empty)


def test_without_probabilities_there_is_nothing_to_show(evaluation):
    figure = reliability_figure(BINS.iloc[:0], evaluation, "RAVDESS")
    assert "gives probabilities" in figure.subfigs[1].texts[0].get_text()
