"""What a run plans under each protocol, and what several protocols share."""

from __future__ import annotations

import json

import pytest
from tests.plans import ROOT, SHIPPED, WEIGHTS, checked, planned, read

from mmer.plan import Plan
from mmer.plan.rules import model_rules
from mmer.runtime.errors import UserError

LONGEST = 131_072
"""Bytes of one argument of a command, on Linux."""


def test_a_nested_protocol_beside_the_papers_repeats_nothing_of_it():
    fusion = {"pairings": {"both": ["zero_rule/full", "cnn14_fine_tuned/full"]}}
    alone, both = (planned(fusion=fusion, protocol={"kind": kind}) for kind in ("paper", "both"))
    jobs = [("cnn14_fine_tuned", "train", "full", "fold0"), ("panns_svc", "classify", "vad", "")]
    jobs += [("stn_bilstm_fc50", "train", "full", ""), ("panns_cnn14_embedding", "embed", "vad")]
    for job in jobs:
        assert alone.models.told(*job) == both.models.told(*job)
    for told in ("told_of_fusion", "told_of_evaluation"):
        given = ("both", "minmax") if told == "told_of_fusion" else (alone.paper,)
        papers = [getattr(plan.systems, told)(*given, "paper") for plan in (alone, both)]
        assert papers[0] == papers[1]
    shown = {step.name: step.told for step in both.report.steps}
    assert all(shown[step.name] == step.told for step in alone.report.steps[:-1])
    names = {rule.name for rule in model_rules(both.models)}
    nested = {name for name in names if name.endswith("_nested")}
    assert names - nested == {rule.name for rule in model_rules(alone.models)}
    # What every protocol shares is made once.
    assert not {"embed_cnn14_embedding_nested", "score_spatial_transformer_nested"} & nested
    assert "train_cnn14_nested" in nested


def test_the_nested_protocol_alone_asks_for_nothing_of_the_papers():
    plan = planned(protocol={"kind": "nested"})
    assert "train_cnn14" not in {rule.name for rule in model_rules(plan.models)}
    told = json.loads(plan.systems.told_of_evaluation(plan.paper, "nested"))
    assert len(told["nested"]) == 20
    had = [set(s["predictions"]) for s in told["systems"] if "predictions" in s]
    assert had and all(splits == set(told["nested"]) for splits in had)
    assert "nested protocol" in json.loads(plan.report.steps[0].told)["label"]


def test_a_model_trained_elsewhere_says_why_it_is_not_nested_and_still_takes_part_in_fusion():
    published = checked(ROOT / "config" / "published.yaml", {"protocol": {"kind": "both"}})
    plan = Plan(published, planned().run.kinds, WEIGHTS, ROOT / "workflow_scripts")
    nested = {system["name"]: system for system in plan.systems.systems_under("nested")}
    assert "the paper's splits only" in nested["wav2vec2/full"]["not_run"]
    fused = plan.systems.fusions_under("nested")[0]
    assert "those who are tested chose" in fused["title"]
    told = json.loads(plan.systems.told_of_fusion(fused["variant"], fused["fed"], "nested"))
    assert set(told["systems"]["wav2vec2/full"]) == {f"fold{number}" for number in range(5)}


def test_two_folds_cannot_be_nested():
    speakers = [f"{number:02d}" for number in range(1, 25)]
    with pytest.raises(UserError, match=r"protocol\.folds.*three folds at least"):
        planned(protocol={"kind": "both", "folds": [speakers[:12], speakers[12:]]})


def test_the_whole_paper_under_every_protocol_with_three_seeds_is_told_on_command_lines():
    """But for one step, whose job lies in a file."""
    several = {"protocol": {"kind": "all"}, "seeds": [2020, 2021, 2022]}
    plan = planned(fusion=read(SHIPPED)["fusion"], data={"affectnet": "somewhere"}, **several)
    evaluated = plan.configuration.protocol.evaluated
    texts = [plan.systems.told_of_evaluation(plan.paper, p, "seed2022/") for p in evaluated]
    texts += [step.told for step in plan.report.steps] + [plan.seeds.told(p) for p in evaluated]
    texts.append(plan.models.told("stn_bilstm_posteriors8", "train", "vad", "", "nested"))
    assert max(map(len, texts)) < LONGEST * 3 / 4
    assert len(plan.choices.told) > LONGEST


