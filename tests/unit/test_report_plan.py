"""What a run's report holds: figures of what is run, and nothing of what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mmer.acquire.registry import read_registry
from mmer.config import Configuration
from mmer.plan import Plan

ROOT = Path(__file__).parents[2]
REGISTRY = read_registry(ROOT / "resources" / "weights.yaml")


def plan(systems: list[str], pairings: dict | None = None, **sections) -> Plan:
    """The shipped configuration with other systems; weights come from the internet."""
    written = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    written |= {"systems": systems, "fusion": {"pairings": pairings or {}}, **sections}
    return Plan(Configuration.model_validate(written), REGISTRY, ROOT / "workflow_scripts")


def test_constants_and_systems_without_weights_have_no_confusion_matrix(tmp_path):
    # An empty mirror has no weights.
    shown = plan(
        ["human_speech", "zero_rule", "cnn14_fine_tuned"], data={"mirror": str(tmp_path)}
    ).confusion_figures()
    assert [(figure.name, figure.group) for figure in shown] == [
        ("confusion_zero_rule_full", "references"),
        ("confusion_folds_zero_rule_full", "references, fold by fold"),
    ]


def test_variants_of_a_system_differ_in_one_label_only_so_that_it_becomes_a_switch():
    full, vad = plan(["cnn14_fine_tuned"]).confusion_figures()[:2]
    assert full.labels == {"system": "CNN-14 fine-tuned", "input": "whole clip"}
    assert vad.labels == {"system": "CNN-14 fine-tuned", "input": "VAD"}
    assert full.group == vad.group == "speech"


def test_fusions_are_listed_by_pairing():
    members = ["cnn14_fine_tuned/vad", "stn_max_voting/vad"]
    shown = plan(["cnn14_fine_tuned"], {"vad": members}).confusion_figures()
    assert [figure.name for figure in shown if figure.group == "fusion"] == ["confusion_vad"]
    assert shown[-1].labels == {"system": "late fusion", "input": "VAD"}


def test_the_model_behind_another_one_has_learning_curves_with_a_title():
    run = plan(["stn_max_voting/vad"])
    assert [figure.name for figure in run.learning_figures()] == [
        "learning_curves_stn_fine_tuned_vad"
    ]
    assert json.loads(run.learning_titles) == {
        "stn_fine_tuned/vad": "spatial transformer fine-tuned, VAD"
    }


def test_clips_are_drawn_where_frames_vote_and_those_asked_for_come_last():
    run = plan(["stn_max_voting"], report={"clips": ["01-01-02-01-01-01-01"]})
    assert [figure.name for figure in run.clip_figures()] == [
        *("clip_example_A1", "clip_example_A2", "clip_example_A3"),
        "clip_01-01-02-01-01-01-01",
    ]
    assert len(run.clip_inputs()["frame_logits"]) == 5
    assert run.clip_inputs()["attention"] == []


def test_attention_is_that_of_the_sequential_model_on_the_same_frames():
    run = plan(["stn_max_voting", "stn_bilstm_flatten810"])
    assert run.clip_inputs()["attention"] == [
        f"results/paper/models/stn_bilstm_flatten810/full/heldout{fold}/attention.npz"
        for fold in range(5)
    ]


@pytest.mark.parametrize(
    ("systems", "spans", "saliency"),
    [
        (["cnn14_fine_tuned/full"], False, False),
        (["cnn14_fine_tuned/vad"], True, False),
        (["stn_max_voting/full"], False, True),
        (["zero_rule", "human_speech"], False, False),
    ],
)
def test_preparation_is_shown_where_a_system_needs_it(systems, spans, saliency):
    run = plan(systems)
    assert (run.shows_spans(), run.shows_saliency()) == (spans, saliency)
    linked = " ".join(page["path"] for page in json.loads(run.pages))
    assert ("speech_spans" in linked, "saliency" in linked) == (spans, saliency)


def test_only_networks_have_initial_weights():
    named = {origin["name"] for origin in json.loads(plan(["zero_rule", "panns_svc"]).origins())}
    assert named == {"panns_cnn14_embedding", "voice activity"}
