"""The steps of the face branch, from prepared frames to posteriors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tests.pictured_clips import CPU, frames_and_maps

import train_bilstm
import train_spatial_transformer
import vote_frames
from mmer.errors import UserError
from mmer.face.settings import BiLstmSettings, SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.posteriors import read_posteriors
from mmer.prepare.speech_spans import SpeechSpan, write_spans
from mmer.store import read_ragged, write_ragged
from mmer.training.checkpoint import read_model


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """What a step sets for its whole process is undone for the next test."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def _stn_settings(**changes) -> SpatialTransformerSettings:
    return SpatialTransformerSettings(**({"weights": "random", "batch_size": 8} | changes))


def _lstm_settings(**changes) -> BiLstmSettings:
    small = {"layer": "fc50", "units": 6, "layers": 1, "attention_layers": 1, "batch_size": 4}
    return BiLstmSettings(**(small | changes))


@pytest.fixture
def prepared(tmp_path) -> Path:
    """Prepared files of three actors, as the workflow lays them out."""
    for actor in (1, 2, 3):
        pictures, maps = frames_and_maps(actors=(actor,))
        write_ragged(tmp_path / f"frames_{actor}.npz", pictures)
        write_ragged(tmp_path / f"saliency_{actor}.npz", maps)
        spans = {name: SpeechSpan(1 / 30, 3 / 30, True) for name in pictures.clips}
        write_spans(tmp_path / f"spans_{actor}.csv", spans)
    return tmp_path


def _run(entry, folder: Path, settings, variant: str, *options: str) -> None:
    """Run a training step in ``folder`` within this process."""
    words = ["--variant", variant]
    for kind in ("frames", "saliency"):
        words += [f"--{kind}", *(str(folder / f"{kind}_{actor}.npz") for actor in (1, 2, 3))]
    split = {"name": "heldout0", "train_actors": [1, 2], "heldout_actors": [3]}
    words += ["--split", json.dumps(split), "--settings", settings.model_dump_json()]
    words += ["--seed", "3", "--device", "cpu", "--threads", "1"]
    words += ["--checkpoint", str(folder / "checkpoint.safetensors")]
    entry.main(entry.command_line().parse_args([*words, *options]))


def _spans(folder: Path, variant: str) -> list[str]:
    files = [str(folder / f"spans_{actor}.csv") for actor in (1, 2, 3)]
    return ["--spans", *files] if variant == "vad" else []


def _train_transformer(folder: Path, variant: str, *options: str, **changes) -> None:
    outputs = ["--model", str(folder / "stn.safetensors")]
    outputs += ["--history", str(folder / "stn_history.csv")]
    outputs += ["--frame-logits", str(folder / "frame_logits.npz")]
    settings = _stn_settings(max_epochs=2, **changes)
    _run(train_spatial_transformer, folder, settings, variant, *outputs, *options)


def _train_bilstm(folder: Path, variant: str, *options: str) -> None:
    outputs = ["--model", str(folder / "lstm.safetensors")]
    outputs += ["--history", str(folder / "lstm_history.csv")]
    outputs += ["--attention", str(folder / "attention.npz")]
    outputs += ["--posteriors", str(folder / "posteriors.csv")]
    outputs += ["--spatial-transformer", str(folder / "stn.safetensors")]
    _run(train_bilstm, folder, _lstm_settings(max_epochs=2), variant, *outputs, *options)


@pytest.mark.parametrize(("variant", "frames"), [("full", sum(range(4, 7)) * 3), ("vad", 18)])
def test_steps_lead_from_frames_to_posteriors(prepared, variant, frames):
    _train_transformer(prepared, variant, *_spans(prepared, variant))
    logits = read_ragged([prepared / "frame_logits.npz"])
    assert logits.values.shape == (frames, 8)
    assert pd.read_csv(prepared / "stn_history.csv")["epoch"].tolist() == [1, 2]
    _train_bilstm(prepared, variant, *_spans(prepared, variant))
    posteriors = read_posteriors(prepared / "posteriors.csv")
    assert (posteriors.part == "train").sum() == 6
    assert posteriors.logits is not None
    attention = read_ragged([prepared / "attention.npz"])
    np.testing.assert_array_equal(attention.offsets, logits.offsets)
    assert pd.read_csv(prepared / "lstm_history.csv")["kept"].sum() == 1
    assert not (prepared / "checkpoint.safetensors").exists()


def test_frame_logits_are_ready_for_the_vote(prepared):
    _train_transformer(prepared, "full")
    split = {"name": "heldout0", "train_actors": [1, 2], "heldout_actors": [3]}
    words = ["--frame-logits", str(prepared / "frame_logits.npz"), "--split", json.dumps(split)]
    table = prepared / "voted.csv"
    vote_frames.main(vote_frames.command_line().parse_args([*words, "--posteriors", str(table)]))
    assert len(read_posteriors(table).clips) == 9


def test_the_same_seed_writes_the_same_bytes(prepared):
    _train_transformer(prepared, "full")
    first = (prepared / "stn.safetensors").read_bytes()
    _train_transformer(prepared, "full")
    assert (prepared / "stn.safetensors").read_bytes() == first


def test_published_weights_are_started_from(prepared):
    torch.manual_seed(9)
    published = GuidedSpatialTransformer(classes=3).state_dict()
    torch.save(published, prepared / "valence.pt")
    _train_transformer(
        prepared,
        "full",
        *("--weights", str(prepared / "valence.pt")),
        weights="affectnet_valence",
        learning_rate=1e-9,  # so small that the weights stay where they begin
    )
    trained = read_model(prepared / "stn.safetensors", CPU)
    torch.testing.assert_close(trained["conv4.weight"], published["conv4.weight"])
    assert trained["fc2.weight"].shape == (8, 50)


def test_steps_tell_what_is_missing(prepared):
    with pytest.raises(UserError, match="give --weights"):
        _train_transformer(prepared, "full", weights="affectnet_valence")
    with pytest.raises(UserError, match="give --spans"):
        _train_transformer(prepared, "vad")
