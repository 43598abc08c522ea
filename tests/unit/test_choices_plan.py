"""What the choices are worth, as a run plans it: which system is looked at in which ways."""

from __future__ import annotations

import json

from tests.plans import planned

SYSTEMS = [
    "human_speech",
    "zero_rule",
    "panns_svc/full",
    "cnn14_fine_tuned/full",
    "stn_bilstm_fc50/full",
]


def told(kind: str, systems: list[str] = SYSTEMS, **sections) -> dict:
    plan = planned(systems=systems, protocol={"kind": kind}, **sections)
    return json.loads(plan.choices.told)


def by_name(job: dict) -> dict[str, dict]:
    return {each["name"]: each for each in job["systems"]}


def test_one_protocol_alone_weighs_nothing():
    assert not planned(protocol={"kind": "paper"}).choices.weighed
    names = [step.name for step in planned(protocol={"kind": "paper"}).report.steps]
    assert "tabulate_choices" not in names


def test_a_network_s_epoch_is_weighed_and_an_svm_s_nothing():
    found = by_name(told("both"))
    network, machine = found["cnn14_fine_tuned/full"], found["panns_svc/full"]
    assert network["chosen"] == ["epoch"]
    assert len(network["seeds"][0]["predictions"]["paper"]) == 5
    assert len(network["seeds"][0]["predictions"]["nested"]) == 20
    assert set(network["absent"]) == {"setting"}
    assert machine["chosen"] == []
    assert set(machine["absent"]) == {"epoch", "setting"}


def test_last_weights_are_no_choice_and_values_of_c_are_one():
    models = {"cnn14_fine_tuned": {"settings": {"keep": "last"}}}
    models["panns_svc"] = {"settings": {"try_C": [0.1, 1.0]}}
    plan_models = planned(protocol={"kind": "both"}).run.configuration.models
    given = {name: entry.model_dump(mode="json") for name, entry in plan_models.items()}
    for name, entry in models.items():
        given[name]["settings"].update(entry["settings"])
    found = by_name(told("both", models=given))
    assert found["cnn14_fine_tuned/full"]["chosen"] == []
    assert found["panns_svc/full"]["chosen"] == ["setting"]


def test_a_bi_lstm_chooses_two_things_so_that_crossed_predictions_are_read_too():
    plan = planned(systems=SYSTEMS, protocol={"kind": "both"})
    found = by_name(json.loads(plan.choices.told))["stn_bilstm_fc50/full"]
    assert found["chosen"] == ["epoch", "setting"]
    (tables,) = found["seeds"]
    assert len(tables["crossed"]) == 20
    assert set(tables["crossed"].values()) <= set(plan.choices.files)


def test_what_is_not_to_be_had_says_why():
    found = by_name(told("both"))
    assert found["human_speech/full"]["absent"]["paper"].startswith("a constant (")
    alone = by_name(told("nested"))["cnn14_fine_tuned/full"]
    assert alone["absent"]["paper"] == "the paper's protocol was not run"
    assert set(alone["seeds"][0]["predictions"]) == {"nested"}


def test_a_fusion_is_told_its_own_classifiers():
    pairings = {name: ["cnn14_fine_tuned/full", "zero_rule/full"] for name in ("one", "two")}
    one = {"classifiers": {"knn": {"k": []}}}
    job = told("both", fusion={"pairings": pairings, "by_pairing": {"one": one}})
    grids = {each["name"]: each["settings"]["classifiers"]["knn"]["k"] for each in job["fusions"]}
    assert grids["one/minmax"] == [] and grids["two/minmax"]
    assert set(job["fusions"][0]["seeds"][0]["fused"]) == {"paper", "nested"}


def test_the_report_shows_a_table_and_a_figure_that_name_the_protocols():
    steps = planned(systems=["zero_rule"], protocol={"kind": "both"}).report.steps
    step = next(step for step in steps if step.name == "tabulate_choices")
    assert "results/paper/tables/choices.html" in step.outputs
    assert "results/paper/figures/choices.svg" in step.outputs
    label = json.loads(step.told)["label"]
    assert label.endswith("the paper's protocol and nested protocol")


def test_by_recording_is_read_with_the_table_that_says_who_is_in_which_fold():
    protocol = {"kind": "all", "beside": ["panns_svc"]}
    plan = planned(systems=["panns_svc/full", "cnn14_fine_tuned/full"], protocol=protocol)
    job = json.loads(plan.choices.told)
    (tables,) = by_name(job)["panns_svc/full"]["seeds"]
    assert set(tables["predictions"]) == {"paper", "nested", "by_recording"}
    absent = by_name(job)["cnn14_fine_tuned/full"]["absent"]
    assert absent["by_recording"] == "protocol.beside does not name it"
    assert job["divided"] == plan.corpora.items("by_recording") != job["items"]
    assert {job["divided"], job["items"]} <= set(plan.choices.files)
    steps = {step.name: step for step in plan.report.steps}
    assert "BY RECORDING" in json.loads(steps["tabulate_choices"].told)["label"]


def test_every_seed_is_weighed_of_what_is_random_and_one_of_what_is_not():
    plan = planned(
        systems=["cnn14_fine_tuned/full", "zero_rule"],
        protocol={"kind": "both"},
        seeds=[2020, 7],
        fusion={"pairings": {"both": ["cnn14_fine_tuned/full", "zero_rule/full"]}},
    )
    job = json.loads(plan.choices.told)
    first, second = by_name(job)["cnn14_fine_tuned/full"]["seeds"]
    assert "seed7/" in second["predictions"]["nested"]["pair0_1_a"]
    assert "seed" not in first["predictions"]["nested"]["pair0_1_a"]
    assert len(by_name(job)["zero_rule/full"]["seeds"]) == 1
    fusion = job["fusions"][0]["seeds"]
    assert len(fusion) == 2
    assert "seed7/" in fusion[1]["fused"]["paper"]
    assert "seed7/" in fusion[1]["systems"]["cnn14_fine_tuned/full"]["pair0_1_a"]
    assert "seed7/" not in fusion[1]["systems"]["zero_rule/full"]["pair0_1_a"]
