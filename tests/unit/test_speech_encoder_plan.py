"""What a run with encoders of speech consists of."""

from __future__ import annotations

import json

import pytest
from tests.plans import planned

from mmer.plan.rules import model_rules


def plan_of(settings, family="speech_encoder", **sections):
    """A run on voices with one such model, ``mine``."""
    entry = {"family": family, "title": "mine", "settings": settings}
    return planned(
        **{"corpus": "ravdess_voices", "models": {"mine": entry}, "systems": ["mine"], **sections}
    )


def told(plan, verb, split=""):
    return json.loads(plan.models.told("mine", verb, "full", split))


def test_encoding_knows_nothing_of_heads_and_heads_read_what_it_keeps():
    plan = plan_of({"weights": "wavlm_large"})
    encoding = told(plan, "encode")
    assert "head" not in encoding["options"]["settings"] and encoding["splits"] == {}
    assert encoding["weights"]["name"] == "wavlm_large"
    first = next(iter(plan.corpora.splits))
    head = told(plan, "train", first)
    assert head["inputs"]["layers"] == ["results/paper/models/mine/full/layers.npy"]
    assert "weights" not in head and "audio" not in head["inputs"]
    assert [rule.name for rule in model_rules(plan.models)] == [
        "encode_speech_encoder",
        "train_speech_encoder",
    ]


@pytest.mark.parametrize("family", ["speech_encoder", "fine_tuned_speech_encoder"])
def test_weights_that_a_mirror_lacks_leave_a_row_that_says_so(tmp_path, family):
    plan = plan_of({"weights": "hubert_base"}, family, data={"mirror": str(tmp_path)})
    reason = "weights missing (hubert_base: the mirror lacks huggingface.co/facebook/hubert-base"
    assert plan.models.cannot_run("mine").startswith(reason)
    assert plan.models.title("mine") == "mine"


def test_random_weights_are_named_in_the_title():
    plan = plan_of({"weights": "random"})
    assert plan.models.title("mine") == "mine (random initial weights)"
    assert plan.models.unlike_paper("mine") == "random initial weights"
    assert plan.models.cannot_run("mine") is None


@pytest.mark.parametrize(
    ("there", "file"),
    [
        ([], "model.safetensors"),
        (["pytorch_model.bin"], "pytorch_model.bin"),
        (["pytorch_model.bin", "model.safetensors"], "model.safetensors"),
    ],
)
def test_a_local_folders_files_are_inputs(tmp_path, there, file):
    for name in there:
        (tmp_path / name).touch()
    plan = plan_of({"weights": "folder", "folder": str(tmp_path)})
    inputs = told(plan, "encode")["inputs"]
    assert inputs["encoder_configuration"] == [str(tmp_path / "config.json")]
    assert inputs["encoder_weights"] == [str(tmp_path / file)]
    assert plan.models.weights_file("mine", "encode") == []
    assert plan.models.title("mine") == "mine"
