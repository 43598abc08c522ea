"""A complete run on a tiny corpus: every rule and every result."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from mmer.corpora.ravdess import EMOTIONS
from mmer.items import read_items
from mmer.predictions import read_predictions
from mmer.tasks import Classes

from .conftest import RUN_LOG
from .tiny import CLIPS, FOLDS, SPEAKERS, SPLITS, SYSTEMS

pytestmark = pytest.mark.slow

NUMBERED = [name if "/" in name else f"{name}/full" for name in SYSTEMS]
PREDICTED = [name for name in NUMBERED if name not in ("human_speech/full", "cnn14_published/full")]


@pytest.fixture(scope="module")
def results(finished):
    return finished.results


@pytest.fixture(scope="module")
def summary(results):
    return pd.read_csv(results / "evaluation" / "summary.csv", index_col="system")


def test_every_rule_has_run(finished):
    listed = finished.snakemake("--list-rules", "--configfile", "tiny.yaml").stdout.split()
    run = re.findall(
        r"^(?:local)?rule (\w+):$", (finished.folder / RUN_LOG).read_text(), re.MULTILINE
    )
    # MSI-Net has its own test; no model here reads faces or words, and there is one protocol.
    assert set(listed) - set(run) == {
        "convert_msi_net",
        "crop_faces",
        "prepare_text",
        "tell_choices",
        "weigh_choices",
    }


@pytest.mark.parametrize("system", PREDICTED)
def test_every_system_gives_predictions_for_all_items(results, system):
    items = read_items(results / "prepared" / "items.csv")
    task = Classes(names=EMOTIONS, column="emotion")
    for split, tested in zip(SPLITS, FOLDS, strict=True):
        found = read_predictions(results / "predictions" / system / f"{split}.csv", task, items)
        assert len(found.items) == len(SPEAKERS) * CLIPS
        assert set(found.only("test").items.speakers) == set(tested)


def test_the_summary_names_every_system_and_pairing(summary):
    fusions = [
        f"{pairing}/{fed}" for pairing in ("full", "mixed") for fed in ("minmax", "unscaled")
    ]
    assert list(summary.index) == [*NUMBERED, *fusions]
    assert summary["mean_accuracy"]["human_speech/full"] == 67
    assert (
        summary["items"][[*PREDICTED, "mixed/minmax", "mixed/unscaled"]] == len(SPEAKERS) * CLIPS
    ).all()


def test_rows_without_weights_are_not_run_and_say_why(results, summary):
    not_run = summary["verdict"][summary["verdict"].str.startswith("not run", na=False)]
    assert list(not_run.index) == ["cnn14_published/full", "full/minmax", "full/unscaled"]
    assert not_run.str.startswith("not run: weights missing (panns_cnn14_16k").all()
    assert "not run: weights missing" in (results / "tables" / "speech.html").read_text("utf-8")


def test_classes_that_the_voting_network_cannot_tell_apart_count_as_one(summary):
    assert list(summary.index[summary["note"].notna()]) == ["affectnet_max_voting/full"]


def test_every_architecture_of_a_grid_lies_in_a_table(results):
    grid = pd.read_csv(results / "models" / "stn_bilstm_flatten810" / "vad" / "architectures.csv")
    assert sorted(set(grid["architecture"])) == ["1x4_attention1", "2x2_attention2"]
    assert grid.groupby("split").size().to_dict() == dict.fromkeys(SPLITS, 2)
    assert grid.groupby("architecture")["chosen"].all().sum() == 1


def test_synthetic_results_carry_that_word(results):
    pages = [*results.glob("tables/*.html"), *results.glob("tables/*.md"), *results.glob("*.html")]
    shown = [*pages, *results.glob("figures/*.svg")]
    assert len(shown) > 30
    for path in shown:
        assert "synthetic" in path.read_text("utf-8"), path


def test_random_weights_and_the_stand_in_for_saliency_are_named(summary):
    random = {name for name in summary.index if "random initial weights" in summary["title"][name]}
    assert random == {
        *("deepspectrum_svc/full", "panns_svc/vad"),
        *("alexnet_fine_tuned/full", "cnn14_fine_tuned/full"),
    }
    stand_in = {n for n in summary.index if "spectral-residual saliency" in summary["title"][n]}
    assert stand_in == {name for name in summary.index if re.match("affectnet_|stn_", name)}


def test_the_resolved_configuration_lies_beside_the_results(results):
    configuration = json.loads((results / "configuration.json").read_text())
    assert configuration["models"]["cnn14_fine_tuned"]["settings"]["batch_size"] == 4
    assert configuration["models"]["cnn14_fine_tuned"]["settings"]["learning_rate"] == 0.001


def test_checkpoints_are_gone(results):
    assert not list(results.glob("checkpoints/*"))


def test_the_report_is_one_page(finished, tmp_path):
    page = tmp_path / "report.html"
    done = finished.snakemake("--configfile", "tiny.yaml", "--report", str(page))
    assert done.returncode == 0, done.stderr[-2000:]
    assert page.stat().st_size > 1_000_000
