"""What a run's report holds: figures of what is run, and nothing of what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.plans import ROOT, planned

from mmer.plan.shown import ReportStep


def steps(systems: list[str], pairings: dict | None = None, **sections) -> dict[str, ReportStep]:
    """The report of the shipped configuration with other systems."""
    plan = planned(systems=systems, fusion={"pairings": pairings or {}}, **sections)
    return {step.name: step for step in plan.report.steps}


def confusions(found: dict[str, ReportStep]) -> list:
    return [s for s in found["draw_figures"].shown if Path(s.path).stem.startswith("confusion")]


def told(step: ReportStep) -> dict:
    return json.loads(step.told)


def test_constants_and_systems_without_weights_have_no_confusion_matrix(tmp_path):
    # An empty mirror has no weights.
    found = steps(["human_speech", "zero_rule", "cnn14_fine_tuned"], data={"mirror": str(tmp_path)})
    assert [(Path(each.path).stem, each.subcategory) for each in confusions(found)] == [
        ("confusion_zero_rule_full", "references"),
        ("confusion_folds_zero_rule_full", "references, fold by fold"),
    ]
    assert told(found["write_tables"])["references"] == ["human_speech/full", "zero_rule/full"]


def test_variants_of_a_system_differ_in_one_label_only_so_that_it_becomes_a_switch():
    full, vad = confusions(steps(["cnn14_fine_tuned"]))[:2]
    assert full.labels == {"system": "CNN-14 fine-tuned", "input": "whole clip"}
    assert vad.labels == {"system": "CNN-14 fine-tuned", "input": "VAD"}
    assert full.subcategory == vad.subcategory == "speech"


def test_networks_trained_on_another_corpus_are_told_with_their_scores_or_why_there_are_none(
    tmp_path,
):
    systems = ["affectnet_max_voting", "affectnet_bilstm_fc50"]
    step = steps(systems, data={"affectnet": str(tmp_path)})["write_tables"]
    scores = "results/paper/models/affectnet_emotion/held_out.csv"
    valence, emotion = (told(step)["elsewhere"][f"affectnet_{t}"] for t in ("valence", "emotion"))
    assert valence["not_run"] == "nothing of affectnet is held out to score it"
    assert (emotion["scores"], emotion["unlike_paper"]) == (scores, None)
    assert scores in step.inputs
    rows = {name: row["row"] for name, row in told(step)["paper_rows"].items()}
    assert rows["affectnet_valence"] == {"target": "valence"}
    assert rows["affectnet_emotion"] == {"target": "emotion"}
    without = told(steps(systems)["write_tables"])["elsewhere"]["affectnet_emotion"]
    assert without["not_run"].startswith("weights missing")


def test_fusions_are_listed_by_pairing_and_have_a_table_where_there_are_any():
    found = steps(["cnn14_fine_tuned"], {"vad": ["cnn14_fine_tuned/vad", "stn_max_voting/vad"]})
    shown = [each for each in confusions(found) if each.subcategory == "fusion"]
    assert [each.labels for each in shown] == [
        {"system": "late fusion", "input": f"VAD, {fed} inputs"} for fed in ("minmax", "unscaled")
    ]
    assert "results/paper/tables/fusion.tex" in found["write_tables"].outputs
    assert "results/paper/tables/fusion.tex" not in steps(["zero_rule"])["write_tables"].outputs


def test_the_model_behind_another_one_has_learning_curves_with_a_title():
    found = steps(["stn_max_voting/vad"])["draw_learning_curves"]
    assert [Path(each.path).stem for each in found.shown] == [
        "kept_epochs",
        "learning_curves_stn_fine_tuned_vad",
    ]
    assert told(found)["titles"] == {"stn_fine_tuned/vad": "spatial transformer fine-tuned, VAD"}
    assert "draw_learning_curves" not in steps(["zero_rule"])


def test_items_are_drawn_where_frames_vote_with_the_attention_on_the_same_frames():
    chosen = {"items": ["01-01-02-01-01-01-01"]}
    found = steps(["stn_max_voting"], report=chosen)["draw_items"]
    assert [Path(each.path).stem for each in found.shown] == [
        *("item_example_A1", "item_example_A2", "item_example_A3"),
        "item_01-01-02-01-01-01-01",
    ]
    assert len(told(found)["frame_logits"]) == 5
    assert told(found)["attention"] == {}
    assert set(told(found)["frame_logits"].values()) <= set(found.inputs)
    assert "draw_items" not in steps(["cnn14_fine_tuned"])
    found = steps(["stn_max_voting", "stn_bilstm_flatten810"])["draw_items"]
    assert list(told(found)["attention"].values()) == [
        f"results/paper/models/stn_bilstm_flatten810/full/fold{fold}/attention.npz"
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
def test_preparation_is_shown_where_a_system_needs_it_and_linked(systems, spans, saliency):
    found = steps(systems)
    shown = " ".join(found["describe_preparation"].outputs)
    linked = " ".join(page["path"] for page in told(found["describe_run"])["pages"])
    for paths in (shown, linked):
        assert ("speech_spans" in paths, "saliency" in paths) == (spans, saliency)
        assert "tables/items.html" in paths


def test_every_link_and_caption_is_there_and_paper_and_templates_are_inputs():
    found = steps(["stn_max_voting", "stn_bilstm_flatten810", "cnn14_fine_tuned"])
    shown = [each for step in found.values() for each in step.shown]
    for each in shown:
        assert (ROOT / "resources" / "captions" / f"{each.caption}.rst").is_file()
    assert told(found["describe_run"])["weights"]
    pages = told(found["describe_run"])["pages"]
    assert len(pages) >= 8 and {page["path"] for page in pages} <= {each.path for each in shown}
    groups = {page["group"] for page in pages}
    assert {"table 1", "table 3", "table A2", "figure 7"} <= groups
    for step in found.values():
        assert "resources/templates/table.html.j2" in step.inputs
    tables = "resources/papers/luna_jimenez_2021/table1_speech.csv"
    assert tables in found["write_tables"].inputs
    assert tables not in found["draw_learning_curves"].inputs