# By recording


def test_by_recording_warns_in_every_title_and_reads_the_divided_items():
    plan = planned(systems=["panns_svc", "cnn14_fine_tuned"], protocol={"kind": "by_recording"})
    labels = [json.loads(step.told)["label"] for step in plan.report.steps]
    assert all("BY RECORDING: whoever is tested is heard in training too" in it for it in labels)
    told = json.loads(plan.models.told("panns_svc", "classify", "vad"))
    assert list(told["splits"]) == [f"recordings{number}" for number in range(5)]
    assert told["inputs"]["items"] == [plan.run.layout.divided_items()]
    assert json.loads(plan.models.told("panns_cnn14_embedding", "embed", "vad"))["inputs"][
        "items"
    ] == [plan.run.layout.items()]
    systems = {system["name"]: system for system in plan.systems.systems}
    assert "speakers on both sides" in systems["panns_svc/vad"]["unlike_paper"]
    assert "predictions" in systems["cnn14_fine_tuned/vad"]


def test_only_named_models_take_part_in_a_protocol_beside_the_first():
    systems = ["panns_svc", "cnn14_fine_tuned", "affectnet_bilstm_fc50", "stn_bilstm_fc50"]
    pairings = {
        "named": ["panns_svc/vad", "stn_bilstm_fc50/vad"],
        "other": ["panns_svc/vad", "cnn14_fine_tuned/vad"],
    }
    beside = ["panns_svc", "stn_bilstm_fc50"]
    protocol = {"kind": "both", "beside": beside}
    plan = planned(systems=systems, fusion={"pairings": pairings}, protocol=protocol)
    nested = {s["name"]: s for s in plan.systems.systems_under("nested")}
    assert {name.split("/")[0] for name, s in nested.items() if "predictions" in s} == {*beside}
    assert nested["cnn14_fine_tuned/vad"]["not_run"] == "protocol.beside does not name it"
    assert all("predictions" in system for system in plan.systems.systems_under("paper"))
    fused = {f["variant"]: "predictions" in f for f in plan.systems.fusions_under("nested")}
    assert fused == {"named": True, "other": False}
    names = {rule.name: rule.names for rule in model_rules(plan.models)}
    # What a named model reads is trained for it.
    assert names["train_bilstm_nested"] == ("stn_bilstm_fc50",)
    assert names["train_spatial_transformer_nested"] == ("stn_fine_tuned",)
    assert "train_cnn14_nested" not in names


def test_networks_are_nested_without_being_trained_by_recording():
    systems, protocol = ["panns_svc", "cnn14_fine_tuned"], {"by_recording": ["panns_svc"]}
    plan = planned(systems=systems, protocol={"kind": "all", **protocol}, seeds=[2020, 7])
    told = {s["name"]: s for s in plan.systems.systems_under("by_recording")}
    reason = "protocol.by_recording does not name it"
    assert told["cnn14_fine_tuned/full"]["not_run"] == reason
    names = {rule.name for rule in model_rules(plan.models)}
    assert {"train_cnn14_nested", "classify_support_vector_by_recording"} < names
    assert "train_cnn14_by_recording" not in names
    # Alone it is the run's own protocol, in which everybody takes part.
    alone = planned(systems=systems, protocol={"kind": "by_recording", **protocol})
    assert all("predictions" in system for system in alone.systems.systems)


@pytest.mark.parametrize("key", ["beside", "by_recording"])
def test_a_model_beside_that_is_not_known_is_named(key):
    with pytest.raises(UserError, match=rf"protocol\.{key}.*panns_svc"):
        planned(protocol={"kind": "all", key: ["panns_svm"]})


def test_traces_are_not_divided_by_recording():
    values = {"corpus": "recola", "data": {"recola": "somewhere"}, "systems": ["zero_rule"]}
    with pytest.raises(UserError, match="divided by their classes"):
        planned(**values, protocol={"kind": "by_recording"})
