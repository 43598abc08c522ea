"""A reproduced number beside the paper's, and the whole evaluation entry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmer.errors import UserError
from mmer.evaluation.paper import PaperResult, PaperRow, compare_with_paper, find_in_paper
from mmer.evaluation.request import read_requests
from mmer.fusion.tables import prediction_rows, write_table
from mmer.posteriors import Posteriors, write_posteriors

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "resources" / "paper"
CNN14 = PaperRow(table="table1_speech", row={"model": "cnn14", "vad": "no"})


def test_a_number_inside_the_papers_interval_is_reproduced() -> None:
    paper = PaperResult(accuracy=76.58, ci95=2.18)
    assert compare_with_paper(74.40, paper).verdict == "reproduced"
    assert compare_with_paper(78.76, paper).verdict == "reproduced"
    assert compare_with_paper(77.58, paper).difference == pytest.approx(1)


def test_a_number_outside_says_how_far_from_the_nearer_end() -> None:
    paper = PaperResult(accuracy=76.58, ci95=2.18)
    # 76.58 - 2.18 = 74.40; 74.40 - 70.00 = 4.40.
    assert compare_with_paper(70.00, paper).verdict == "outside by 4.40 points"
    # 76.58 + 2.18 = 78.76; 80.00 - 78.76 = 1.24.
    assert compare_with_paper(80.00, paper).verdict == "outside by 1.24 points"


def test_a_row_is_found_with_the_papers_own_interval() -> None:
    assert find_in_paper(PAPER, CNN14) == PaperResult(76.58, 2.18)


def test_a_table_without_intervals_gets_the_papers_formula() -> None:
    where = PaperRow(
        table="tableA3_fusion",
        row={"model": "svm_linear", "hyperparameter": "C=0.001"},
        column="accuracy_mixed",
    )
    # 196 * sqrt(0.8008 * 0.1992 / 1440) = 2.0629.
    result = find_in_paper(PAPER, where)
    assert (result.accuracy, result.ci95) == (80.08, pytest.approx(2.0629, abs=1e-4))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"table": "table9"}, "table9.csv cannot be read"),
        ({"row": {"model": "cnn14"}}, "has 2 rows"),
        ({"row": {"model": "cnn15"}}, "has 0 rows"),
        ({"row": {"network": "cnn14"}}, "has no column network"),
        ({"column": "model"}, "holds no number"),
    ],
)
def test_a_row_that_is_not_there_is_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        find_in_paper(PAPER, CNN14.model_copy(update=change))


SPEECH = {"name": "a", "title": "A", "modality": "speech", "variant": "vad"}


@pytest.mark.parametrize(
    ("systems", "rows", "complaint"),
    [
        ([SPEECH], {}, "needs either posteriors or not_run"),
        ([SPEECH | {"modality": "smell", "not_run": "no"}], {}, "modality"),
        ([SPEECH | {"not_run": "no"}] * 2, {}, "two systems are called a"),
        ([SPEECH | {"not_run": "no"}], {"b": CNN14.model_dump()}, "for b, which is no system"),
        ([], {}, "got no system"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused(
    systems: list[object], rows: dict[str, object], complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint):
        read_requests(json.dumps(systems), "[]", json.dumps(rows))


CLIPS = {
    "heldout0": ("01-01-02-01-01-01-02", "01-01-03-01-01-01-02"),
    "heldout1": ("01-01-02-01-01-01-03", "01-01-03-01-01-01-03"),
}
TRAIN_CLIP = "01-01-08-01-01-01-24"


def always_calm(split: str) -> Posteriors:
    """Says calm of every clip; half the held-out clips are."""
    clips = (*CLIPS[split], TRAIN_CLIP)
    probabilities = np.tile(np.eye(8)[1], (3, 1))
    return Posteriors(clips, np.array(["heldout", "heldout", "train"]), probabilities, None)


def test_the_entry_writes_seven_tables(tmp_path: Path) -> None:
    files = {}
    for split in CLIPS:
        files[split] = str(tmp_path / f"{split}.csv")
        write_posteriors(Path(files[split]), always_calm(split))
    words = ["calm", "happy"]
    fused = [prediction_rows("knn", "k=1", s, clips, words, None) for s, clips in CLIPS.items()]
    write_table(tmp_path / "fused.csv", pd.concat(fused))
    systems = [
        SPEECH | {"posteriors": files},
        {"name": "b", "title": "B", "modality": "face", "variant": "full", "not_run": "no weights"},
    ]
    fusion = [{"name": "f", "title": "F", "predictions": str(tmp_path / "fused.csv")}]
    command = [sys.executable, str(ROOT / "workflow_scripts" / "evaluate_systems.py")]
    command += ["--systems", json.dumps(systems), "--fusion", json.dumps(fusion)]
    command += ["--paper", str(PAPER), "--paper-rows", json.dumps({"a": CNN14.model_dump()})]
    command += ["--seed", "1"]
    subprocess.run([*command, "--out", str(tmp_path / "out")], check=True, capture_output=True)

    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("system")
    assert summary["clips"].to_dict() == {"a": 4, "b": 0, "f": 4}
    assert summary.loc["a", "mean_accuracy"] == 50 and summary.loc["f", "mean_accuracy"] == 100
    # 196 * sqrt(0.25 / 4) = 49; 76.58 - 2.18 - 50 = 24.40.
    assert summary.loc["a", "ci95"] == 49
    assert summary.loc["a", "verdict"] == "outside by 24.40 points"
    assert summary.loc["b", "verdict"] == "not run: no weights"
    assert pd.isna(summary.loc["f", "verdict"])
    # Half of each actor's clips are right, so drawing other actors changes nothing.
    assert summary.loc["a", ["actor_low", "actor_high"]].tolist() == [50, 50]
    # Certain of calm and right half the time; the neighbours of f give no probabilities here.
    assert summary.loc["a", "ece"] == 50 and pd.isna(summary.loc["f", "ece"])
    lengths = {path.stem: len(pd.read_csv(path)) for path in (tmp_path / "out").iterdir()}
    # Speech against fusion, as the best of each modality and as all systems: Q and one pair each.
    assert lengths == {
        "accuracies": 4,
        "summary": 3,
        "confusion": 2 * 64,
        "significance": 4,
        # Emotions 2, actors 2, intensities 1, sexes 2, statements 1.
        "groups": 2 * 8,
        "calibration": 15,
        "predictions": 8,
    }
