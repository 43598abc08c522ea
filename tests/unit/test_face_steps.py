"""The steps of the face families, from prepared frames to predictions."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from tests.pictured_items import (
    CPU,
    ITEMS,
    OTHER,
    PLACES,
    SPEAKERS,
    SPLIT,
    TASK,
    frames_and_maps,
    pictures_and_items,
    write_prepared,
)

from mmer.items import write_items
from mmer.media.speech_spans import SpeechSpan, write_spans
from mmer.models.base import Family, ModelJob
from mmer.models.bilstm import BiLstm
from mmer.models.max_voting import MaxVoting
from mmer.models.networks.bilstm_training import SequenceTraining
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.networks.spatial_transformer_training import SpatialTransformerTraining
from mmer.models.spatial_transformer import SpatialTransformer
from mmer.predictions import read_predictions
from mmer.protocol import Split, everybody
from mmer.ragged import read_ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model, write_model

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
SPLITS = {"fold0": SPLIT, "fold1": OTHER}
SIZES = [{"layers": 1, "units": units, "attention_layers": 1} for units in (6, 3)]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch) -> Iterator[None]:
    """What a step sets for its whole process is undone for the next test."""
    monkeypatch.setenv("MMER_DEVICE", "cpu")
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def prepared(tmp_path) -> dict[str, tuple[Path, ...]]:
    """Prepared files of three speakers, with spans of two frames."""
    inputs = write_prepared(tmp_path)
    for speaker in SPEAKERS:
        names = frames_and_maps((speaker,))[0].items
        spans = {name: SpeechSpan(1 / 30, 3 / 30, True) for name in names}
        write_spans(tmp_path / "speech" / f"{speaker}.csv", spans)
    speech = tuple(tmp_path / "speech" / f"{speaker}.csv" for speaker in SPEAKERS)
    return {**inputs, "speech": speech}


def _job(family: Family, step: str, folder: Path, **told: Any) -> ModelJob:
    """Do a step; its outputs lie in ``folder``."""
    common = {"family": family.name, "step": step, "model": "face", "task": TASK, "seed": 3}
    job = ModelJob(**common | told)
    family.run(job)
    return job


def _train(
    inputs: dict[str, tuple[Path, ...]], folder: Path, variant: str = "full", **changes: Any
) -> Path:
    """Train a spatial transformer; give its weights."""
    told = {"options": {}, "settings": {}} | changes
    settings = {"batch_size": 8, "max_epochs": 2} | told.pop("settings")
    told["options"] = told["options"] | {"settings": settings}
    files = {"model": "model.safetensors", "history": "history.csv", "frame_logits": "logits.npz"}
    _job(
        SpatialTransformer(),
        "train",
        folder,
        **{"variant": variant, "splits": {"fold0": SPLIT}, "inputs": inputs}
        | {"outputs": {name: {"fold0": folder / file} for name, file in files.items()}}
        | {"checkpoint": folder / "checkpoint.safetensors"}
        | told,
    )
    return folder / "model.safetensors"


def _grid(inputs: dict[str, tuple[Path, ...]], folder: Path, variant: str) -> ModelJob:
    """Train the bi-LSTMs of two splits."""
    files = {"predictions": "p.csv", "model": "m.safetensors", "history": "h.csv"}
    files |= {"attention": "a.npz", "crossed": "c.csv"}
    by_split = {
        name: {split: folder / split / file for split in SPLITS} for name, file in files.items()
    }
    settings = {"layer": "fc50", "architectures": SIZES, "batch_size": 4, "max_epochs": 2}
    return _job(
        BiLstm(),
        "train",
        folder,
        variant=variant,
        splits=SPLITS,
        inputs=inputs,
        outputs={**by_split, "architectures": {"": folder / "architectures.csv"}},
        options={"settings": settings},
        checkpoint=folder / "checkpoint.safetensors",
    )


def _provenance(model: Path) -> dict[str, Any]:
    with safe_open(model, framework="pt") as stream:
        return json.loads(stream.metadata()["provenance"])


@pytest.mark.parametrize(("variant", "frames"), [("full", sum(range(4, 7)) * 3), ("vad", 18)])
def test_steps_lead_from_frames_to_predictions(prepared, tmp_path, variant, frames):
    stn = tmp_path / "stn"
    model = _train(prepared, stn, variant)
    assert _train(prepared, tmp_path / "again", variant).read_bytes() == model.read_bytes()
    logits = read_ragged([stn / "logits.npz"])
    assert logits.values.shape == (frames, 8)
    assert pd.read_csv(stn / "history.csv")["epoch"].tolist() == [1, 2]
    job = _grid({**prepared, "model": (model,)}, tmp_path / "lstm", variant)
    for split, speaker in (("fold0", "s3"), ("fold1", "s1")):
        found = read_predictions(job.output("predictions", split), TASK, ITEMS)
        assert set(found.only("test").items.speakers) == {speaker}
        assert found.logits is not None
        attention = read_ragged([job.output("attention", split)])
        np.testing.assert_array_equal(attention.offsets, logits.offsets)
        assert pd.read_csv(job.output("history", split))["kept"].sum() == 1
        assert _provenance(job.output("model", split))["split"]["test"] == [speaker]
    grid = pd.read_csv(job.output("architectures"))
    assert list(grid["units"]) == [6, 3, 6, 3]
    assert list(grid["split"]) == ["fold0"] * 2 + ["fold1"] * 2
    means = grid.groupby("architecture", sort=False)["accuracy"].mean()
    assert set(grid["architecture"][grid["chosen"]]) == {means.idxmax()}
    assert not list(tmp_path.rglob("checkpoint*"))


@pytest.mark.parametrize("training", [SpatialTransformerTraining, SequenceTraining])
def test_a_killed_training_whose_data_change_begins_anew(prepared, tmp_path, monkeypatch, training):
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(sys.modules[__name__], "SIZES", SIZES[:1])
    inputs = dict(prepared)
    if training is SequenceTraining:
        inputs["model"] = (_train(prepared, tmp_path / "stn"),)

    def trained(folder: str) -> bytes:
        if training is SpatialTransformerTraining:
            return _train(inputs, tmp_path / folder).read_bytes()
        return _grid(inputs, tmp_path / folder, "full").output("model", "fold0").read_bytes()

    measured = training.scores

    def killed_at_the_second_look(self: Any) -> dict[str, float]:
        patched.setattr(training, "scores", killed)
        return measured(self)

    def killed(self: Any) -> dict[str, float]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(training, "scores", killed_at_the_second_look)
        trained("killed")
    frames = read_ragged(prepared["frames"][:1])
    write_ragged(prepared["frames"][0], replace(frames, values=255 - frames.values))
    assert trained("killed") == trained("anew")


def test_frames_vote_for_every_split_without_loading_torch(prepared, tmp_path):
    logits = read_ragged(prepared["frames"])
    sure = np.tile(5 * np.eye(8, dtype=np.float32)[2], (len(logits.values), 1))
    write_ragged(tmp_path / "logits.npz", type(logits)(logits.items, sure, logits.offsets, 30.0))
    job = ModelJob(
        family="max_voting",
        step="vote",
        model="face",
        task=TASK,
        base_task=TASK,
        splits=SPLITS,
        inputs={"items": prepared["items"], "frame_logits": (tmp_path / "logits.npz",)},
        outputs={"predictions": {split: tmp_path / f"{split}.csv" for split in SPLITS}},
    )
    program = (
        "import sys\n"
        "from mmer.models.base import ModelJob\n"
        "from mmer.models.max_voting import MaxVoting\n"
        "MaxVoting().run(ModelJob.model_validate_json(sys.argv[1]))\n"
        "assert 'torch' not in sys.modules"
    )
    environment = {"PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program, job.model_dump_json()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for split in SPLITS:
        assert (read_predictions(tmp_path / f"{split}.csv", TASK, ITEMS).predicted == 2).all()


def test_a_network_of_fewer_classes_scores_frames_that_vote_for_all(prepared, tmp_path):
    torch.manual_seed(1)
    network = GuidedSpatialTransformer(classes=7).state_dict()
    write_model(tmp_path / "seven.safetensors", network, {"provenance": "{}"})
    score = _job(
        SpatialTransformer(),
        "score",
        tmp_path,
        seed=None,
        variant="full",
        inputs={**prepared, "model": (tmp_path / "seven.safetensors",)},
        outputs={"frame_logits": {"": tmp_path / "logits.npz"}},
    )
    logits = read_ragged([score.output("frame_logits")])
    assert logits.values.shape == (3 * sum(range(4, 7)), 7)
    vote = _job(
        MaxVoting(),
        "vote",
        tmp_path,
        task=TASK.model_copy(update={"shared": {"b": "a"}}),
        base_task=TASK.model_copy(update={"names": ("a", *PLACES[2:])}),
        splits={"fold0": SPLIT},
        inputs={**prepared, "frame_logits": (tmp_path / "logits.npz",)},
        outputs={"predictions": {"fold0": tmp_path / "p.csv"}},
    )
    found = read_predictions(vote.output("predictions"), TASK, ITEMS).probabilities
    np.testing.assert_array_equal(found[:, 0], found[:, 1])


def test_trained_weights_are_started_from(prepared, tmp_path):
    torch.manual_seed(9)
    base = GuidedSpatialTransformer(classes=3).state_dict()
    write_model(tmp_path / "base" / "model.safetensors", base, {"provenance": "{}"})
    inputs = {**prepared, "model": (tmp_path / "base" / "model.safetensors",)}
    # So small a rate that the weights stay where they begin.
    model = _train(inputs, tmp_path / "stn", settings={"learning_rate": 1e-9})
    trained = read_model(model, CPU)
    torch.testing.assert_close(trained["conv4.weight"], base["conv4.weight"])
    assert trained["fc2.weight"].shape == (8, 50)
    digest = hashlib.sha256((tmp_path / "base" / "model.safetensors").read_bytes()).hexdigest()
    assert _provenance(model)["initial_weights"] == f"base, {digest}"
    with pytest.raises(UserError, match="holds no trained network"):
        _train({**prepared, "model": prepared["frames"][:1]}, tmp_path / "stn")


# On another corpus


def _pictures(folder: Path, of_each: int) -> dict[str, tuple[Path, ...]]:
    pictures, maps, items = pictures_and_items(of_each)
    write_ragged(folder / "pictures.npz", pictures)
    write_ragged(folder / "maps.npz", maps)
    write_items(folder / "pictures.csv", items)
    files = {"items": "pictures.csv", "frames": "pictures.npz", "saliency": "maps.npz"}
    return {kind: (folder / file,) for kind, file in files.items()}


HELD = Split(name="list", by="part", train=("train",), choose=("held",), test=("held",))


def _elsewhere(
    step: str, inputs: dict[str, tuple[Path, ...]], folder: Path, split: Split, **settings: Any
) -> ModelJob:
    """Train on pictures of another corpus, with some held out (``validate``) or on all."""
    place = split.name if step == "validate" else ""
    files = {"model": "model.safetensors", "history": "history.csv", "scores": "held_out.csv"}
    files |= {"score": "score.csv"}
    return _job(
        SpatialTransformer(),
        step,
        folder,
        splits={split.name: split},
        inputs=inputs,
        outputs={name: {place: folder / step / file} for name, file in files.items()},
        task=TASK.model_copy(update={"names": PLACES[:7]}),
        options={
            "corpus": "faces",
            "target": "place",
            "settings": {"batch_size": 8, "max_epochs": 3, **settings},
        },
    )


def test_a_training_on_all_of_another_corpus_ends_when_those_held_out_say(tmp_path):
    inputs = _pictures(tmp_path, of_each=20)
    held = _elsewhere("validate", inputs, tmp_path, HELD)
    score = pd.read_csv(held.output("score", "list")).iloc[0]
    history = pd.read_csv(held.output("history", "list"))
    kept = history[history["kept"] == 1].iloc[0]
    assert (score["split"], score["pictures"], score["epoch"]) == ("list", 35, kept["epoch"])
    assert score["accuracy"] == pytest.approx(100 * kept["frame_accuracy"])
    for epochs in (2, 4, 5):
        write = pd.DataFrame([{**score, "epoch": epochs, "accuracy": 10.0 * epochs}])
        write.to_csv(tmp_path / f"{epochs}.csv", index=False)
    inputs["score"] = tuple(tmp_path / f"{epochs}.csv" for epochs in (5, 2, 4))
    whole = _elsewhere("train", inputs, tmp_path, everybody([HELD]))
    assert pd.read_csv(whole.output("history"))["epoch"].tolist() == [1, 2, 3, 4]
    assert pd.read_csv(whole.output("scores"))["accuracy"].tolist() == [50, 20, 40]
    assert read_model(whole.output("model"), CPU)["fc2.weight"].shape == (7, 50)
    origin = _provenance(whole.output("model"))
    assert (origin["corpus"], origin["target"]) == ("faces", "place")
    assert origin["classes"] == list(PLACES[:7]) and origin["items"] == {"train": 140}
    assert [row["accuracy"] for row in origin["held_out"]] == [50, 20, 40]
    again = _elsewhere("train", inputs, tmp_path, everybody([HELD]), stop_on_all="train_accuracy")
    assert pd.read_csv(again.output("history"))["epoch"].tolist() == [1, 2, 3]


def test_another_corpus_that_tests_others_than_it_chooses_by_is_scored_on_those(tmp_path):
    inputs = _pictures(tmp_path, of_each=20)
    table = pd.read_csv(inputs["items"][0], dtype=str, keep_default_na=False)
    table.loc[table.index % 8 == 4, "part"] = "choose"
    table.to_csv(inputs["items"][0], index=False)
    split = HELD.model_copy(update={"choose": ("choose",)})
    score = pd.read_csv(_elsewhere("validate", inputs, tmp_path, split).output("score", "list"))
    assert score["pictures"].tolist() == [18]


def test_too_few_pictures_of_a_class_are_refused(tmp_path):
    with pytest.raises(UserError, match="faces hold 4 of the class 'a', but training needs 5"):
        _elsewhere("validate", _pictures(tmp_path, of_each=4), tmp_path, HELD)


def test_a_class_too_rare_for_folds_is_told_by_name(tmp_path):
    inputs = _pictures(tmp_path, of_each=20)
    table = pd.read_csv(inputs["items"][0], dtype=str, keep_default_na=False)
    rare = table.index[table["place"] == "c"][4:]
    table.drop(index=rare).assign(fold="").to_csv(inputs["items"][0], index=False)
    split = Split(name="fold0", by="fold", train=("1",), choose=("0",), test=("0",))
    with pytest.raises(UserError, match="faces hold 4 of the class 'c', but training needs 5"):
        _elsewhere("validate", inputs, tmp_path, split)
