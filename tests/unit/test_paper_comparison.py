"""A reproduced number beside the paper's, and the whole evaluation entry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from tests.few_items import EMOTION, items_of

from mmer.evaluation.evaluate import evaluate
from mmer.evaluation.job import EvaluationJob
from mmer.evaluation.paper import (
    PaperResult,
    PaperRow,
    compare_with_paper,
    deviation_over_items,
    find_in_paper,
    result_of_deviation,
)
from mmer.evaluation.tables_of_task import tables_of
from mmer.fusion.classifiers import Candidate
from mmer.fusion.tables import prediction_rows, write_table
from mmer.items import write_items
from mmer.predictions import Posteriors, write_predictions
from mmer.runtime.errors import UserError

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "resources" / "papers" / "luna_jimenez_2021"
CNN14 = PaperRow(table="table1_speech", row={"model": "cnn14", "vad": "no"})


# 76.58 ± 2.18: from 74.40, 4.40 above 70, to 78.76, 1.24 below 80.
@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [
        (74.40, "reproduced"),
        (78.76, "reproduced"),
        (70.00, "outside by 4.40 points"),
        (80.00, "outside by 1.24 points"),
        (78.77, "outside by 0.01 points"),
    ],
)
def test_a_number_is_reproduced_or_so_far_from_the_nearer_end(accuracy, verdict) -> None:
    found = compare_with_paper(accuracy, PaperResult(accuracy=76.58, ci95=2.18))
    assert found == (pytest.approx(accuracy - 76.58), verdict)


def test_a_row_is_found_with_the_papers_interval_or_its_formula() -> None:
    assert find_in_paper(PAPER, CNN14) == PaperResult(76.58, 2.18)
    where = PaperRow(
        table="tableA3_fusion",
        row={"model": "svm_linear", "hyperparameter": "C=0.001"},
        column="accuracy_mixed",
    )
    # 196 * sqrt(0.8008 * 0.1992 / 1440) = 2.0629.
    assert find_in_paper(PAPER, where) == pytest.approx((80.08, 2.0629), abs=1e-4)


def test_where_a_table_has_no_interval_it_is_that_of_the_papers_own_number_of_items(
    tmp_path,
) -> None:
    described = (PAPER / "paper.yaml").read_text("utf-8")
    assert "\nitems: 1440\n" in described
    (tmp_path / "paper.yaml").write_text(described.replace("\nitems: 1440\n", "\nitems: 100\n"))
    (tmp_path / "own.csv").write_text("model,accuracy\nmine,50\n")
    # 196 * sqrt(0.25 / 100).
    where = PaperRow(table="own", row={"model": "mine"})
    assert find_in_paper(tmp_path, where) == pytest.approx((50, 9.8))


@pytest.mark.parametrize(("right", "printed"), [(1104, 42.30), (1154, 39.90)])
def test_a_deviation_over_items_is_that_of_right_and_wrong(right: int, printed: float) -> None:
    ours = deviation_over_items(100 * right / 1440)
    assert round(ours, 2) == printed
    assert compare_with_paper(ours, result_of_deviation(printed, 1440)).verdict == "reproduced"


def test_a_deviation_is_reproduced_by_the_accuracies_within_its_accuracys_interval() -> None:
    # Of 80 % right it is 40; 196 * sqrt(0.16 / 1440) = 2.066 points, so from 77.93 % on.
    stated = result_of_deviation(40.0, 1440)
    assert stated.ci95 == pytest.approx((41.47 - 38.38) / 2, abs=0.01)
    assert compare_with_paper(deviation_over_items(78.0), stated).verdict == "reproduced"
    assert compare_with_paper(deviation_over_items(77.5), stated).verdict.startswith("outside")


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
HUMAN = SPEECH | {"constant": 67.0, "source": "Livingstone and Russo 2018"}
FUSION = {"name": "f", "title": "F"}
TRACES = {"kind": "traces", "names": ["arousal"], "rate": 1}


def job(**told: object) -> EvaluationJob:
    usual = {"task": EMOTION, "items": "items.csv", "systems": [], "seed": 1, "out": "out"}
    return EvaluationJob.model_validate(usual | told)


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"systems": [SPEECH]}, "needs either predictions or not_run or a constant"),
        ({"systems": [SPEECH | {"not_run": "no"}] * 2}, "two systems are called a"),
        ({"systems": [HUMAN], "paper_rows": {"b": CNN14}}, "for b, which is no system"),
        ({}, "got no system"),
        ({"systems": [HUMAN | {"source": None}]}, "needs a source with its constant"),
        ({"systems": [HUMAN | {"constant": None, "not_run": "no"}]}, "a source with its constant"),
        ({"systems": [HUMAN | {"not_run": "no"}]}, "either predictions or not_run or a constant"),
        ({"systems": [HUMAN | {"merged": [["calm", "bored"]]}]}, "bored, which is no class"),
        ({"fusions": [FUSION]}, "fusion f needs either predictions or not_run"),
        ({"systems": [HUMAN], "task": TRACES}, "got no true traces"),
        (
            {"fusions": [FUSION | {"predictions": "p"}], "task": TRACES, "traces": ["t"]},
            "fusion needs classes",
        ),
    ],
)
def test_a_job_that_contradicts_itself_is_refused(told: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        job(**told)


ITEMS = items_of(
    {
        "bob-1": "calm",
        "bob-2": "happy",
        "cid-1": "calm",
        "cid-2": "happy",
        "zoe-1": "sad",
    },
    sex=["male", "male", "male", "male", "female"],
)
TESTED = {"fold0": ("bob-1", "bob-2"), "fold1": ("cid-1", "cid-2")}


@pytest.fixture
def told(tmp_path: Path) -> EvaluationJob:
    """A system that always says calm, one not run, a constant, and a fusion that is always right.

    Half the tested items are calm; Zoe is trained on.
    """
    write_items(tmp_path / "items.csv", ITEMS)
    files, fused = {}, []
    for split, names in TESTED.items():
        always = Posteriors(
            EMOTION,
            ITEMS.of([*names, "zoe-1"]),
            np.array(["test", "test", "train"]),
            np.tile(np.eye(4)[1], (3, 1)),
            None,
        )
        files[split] = tmp_path / f"{split}.csv"
        write_predictions(files[split], always)
        right = ["calm", "happy"]
        fused.append(prediction_rows(EMOTION, Candidate("knn", "k", 1), split, names, right, None))
    write_table(tmp_path / "fused.csv", pd.concat(fused))
    return job(
        items=tmp_path / "items.csv",
        systems=[
            SPEECH | {"predictions": files},
            {"name": "b", "title": "B", "modality": "face", "variant": "full", "not_run": "no net"},
            HUMAN | {"name": "h"},
        ],
        fusions=[FUSION | {"predictions": tmp_path / "fused.csv"}],
        paper=PAPER,
        paper_rows={"a": CNN14, "h": CNN14},
        groups={"sex": ["male", "female"]},
        out=tmp_path / "out",
    )


def test_the_entry_writes_the_tables_of_classes(told: EvaluationJob) -> None:
    entry = ROOT / "workflow_scripts" / "evaluate_systems.py"
    command = [sys.executable, str(entry), told.model_dump_json()]
    subprocess.run(command, check=True, capture_output=True)
    summary = pd.read_csv(told.out / "summary.csv").set_index("system")
    assert summary["items"].to_dict() == {"a": 4, "b": 0, "h": 0, "f": 4}
    assert summary.loc["a", "mean_accuracy"] == 50 and summary.loc["f", "mean_accuracy"] == 100
    # 196 * sqrt(0.25 / 4) = 49; 76.58 - 2.18 - 50 = 24.40.
    assert summary.loc["a", "ci95"] == 49
    assert summary.loc["a", "verdict"] == "outside by 24.40 points"
    assert summary.loc["b", "verdict"] == "not run: no net"
    assert pd.isna(summary.loc["f", "verdict"])
    # Half of each speaker's items are right, so drawing other speakers changes nothing.
    assert summary.loc["a", ["speaker_low", "speaker_high"]].tolist() == [50, 50]
    # Certain of calm and right half the time; the neighbours of f give no probabilities here.
    assert summary.loc["a", "ece"] == 50 and pd.isna(summary.loc["f", "ece"])
    lengths = {path.stem: len(pd.read_csv(path)) for path in told.out.iterdir()}
    # Speech against fusion, as the best of each modality and as all systems: Q and one pair each.
    assert lengths == {
        "accuracies": 4,
        "summary": 4,
        "confusion": 2 * 16,
        "significance": 4,
        # Emotions 2, speakers 2, sexes 1.
        "groups": 2 * 5,
        "calibration": 15,
        "predictions": 8,
    }
    assert set(lengths) == set(tables_of(told.task))
    # The constant has no interval, and its source.
    row = summary.loc["h"]
    assert row["mean_accuracy"] == 67 and row["paper_accuracy"] == 76.58
    assert row["verdict"] == "constant from the literature: Livingstone and Russo 2018"
    empty = ["std", "ci95", "pooled_accuracy", "uar", "paper_ci95", "difference"]
    assert row[empty].isna().all()
    for table in ("confusion", "predictions", "accuracies"):
        assert set(pd.read_csv(told.out / f"{table}.csv")["system"]) == {"a", "f"}


def test_merged_classes_count_as_one_and_the_note_says_so(told: EvaluationJob) -> None:
    merged = told.systems[0].model_copy(update={"merged": (("calm", "happy"),)})
    evaluate(told.model_copy(update={"systems": (merged,), "fusions": (), "paper": None}))
    row = pd.read_csv(told.out / "summary.csv").iloc[0]
    assert row["mean_accuracy"] == 100 and row["note"] == "calm and happy count as one"
    assert row["brier"] == 0
    # Without a paper no row has its number.
    assert row[["paper_accuracy", "paper_ci95", "difference", "verdict"]].isna().all()


def test_what_was_trained_on_another_corpus_is_shown_beside_the_papers_and_not_judged(
    told: EvaluationJob,
) -> None:
    words = {"unlike_paper": "trained on B instead of A"}
    system, fusion = (each.model_copy(update=words) for each in (told.systems[0], told.fusions[0]))
    rows = {"a": CNN14, "f": CNN14}
    changes = {"systems": (system,), "fusions": (fusion,), "paper_rows": rows}
    evaluate(told.model_copy(update=changes))
    summary = pd.read_csv(told.out / "summary.csv").set_index("system")
    assert summary["difference"].round(2).to_dict() == {"a": -26.58, "f": 23.42}
    assert set(summary["verdict"]) == {"not comparable (trained on B instead of A)"}


def test_a_table_without_tested_items_is_refused(told: EvaluationJob) -> None:
    path = told.systems[0].predictions["fold1"]
    table = pd.read_csv(path)
    table[table["part"] == "train"].to_csv(path, index=False)
    with pytest.raises(UserError, match="system a has no row of the part test in fold1"):
        evaluate(told)
