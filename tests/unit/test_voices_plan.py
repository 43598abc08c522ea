"""What a run on RAVDESS's voices consists of, and what it says of rows that need the films."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.plans import ROOT, SHIPPED, WEIGHTS, checked, merge, planned, read

from mmer.plan.rules import model_rules
from mmer.plan.weights import VOICE_ACTIVITY
from mmer.runtime.errors import UserError

FILMS = "the films are needed (this corpus is their sound alone, corpus: ravdess is both)"
OVERLAY = ROOT / "config" / "voices.yaml"
SPEECH = ("deepspectrum_svc", "panns_svc", "alexnet_fine_tuned", "cnn14_fine_tuned")


def voices(**sections):
    """The plan of ``make voices``."""
    return planned(**{**read(OVERLAY), **sections})


def states(plan) -> dict[str, str]:
    """What each system and fusion is: not run for a reason, a constant, or predicted."""
    systems = [*plan.systems.systems, *plan.systems.fusions]
    return {
        system["name"]: system.get("not_run") or next(k for k in system if k[0] in "cp")
        for system in systems
    }


def test_the_whole_paper_runs_on_the_voices_but_for_what_needs_films():
    shipped = read(ROOT / "config.yaml")
    found = states(planned(corpus="ravdess_voices", fusion=shipped["fusion"]))
    runs = {name for name, state in found.items() if state != FILMS}
    speech = {f"{model}/{variant}" for model in SPEECH for variant in ("full", "vad")}
    constants = {"human_speech/full", "human_face/full"}
    assert runs == speech | constants | {"zero_rule/full", "zero_rule_face/full"}
    assert len(found) == len(runs) + 17 + 6  # rows of faces, fusions of two kinds of inputs
    assert {found[name] for name in speech} == {"predictions"}


def test_a_fusion_says_everything_that_it_lacks(tmp_path):
    plan = planned(
        corpus="ravdess_voices",
        data={"mirror": str(tmp_path)},
        fusion={"pairings": {"both": ["cnn14_fine_tuned/full", "stn_max_voting/full"]}},
    )
    reasons = {fused["not_run"] for fused in plan.systems.fusions}
    assert reasons == {f"{plan.models.cannot_run('cnn14_fine_tuned')}; {FILMS}"}


def test_a_missing_archive_is_told_before_anything_runs(tmp_path):
    plan = planned(corpus="ravdess_voices", data={"ravdess_voices": str(tmp_path)})
    with pytest.raises(UserError, match=r"lacks Audio_Speech_Actors_01-24\.zip, and loose"):
        plan.corpora.check()
    (tmp_path / "Audio_Speech_Actors_01-24.zip").touch()
    plan.corpora.check()


def test_only_sound_is_prepared_and_asked_for():
    plan = planned(corpus="ravdess_voices")
    assert plan.prepared_media == {"voice": ("audio",)}
    asked = " ".join([*plan.report.outputs, *(i for s in plan.report.steps for i in s.inputs)])
    assert "/prepared/speech/24.csv" in asked
    assert "/prepared/frames/" not in asked and "/prepared/saliency/" not in asked


# The overlay


def test_the_overlay_is_table_1_without_its_fine_tuned_rows():
    found = states(voices())
    assert list(found) == [
        *("human_speech/full", "zero_rule/full", "deepspectrum_svc/full", "deepspectrum_svc/vad"),
        *("panns_svc/full", "panns_svc/vad"),
    ]
    assert set(found.values()) == {"constant", "predictions"}
    assert voices().configuration.label == "RAVDESS voices"


def test_one_line_of_it_switches_the_fine_tuned_rows_on(tmp_path):
    lines = OVERLAY.read_text("utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines) if "cnn14_fine_tuned" in line]
    lines[number] = lines[number].replace("#", "", 1)
    (tmp_path / "voices.yaml").write_text("\n".join(lines))
    configuration = checked(tmp_path / "voices.yaml")
    assert {model for model, _ in configuration.evaluated()} >= set(SPEECH)


def test_it_runs_from_the_films_too():
    found = states(voices(corpus="ravdess"))
    assert set(found.values()) == {"constant", "predictions"}
    assert voices(corpus="ravdess").configuration.label == "RAVDESS"


# Weights that cannot be had


@pytest.fixture
def downloads(tmp_path) -> Path:
    """A folder of downloads that holds the weights of voice activity alone."""
    place = tmp_path / "downloads" / WEIGHTS[VOICE_ACTIVITY].place
    place.parent.mkdir(parents=True)
    place.touch()
    return tmp_path / "downloads"


def nothing_more(downloads: Path) -> dict:
    """What ``config/downloaded.yaml`` says, of another folder."""
    said = read(ROOT / "config" / "downloaded.yaml")
    assert said == {"data": {"mirror": checked().data.downloads}}
    return {"data": {"mirror": str(downloads), "downloads": str(downloads)}}


def test_without_weights_the_voices_are_prepared_and_rows_say_why(downloads):
    plan = voices(**nothing_more(downloads))
    found = states(plan)
    assert found["zero_rule/full"] == "predictions"
    assert found["panns_svc/vad"] == (
        "weights missing (panns_cnn14_16k: the folder of downloads lacks "
        "zenodo.org/records/3987831/files/Cnn14_16k_mAP=0.438.pth)"
    )
    assert "alexnet_imagenet" in found["deepspectrum_svc/full"]
    (step,) = [step for step in plan.report.steps if step.name == "describe_preparation"]
    assert len(json.loads(step.told)["speech"]) == 24


def test_without_the_weights_of_voice_activity_only_trimmed_rows_are_missing(downloads):
    weights = downloads / WEIGHTS["panns_cnn14_16k"].place
    weights.parent.mkdir(parents=True)
    weights.touch()
    (downloads / WEIGHTS[VOICE_ACTIVITY].place).unlink()
    plan = voices(**nothing_more(downloads))
    assert states(plan)["panns_svc/full"] == "predictions"
    assert "speech_music_noise_vad" in states(plan)["panns_svc/vad"]
    assert not [path for path in plan.report.outputs if "speech_spans" in path]


# Recordings that are there twice


def test_what_looks_at_recordings_waits_for_their_comparison():
    compared = ["results/voices/prepared/same_recordings.csv"]
    rules = {rule.name: rule.compared for rule in model_rules(voices().models)}
    waiting = {name for name, found in rules.items() if found == compared}
    assert waiting >= {"embed_cnn14_embedding", "embed_alexnet_embedding", "train_cnn14"}
    assert {name: found for name, found in rules.items() if name not in waiting} == {
        name: [] for name in rules if name.startswith(("classify", "predict", "vote", "import"))
    }
    told = json.loads(voices().corpora.told_of_comparison())
    assert len(told["audio"]) == 24 and told["classes"] == ["emotion"]
    assert planned(systems=["zero_rule"]).corpora.comparison == []


def test_the_small_overlay_needs_no_large_weights_and_is_not_judged_by_papers_networks(tmp_path):
    small = read(ROOT / "config" / "voices_small.yaml")
    small["models"] = merge(read(SHIPPED)["models"], small["models"])
    # A mirror without any weights but the small ones that every laptop has room for.
    for small_weights in (VOICE_ACTIVITY, "resemblyzer"):
        weights = tmp_path / "mirror" / WEIGHTS[small_weights].place
        weights.parent.mkdir(parents=True)
        weights.touch()
    plan = planned(**small, data={"mirror": str(tmp_path / "mirror")})
    missing = {name: state for name, state in states(plan).items() if "weights" in state}
    assert not missing
    systems = {system["name"]: system for system in plan.systems.systems}
    random = {name for name, system in systems.items() if system.get("unlike_paper")}
    speech = {f"{model}/{variant}" for model in SPEECH for variant in ("full", "vad")}
    assert random == {*speech, "words/full"}
    assert "words alone leave chance here" in systems["words/full"]["note"]
    assert systems["cnn14_fine_tuned/vad"]["unlike_paper"] == "random initial weights"
    beside = plan.systems.paper_rows([*systems])
    assert not [name for name in beside if name.startswith(("small_network", "functionals"))]


def test_the_end_to_end_overlay_hears_raw_sound_and_needs_no_weights(tmp_path):
    overlay = read(ROOT / "config" / "voices_end_to_end.yaml")
    plan = planned(**merge(read(SHIPPED), overlay | {"data": {"mirror": str(tmp_path)}}))
    assert states(plan) == {"zero_rule/full": "predictions", "raw_voice/full": "predictions"}
    assert set(plan.models.inputs("raw_voice", "train", "full", "fold0")) == {"items", "audio"}
