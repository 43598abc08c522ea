"""Late fusion over the grid of classifiers, on clips whose emotion two systems know together."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mmer.corpus.clips import Clip
from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.fusion.classifiers import CLASSIFIERS, candidates
from mmer.fusion.grid import fuse
from mmer.fusion.settings import FusionClassifiers, FusionSettings
from mmer.fusion.tables import grid_of, prediction_rows, read_predictions, write_table
from mmer.posteriors import PROBABILITY_COLUMNS, Posteriors, write_posteriors

ENTRY = Path(__file__).parents[2] / "workflow_scripts" / "fuse_posteriors.py"
SMALL = FusionSettings.model_validate(
    {
        "classifiers": {
            "logistic_regression": {"C": [1, 1e6]},
            "svm_linear": {"C": [1]},
            "svm_rbf": {"C": [1]},
            "knn": {"k": [3]},
        }
    }
)
SPLITS = {"heldout0": 4, "heldout1": 3}


def clips() -> tuple[str, ...]:
    names = [
        f"01-01-{emotion:02d}-01-{statement:02d}-{repetition:02d}-{actor:02d}"
        for emotion in range(1, 9)
        for statement in (1, 2)
        for repetition in (1, 2)
        for actor in (1, 2, 3, 4)
    ]
    return tuple(sorted(names))


def half_knowing(heldout_actor: int, knows: tuple[int, ...]) -> Posteriors:
    """A system sure of some emotions, which gives all the others the same probabilities."""
    names = clips()
    part = np.array(
        ["heldout" if Clip.parse(name).actor == heldout_actor else "train" for name in names]
    )
    logits = np.zeros((len(names), 8))
    for row, name in enumerate(names):
        label = Clip.parse(name).label
        if label in knows:
            logits[row, label] = 4
    powers = np.exp(logits)
    return Posteriors(names, part, powers / powers.sum(axis=1, keepdims=True), logits)


@pytest.fixture(scope="module")
def systems() -> dict[str, dict[str, Posteriors]]:
    return {
        "speech": {split: half_knowing(actor, (0, 1, 2, 3)) for split, actor in SPLITS.items()},
        "face": {split: half_knowing(actor, (4, 5, 6, 7)) for split, actor in SPLITS.items()},
    }


@pytest.fixture(scope="module")
def predictions(systems: dict[str, dict[str, Posteriors]]) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return fuse(systems, SMALL)


def test_every_candidate_predicts_every_heldout_clip_once(predictions: pd.DataFrame) -> None:
    assert len(predictions) == 5 * 2 * 32
    assert not predictions.duplicated(["classifier", "hyperparameter", "clip"]).any()
    actors = predictions["clip"].map(lambda clip: Clip.parse(clip).actor)
    assert set(zip(predictions["split"], actors, strict=True)) == set(SPLITS.items())


def test_two_systems_know_together_what_neither_knows_alone(predictions: pd.DataFrame) -> None:
    grid = grid_of(predictions)
    assert set(grid["clips"]) == {32}
    assert grid["accuracy"].tolist() == [100.0] * len(grid)


def test_probabilities_stand_where_the_classifier_gives_them(predictions: pd.DataFrame) -> None:
    has = predictions.groupby("classifier")[PROBABILITY_COLUMNS[0]].apply(lambda p: p.notna().all())
    assert has.to_dict() == {
        "logistic_regression": True,
        "svm_linear": False,
        "svm_rbf": False,
        "knn": True,
    }
    rows = predictions[predictions["classifier"] == "logistic_regression"]
    assert rows[PROBABILITY_COLUMNS].sum(axis=1).to_numpy() == pytest.approx(1)
    best = [EMOTIONS[label] for label in rows[PROBABILITY_COLUMNS].to_numpy().argmax(axis=1)]
    assert best == rows["predicted"].tolist()


def test_the_result_does_not_depend_on_the_number_of_threads(
    systems: dict[str, dict[str, Posteriors]], predictions: pd.DataFrame
) -> None:
    pd.testing.assert_frame_equal(fuse(systems, SMALL, threads=2), predictions, check_exact=True)


def test_an_emotion_missing_from_training_gets_probability_zero() -> None:
    def without_neutral(posteriors: Posteriors) -> Posteriors:
        kept = (posteriors.labels != 0) | (posteriors.part == "heldout")
        return Posteriors(
            tuple(np.array(posteriors.clips)[kept].tolist()),
            posteriors.part[kept],
            posteriors.probabilities[kept],
            None,
        )

    systems = {
        name: {"heldout0": without_neutral(half_knowing(4, knows))}
        for name, knows in (("speech", (0, 1, 2, 3)), ("face", (4, 5, 6, 7)))
    }
    rows = fuse(systems, SMALL)
    assert set(rows["p_neutral"].dropna()) == {0.0}


def test_the_default_grid_is_table_a3() -> None:
    folder = Path(__file__).parents[2] / "resources" / "paper"
    table = pd.read_csv(folder / "tableA3_fusion.csv", dtype=str)
    grid = [
        (candidate.classifier, candidate.hyperparameter)
        for candidate in candidates(FusionSettings())
    ]
    assert grid == list(zip(table["model"], table["hyperparameter"], strict=True))


def test_every_kind_of_classifier_has_its_settings() -> None:
    assert set(CLASSIFIERS) == set(FusionClassifiers.model_fields)


def test_an_empty_list_leaves_a_classifier_out() -> None:
    settings = FusionSettings.model_validate({"classifiers": {"knn": {"k": []}}})
    assert "knn" not in {candidate.classifier for candidate in candidates(settings)}


@pytest.mark.parametrize(
    "classifiers", [{"svm_linear": {"C": [0]}}, {"knn": {"k": [0]}}, {"forest": {"trees": [1]}}]
)
def test_impossible_grids_are_refused(classifiers: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FusionSettings.model_validate({"classifiers": classifiers})


def test_more_neighbours_than_training_clips_are_refused(
    systems: dict[str, dict[str, Posteriors]],
) -> None:
    settings = FusionSettings.model_validate({"classifiers": {"knn": {"k": [97]}}})
    with pytest.raises(UserError, match="97 neighbours, but heldout0 has 96 training clips"):
        fuse(systems, settings)


def test_systems_with_different_splits_are_refused(
    systems: dict[str, dict[str, Posteriors]],
) -> None:
    fewer = {"heldout0": systems["face"]["heldout0"]}
    with pytest.raises(UserError, match="posteriors for heldout1"):
        fuse({"speech": systems["speech"], "face": fewer}, SMALL)


@pytest.mark.filterwarnings("error")
def test_a_fit_that_did_not_converge_is_logged(
    systems: dict[str, dict[str, Posteriors]], caplog: pytest.LogCaptureFixture
) -> None:
    settings = SMALL.model_copy(update={"logistic_max_iterations": 1, "svm_max_iterations": 1})
    with caplog.at_level(logging.WARNING):
        fuse(systems, settings)
    told = {record.getMessage() for record in caplog.records}
    assert any("logistic_regression C=1 did not converge on heldout0" in text for text in told)
    assert any("svm_linear C=1 did not converge on heldout1" in text for text in told)


def test_both_solvers_of_logistic_regression_find_the_one_minimum(
    systems: dict[str, dict[str, Posteriors]],
) -> None:
    grid = {"logistic_regression": {"C": [1]}} | {
        name: {parameter: []}
        for name, parameter in (("svm_linear", "C"), ("svm_rbf", "C"), ("knn", "k"))
    }
    newton, lbfgs = (
        fuse(
            systems,
            FusionSettings.model_validate(
                {"classifiers": grid, "logistic_solver": solver, "logistic_tolerance": 1e-8}
            ),
        )
        for solver in ("newton-cholesky", "lbfgs")
    )
    assert newton[PROBABILITY_COLUMNS].to_numpy() == pytest.approx(
        lbfgs[PROBABILITY_COLUMNS].to_numpy(), abs=1e-5
    )


def test_grid_accuracy_counts_by_hand() -> None:
    # Two of four right.
    names = ["01-01-02-01-01-01-01", "01-01-02-01-01-02-01"]
    names += ["01-01-03-01-01-01-01", "01-01-03-01-01-02-01"]
    rows = prediction_rows("knn", "k=1", "s", names, ["calm", "sad", "happy", "sad"], None)
    assert grid_of(rows).iloc[0].to_dict() == {
        "classifier": "knn",
        "hyperparameter": "k=1",
        "split": "s",
        "clips": 4,
        "accuracy": 50.0,
    }


def test_predictions_survive_writing_and_reading(tmp_path: Path, predictions: pd.DataFrame) -> None:
    write_table(tmp_path / "p.csv", predictions)
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "p.csv"), predictions)


def test_a_word_that_is_no_emotion_is_refused(tmp_path: Path, predictions: pd.DataFrame) -> None:
    write_table(tmp_path / "p.csv", predictions.assign(predicted="bored"))
    with pytest.raises(UserError, match="predicts bored"):
        read_predictions(tmp_path / "p.csv")


def test_the_entry_writes_predictions_and_grid(
    tmp_path: Path, systems: dict[str, dict[str, Posteriors]], predictions: pd.DataFrame
) -> None:
    paths: dict[str, dict[str, str]] = {}
    for name, parts in systems.items():
        for split, posteriors in parts.items():
            path = tmp_path / f"{name}-{split}.csv"
            write_posteriors(path, posteriors)
            paths.setdefault(name, {})[split] = str(path)
    command = [sys.executable, str(ENTRY), "--systems", json.dumps(paths), "--threads", "1"]
    command += ["--settings", SMALL.model_dump_json()]
    command += ["--out", str(tmp_path / "p.csv"), "--grid", str(tmp_path / "g.csv")]
    subprocess.run(command, check=True, capture_output=True)
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "p.csv"), predictions)
    assert len(pd.read_csv(tmp_path / "g.csv")) == 5 * 2
