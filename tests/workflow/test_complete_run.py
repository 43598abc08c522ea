"""A complete run on a tiny corpus: every rule and every result."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from mmer.posteriors import read_posteriors

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow")]

SYSTEMS = [
    "deepspectrum_svc",
    "panns_svc",
    "alexnet_fine_tuned",
    "cnn14_fine_tuned",
    "affectnet_max_voting",
    "affectnet_bilstm_posteriors7",
    "affectnet_bilstm_fc50",
    "affectnet_bilstm_flatten810",
    "stn_max_voting",
    "stn_bilstm_posteriors8",
    "stn_bilstm_fc50",
    "stn_bilstm_flatten810",
]
SPEECH = SYSTEMS[:4]


@pytest.fixture(scope="module")
def results(finished):
    return finished.folder / "results" / "tiny"


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("variant", ["full", "vad"])
@pytest.mark.parametrize(("split", "heldout"), [("heldout0", {1, 2}), ("heldout1", {3, 5})])
def test_every_system_gives_posteriors_for_all_clips(results, system, variant, split, heldout):
    posteriors = read_posteriors(results / "posteriors" / system / variant / f"{split}.csv")
    assert len(posteriors.clips) == 32
    assert {int(clip[-2:]) for clip in posteriors.only("heldout").clips} == heldout


def test_the_summary_names_every_system_and_pairing(results):
    summary = pd.read_csv(results / "evaluation" / "summary.csv")
    systems = [f"{system}/{variant}" for system in SYSTEMS for variant in ("full", "vad")]
    assert list(summary["system"]) == [
        *("human_speech/full", "zero_rule/full"),
        *systems[:8],
        *("human_face/full", "zero_rule_face/full", "stn_from_scratch_max_voting/full"),
        *systems[8:],
        *("vad", "full", "mixed"),
    ]
    by_name = summary.set_index("system")
    constants = {"human_speech/full": 67, "human_face/full": 75}
    assert by_name["mean_accuracy"][list(constants)].to_dict() == constants
    assert (by_name["clips"].drop(list(constants)) == 32).all()


def test_calm_and_neutral_count_as_one_where_seven_emotions_vote(results):
    summary = pd.read_csv(results / "evaluation" / "summary.csv", index_col="system")
    noted = summary.index[summary["note"].notna()]
    assert list(noted) == ["affectnet_max_voting/full", "affectnet_max_voting/vad"]


def test_every_architecture_of_a_grid_lies_in_a_table(results):
    grid = pd.read_csv(results / "models" / "stn_bilstm_fc50" / "vad" / "architectures.csv")
    assert sorted(set(grid["architecture"])) == ["1x4_attention1", "2x2_attention2"]
    assert grid.groupby("split").size().to_dict() == {"heldout0": 2, "heldout1": 2}
    assert grid.groupby("architecture")["chosen"].all().sum() == 1


def test_synthetic_results_carry_that_word(results):
    for page in [*results.glob("tables/*.html"), *results.glob("tables/*.md")]:
        assert "synthetic" in page.read_text("utf-8"), page
    for figure in results.glob("figures/*.svg"):
        assert "synthetic" in figure.read_text("utf-8"), figure
    assert "synthetic" in (results / "provenance.html").read_text("utf-8")
    assert "synthetic" in (results / "landing.html").read_text("utf-8")


def test_random_weights_and_the_stand_in_for_saliency_are_named(results):
    titles = pd.read_csv(results / "evaluation" / "summary.csv", index_col="system")["title"]
    for system in [*SYSTEMS, "stn_from_scratch_max_voting"]:
        title = titles[f"{system}/full"]
        starts_at_random = system in SPEECH or "scratch" in system
        assert ("random initial weights" in title) == starts_at_random
        assert ("spectral-residual saliency" in title) == (system not in SPEECH)


def test_the_resolved_configuration_lies_beside_the_results(results):
    configuration = json.loads((results / "configuration.json").read_text())
    assert configuration["models"]["cnn14_fine_tuned"]["settings"]["batch_size"] == 4
    assert configuration["models"]["cnn14_fine_tuned"]["settings"]["learning_rate"] == 0.001


def test_checkpoints_are_gone(results):
    assert not list(results.glob("checkpoints/*"))


def test_the_report_is_one_page(finished):
    done = finished.snakemake("--configfile", "tiny.yaml", "--report", "report.html")
    assert done.returncode == 0, done.stderr[-2000:]
    assert (finished.folder / "report.html").stat().st_size > 1_000_000
