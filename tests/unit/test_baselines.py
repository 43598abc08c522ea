"""ZeroR, and accuracies from the literature that stand beside what is measured."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmer.corpora.ravdess import Clip
from mmer.protocol import PAPER_FOLDS, Split, one_fold_out
from mmer.corpora.labels import EMOTIONS
from mmer.runtime.errors import UserError
from mmer.evaluation import tables
from mmer.evaluation.baselines import majority_posteriors, read_clip_names
from mmer.evaluation.paper import PaperResult
from mmer.evaluation.predictions import Constant, FoldPredictions, System
from mmer.evaluation.request import read_requests
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.significance_table import significance_table
from mmer.evaluation.summary_table import summary_table
from mmer.predictions import read_posteriors, write_posteriors
from mmer.report.accuracy_figure import all_systems_figure, best_by_condition
from mmer.report.evaluation_folder import read_evaluation
from mmer.report.plain_table import markdown_text
from mmer.report.result_tables import headline_table, modality_table
from mmer.report.style import house_style, save_figure
from mmer.ragged import Ragged, write_ragged

ENTRY = Path(__file__).parents[2] / "workflow_scripts" / "predict_majority.py"
PAPER = Path(__file__).parents[2] / "resources" / "paper"
SPLIT = Split("heldout0", train_actors=(1, 2), heldout_actors=(3,))


# Accuracies from the literature


HUMAN = {
    "name": "human_perception",
    "title": "human perception",
    "modality": "speech",
    "variant": "full",
    "constant": 67.0,
    "source": "Livingstone and Russo 2018",
}


def measured(name: str, variant: str, right: int) -> System:
    clips = tuple(Clip(1, 1, emotion, 1, 1, 1, 1).name for emotion in range(1, 9))
    predicted = np.array([label if label < right else 0 for label in range(8)])
    folds = {"heldout0": FoldPredictions(clips, predicted)}
    return System(name, name, "speech", variant, folds)


@pytest.fixture
def evaluation(tmp_path):
    """Human perception above CNN-14 and ZeroR."""
    requests, _ = read_requests(json.dumps([HUMAN]), "[]", "{}")
    systems = [
        requests[0].load(),
        measured("zero_r", "none", 1),
        measured("cnn14/full", "full", 4),
    ]
    paper = {
        "human_perception": PaperResult(67.0, 2.43),
        "cnn14/full": PaperResult(76.58, 2.18),
    }
    made = {
        "summary": summary_table(systems, paper, EvaluationSettings(), 0),
        "confusion": tables.confusion_table(systems),
        "significance": significance_table(systems, EvaluationSettings(), 0),
        "predictions": tables.predictions_table(systems),
        "accuracies": tables.accuracies_table(systems),
    }
    for name, table in made.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return read_evaluation(tmp_path)


def test_a_constant_has_its_accuracy_no_interval_and_its_source(evaluation):
    row = evaluation.summary.set_index("system").loc["human_perception"]
    assert row["mean_accuracy"] == 67
    assert row["verdict"] == "constant from the literature: Livingstone and Russo 2018"
    empty = ["std", "ci95", "pooled_accuracy", "uar", "paper_ci95", "difference"]
    assert row[empty].isna().all()
    assert row["clips"] == 0


def test_a_constant_is_in_no_table_of_predictions(evaluation, tmp_path):
    for table in ("confusion", "predictions", "accuracies"):
        assert set(pd.read_csv(tmp_path / f"{table}.csv")["system"]) == {"zero_r", "cnn14/full"}
    compared = evaluation.significance.query("comparison == 'all_systems'")["systems"]
    assert set(compared) == {"zero_r;cnn14/full"}


def test_a_reference_is_shown_by_its_title_and_never_as_the_best(evaluation):
    text = markdown_text(headline_table(evaluation, "RAVDESS"))
    assert text.count("**") == 2 and "**50.00" in text
    assert "| human perception " in text and "human perception, " not in text
    shown = modality_table(evaluation, "speech", "RAVDESS", PAPER).rows
    assert list(shown["input"]) == ["–", "–", "whole clip"]


def test_a_constant_keeps_its_verdict_on_synthetic_data(evaluation):
    table = modality_table(evaluation, "speech", "synthetic demo corpus", PAPER)
    assert table.rows["verdict"][0].startswith("constant from the literature")


def test_references_are_no_bars_of_figure_7_but_lines_among_all_systems(evaluation, tmp_path):
    assert list(best_by_condition(evaluation.summary, {})["title"]) == ["cnn14/full"]
    with house_style():
        save_figure(all_systems_figure(evaluation, "RAVDESS"), tmp_path / "figure")
    assert "human perception" in (tmp_path / "figure.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"source": None}, "needs a source with its constant"),
        ({"constant": None, "not_run": "no"}, "needs a source with its constant, or neither"),
        ({"not_run": "no"}, "either posteriors or not_run or a constant"),
        ({"constant": 167}, "less than or equal to 100"),
    ],
)
def test_a_constant_that_contradicts_itself_is_refused(change, complaint):
    with pytest.raises(UserError, match=complaint):
        read_requests(json.dumps([HUMAN | change]), "[]", "{}")


def test_a_system_is_measured_or_a_constant_or_not_run():
    with pytest.raises(AssertionError):
        System("a", "A", "speech", "none", {}, "no weights", Constant(67.0, "them"))
