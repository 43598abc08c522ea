"""Which systems of a finished run are asked, and why others are not."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.plans import SHIPPED, planned, read

from mmer.prediction.finished_run import FinishedRun

FUSION = {"pairings": {"both": ["cnn14_fine_tuned/full", "stn_max_voting/full"]}}
ACCURACIES = {
    "zero_rule/full": ("speech", 99.0),
    "panns_svc/full": ("speech", 50.0),
    "cnn14_fine_tuned/full": ("speech", 60.0),
    "stn_max_voting/full": ("face", 55.0),
    "both/minmax": ("fusion", 80.0),
    "both/unscaled": ("fusion", None),
}


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A function that gives a run of some settings with the accuracies above."""
    monkeypatch.chdir(tmp_path)

    def run(**sections) -> FinishedRun:
        found = FinishedRun(planned(**{"fusion": FUSION, **sections}))
        rows = [(name, *row) for name, row in ACCURACIES.items()]
        table = pd.DataFrame(rows, columns=["system", "modality", "mean_accuracy"])
        found.summary_file.parent.mkdir(parents=True)
        table.to_csv(found.summary_file, index=False)
        return found

    return run


def test_the_best_of_each_modality_is_asked_with_the_members_of_the_fusion(finished):
    run = finished()
    best = ["cnn14_fine_tuned/full", "stn_max_voting/full"]
    assert run.chosen == (best, ["both/minmax"]) and run.passed_over == []


def test_a_nested_run_is_asked_but_for_its_fusion_and_says_why(finished):
    run = finished(protocol={"kind": "nested"})
    assert run.chosen == (["cnn14_fine_tuned/full", "stn_max_voting/full"], [])
    (sentence,) = run.passed_over
    assert "both/minmax is the run's best" in sentence and "a classifier for each fold" in sentence
    assert len(run.splits) == 20 and all(len(run.splits_of(kept)) == 20 for kept in run.kept[-1:])


def test_the_best_voice_is_passed_over_in_a_sentence_where_its_family_keeps_nothing(finished):
    perceptron = {"family": "perceptron", "of": "panns_cnn14_embedding", "title": "perceptron"}
    run = finished(models={**read(SHIPPED)["models"], "panns_svc": perceptron})
    run.summary.loc["panns_svc/full", "mean_accuracy"] = 70.0
    assert run.chosen[0] == ["cnn14_fine_tuned/full", "stn_max_voting/full"]
    (sentence,) = run.passed_over
    assert sentence == (
        "panns_svc/full is the run's best of the modality speech, but is not asked: the family "
        "perceptron keeps nothing that could."
    )
