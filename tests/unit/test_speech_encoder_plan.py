"""What a run with encoders of speech consists of."""

from __future__ import annotations

import json

import pytest
from tests.plans import ROOT, WEIGHTS, checked, planned

from mmer.media.weights_registry import read_registered
from mmer.plan import Plan
from mmer.plan.rules import model_rules
from mmer.registry import read_registry


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


# The shipped overlays


def overlay(*files, **sections):
    """The plan of shipped overlays, one laid over the other, with other sections."""
    configuration = checked(*(ROOT / "config" / f"{file}.yaml" for file in files), sections)
    posteriors = read_registered(ROOT / "resources" / "published_posteriors.yaml")
    kinds = read_registry()
    return Plan(configuration, kinds, {**WEIGHTS, **posteriors}, ROOT / "workflow_scripts")


def test_what_others_state_stands_under_the_protocol_that_it_was_found_under():
    nested, paper = overlay("encoders"), overlay("encoders", protocol={"kind": "both"})
    stated = {"emobox_hubert_base": 66.2, "emobox_wavlm_large": 72.2, "pipeline_wavlm_large": 70.3}
    for plan, protocol, said in ((nested, "nested", False), (paper, "paper", True)):
        rows = {row["name"]: row for row in plan.systems.systems_under(protocol)}
        for name, accuracy in stated.items():
            row = rows[f"{name}/full"]
            assert row["constant"] == accuracy and row["source"]
            assert ("found under the nested protocol" in row["title"]) == said


def test_under_the_nested_protocol_all_trainings_read_the_layers_that_are_kept_once():
    plan = overlay("encoders", protocol={"kind": "both"})
    assert len(plan.corpora.trainings["nested"]) == 10  # two of five folds are held out
    layers = ["results/encoders/models/wavlm_large/full/layers.npy"]
    for protocol, trainings in plan.corpora.trainings.items():
        for training in trainings:
            told_of_it = plan.models.told("wavlm_large", "train", "full", training, protocol)
            assert json.loads(told_of_it)["inputs"]["layers"] == layers


def test_the_later_paper_stands_beside_what_its_authors_published():
    plan = overlay(
        "published", "later_paper", models={"action_units": {"settings": {"folder": "t"}}}
    )
    rows = [system["name"] for system in plan.systems.systems]
    pairs = [
        ("wav2vec2", "wav2vec2_here"),
        ("au_bilstm", "au_bilstm_here"),
        ("au_mlp", "au_mlp_here"),
    ]
    for published, ours in pairs:
        assert rows.index(f"{ours}/full") == rows.index(f"{published}/full") + 1
    assert not any("not_run" in each for each in [*plan.systems.systems, *plan.systems.fusions])
    known = plan.systems.paper_rows([f"{ours}/full" for _, ours in pairs])
    assert [row["row"]["model"] for row in known.values()] == ["wav2vec2", "au_bilstm", "au_mlp"]
    told = json.loads(plan.models.told("wav2vec2_here", "train", "full", "fold0"))
    settings = told["options"]["settings"]
    assert (settings["batch_size"], settings["max_epochs"], settings["learning_rate"]) == (
        8,
        10,
        1e-4,
    )
    assert told["weights"]["name"] == "wav2vec2_large_english"
