"""Rules of models: one for every step that some model takes, named by verb and family."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.plans import SHIPPED, planned, read

from mmer.plan import Plan
from mmer.plan.rules import ModelRule, model_rules

RULES = Path(__file__).parents[2] / "rules"
SPEAKERS = [f"{actor:02d}" for actor in range(1, 25)]


def rules_of(**sections) -> dict[str, ModelRule]:
    """The rules of a run by name."""
    return {rule.name: rule for rule in model_rules(planned(**sections).models)}


def wildcards(**values: str):
    """What the engine gives to a rule's functions."""
    return SimpleNamespace(get=values.get, **values)


def test_a_rule_is_named_by_its_step_and_taken_by_every_model_of_the_family():
    rules = rules_of()
    assert rules["predict_majority"].models == "zero_rule|zero_rule_face"
    assert rules["train_cnn14"].models == "cnn14_fine_tuned"
    assert rules["train_spatial_transformer"].models == "stn_from_scratch|stn_fine_tuned"
    assert not [name for name in rules if "literature" in name]


def test_naming_affectnets_folder_trains_only_the_network_that_nobody_published(tmp_path):
    rules = rules_of(data={"affectnet": str(tmp_path)})
    assert rules["import_published_spatial_transformer"].models == "affectnet_valence"
    everybody = rules["train_spatial_transformer_on_affectnet"]
    assert everybody.models == "affectnet_emotion"
    place = "results/paper/models"
    files = ("model.safetensors", "history.csv", "held_out.csv")
    assert everybody.outputs == [f"{place}/{{model}}/{file}" for file in files]
    needed = everybody.inputs(wildcards(model="affectnet_emotion"))
    scores = [f"{place}/affectnet_emotion/fold{fold}/score.csv" for fold in range(5)]
    assert [path for path in needed if path.endswith("score.csv")] == scores


def test_a_published_network_is_imported_for_the_classes_of_its_target():
    told = json.loads(planned().models.told("affectnet_valence", "import_published"))
    assert told["task"]["names"] == ["neutral", "positive", "negative"]
    told = json.loads(planned().models.told("affectnet_valence", "score", "full"))
    assert len(told["task"]["names"]) == 8  # whose items are scored


def test_the_published_network_is_trained_again_where_the_user_asks(tmp_path):
    models = read(SHIPPED)["models"]
    models["affectnet_valence"]["published"] = None
    plan = planned(data={"affectnet": str(tmp_path)}, models=models)
    rules = {rule.name: rule for rule in model_rules(plan.models)}
    held_out = rules["validate_spatial_transformer_on_affectnet"]
    assert held_out.models == "affectnet_valence|affectnet_emotion"
    assert held_out.outputs == [
        f"results/paper/models/{{model}}/{{split}}/{file}" for file in ("score.csv", "history.csv")
    ]
    told = json.loads(held_out.told(wildcards(model="affectnet_valence", split="fold3")))
    assert told["splits"]["fold3"]["by"] == "fold_valence"
    assert told["splits"]["fold3"]["test"] == ["3"] and "stop_on_all" not in str(told["options"])
    told = json.loads(
        rules["train_spatial_transformer_on_affectnet"].told(wildcards(model="affectnet_valence"))
    )
    (split,) = told["splits"].values()
    assert split["train"] == list("01234") and split["choose"] == split["test"] == []


def test_a_job_for_a_variant_writes_every_split_and_one_for_a_split_its_own():
    rules = rules_of(protocol={"folds": [SPEAKERS[:12], SPEAKERS[12:]]})
    assert rules["predict_majority"].outputs == [
        f"results/paper/predictions/{{model}}/{{variant}}/fold{fold}.csv" for fold in (0, 1)
    ]
    assert "results/paper/predictions/{model}/{variant}/{split}.csv" in rules["train_cnn14"].outputs
    assert (
        rules["train_cnn14"].log == "results/paper/logs/train_cnn14/{model}_{variant}_{split}.log"
    )


def test_a_model_reads_the_outputs_of_the_one_that_it_is_of():
    rules = rules_of()
    assert rules["vote_max_voting"].inputs(wildcards(model="stn_max_voting", variant="vad"))[
        1:
    ] == [
        f"results/paper/models/stn_fine_tuned/vad/fold{fold}/frame_logits.npz" for fold in range(5)
    ]
    sequence = rules["train_bilstm"].inputs(wildcards(model="affectnet_bilstm_fc50", variant="vad"))
    assert sequence[-1] == "results/paper/models/affectnet_valence/model.safetensors"


def test_published_weights_are_read_where_a_model_starts_from_them():
    train = rules_of()["train_cnn14"].inputs
    read = train(wildcards(model="cnn14_fine_tuned", variant="full", split="fold0"))
    assert [path for path in read if "Cnn14_16k" in path]


@pytest.mark.parametrize(("device", "gpu", "share"), [("cpu", 0, 0), ("cuda", 1, 500)])
def test_trainings_take_a_gpu_where_there_is_one_and_tables_never(device, gpu, share):
    rules = rules_of(compute={"device": device, "gpus": 2})
    assert (rules["train_cnn14"].gpu, rules["train_cnn14"].gpu_share) == (gpu, share)
    for name in ("predict_majority", "classify_support_vector", "vote_max_voting"):
        assert (rules[name].gpu, rules[name].gpu_share, rules[name].launcher) == (0, 0, "")


def test_small_trainings_share_a_gpu_where_the_user_says_so():
    rules = rules_of(compute={"device": "cuda", "gpus": 1, "jobs_per_gpu": 4})
    assert rules["train_bilstm"].gpu_share == 250
    assert rules["train_cnn14"].gpu_share == 1000


def test_every_further_attempt_has_more_memory_and_time_up_to_a_day():
    rule = rules_of()["train_cnn14"]
    assert rule.memory(None, attempt=3) == 3 * rule.memory(None, attempt=1)
    assert [rule.minutes(None, attempt) for attempt in (1, 2, 3)] == [720, 1440, 1440]


@pytest.mark.parametrize("file", sorted(RULES.glob("*.smk")), ids=lambda file: file.stem)
def test_what_jobs_are_told_follows_from_wildcards_alone(file):
    """The engine re-runs nothing for a parameter that it derives from inputs or outputs."""
    told = re.findall(r"^ +job=(.*)", file.read_text("utf-8"), re.MULTILINE)
    assert told
    for function in told:
        assert not re.match(r"lambda [^:]*\b(input|output|threads|resources)\b", function), function
    for function in (Plan.told_of_preparation, Plan.told_of_saliency, ModelRule.told):
        assert set(inspect.signature(function).parameters) <= {"self", "wildcards"}
