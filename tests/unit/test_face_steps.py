"""The steps of the face families, from prepared frames to predictions."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tests.pictured_items import (
    CPU,
    ITEMS,
    OTHER,
    PLACES,
    SPEAKERS,
    SPLIT,
    TASK,
    done,
    frames_and_maps,
    provenance,
    write_prepared,
)

from mmer.media.speech_spans import SpeechSpan, write_spans
from mmer.models.base import ModelJob
from mmer.models.bilstm import BiLstm
from mmer.models.max_voting import MaxVoting
from mmer.models.networks.bilstm_training import SequenceTraining
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.networks.spatial_transformer_training import SpatialTransformerTraining
from mmer.models.spatial_transformer import SpatialTransformer
from mmer.predictions import read_predictions
from mmer.ragged import read_ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model, write_model

pytestmark = pytest.mark.usefixtures("on_the_cpu")

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
SPLITS = {"fold0": SPLIT, "fold1": OTHER}
SIZES = [{"layers": 1, "units": units, "attention_layers": 1} for units in (6, 3)]


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


def _train(
    inputs: dict[str, tuple[Path, ...]], folder: Path, variant: str = "full", **changes: Any
) -> Path:
    """Train a spatial transformer; give its weights."""
    told = {"options": {}, "settings": {}} | changes
    settings = {"batch_size": 8, "max_epochs": 2} | told.pop("settings")
    told["options"] = told["options"] | {"settings": settings}
    files = {"model": "model.safetensors", "history": "history.csv", "frame_logits": "logits.npz"}
    done(
        SpatialTransformer(),
        "train",
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
    return done(
        BiLstm(),
        "train",
        variant=variant,
        splits=SPLITS,
        inputs=inputs,
        outputs={**by_split, "architectures": {"": folder / "architectures.csv"}},
        options={"settings": settings},
        checkpoint=folder / "checkpoint.safetensors",
    )


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
        assert provenance(job.output("model", split))["split"]["test"] == [speaker]
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
    score = done(
        SpatialTransformer(),
        "score",
        seed=None,
        variant="full",
        inputs={**prepared, "model": (tmp_path / "seven.safetensors",)},
        outputs={"frame_logits": {"": tmp_path / "logits.npz"}},
    )
    logits = read_ragged([score.output("frame_logits")])
    assert logits.values.shape == (3 * sum(range(4, 7)), 7)
    vote = done(
        MaxVoting(),
        "vote",
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
    assert provenance(model)["initial_weights"] == f"base, {digest}"
    with pytest.raises(UserError, match="holds no trained network"):
        _train({**prepared, "model": prepared["frames"][:1]}, tmp_path / "stn")
