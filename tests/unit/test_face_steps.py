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

import score_frames
import train_bilstm
import train_spatial_transformer
import vote_frames
from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.face.settings import BiLstmSettings, SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.face.voting import vote_clips
from mmer.posteriors import read_posteriors
from mmer.prepare.speech_spans import SpeechSpan, write_spans
from mmer.store import read_ragged, write_ragged
from mmer.training.checkpoint import read_model, write_model

SPLIT = {"name": "heldout0", "train_actors": [1, 2], "heldout_actors": [3]}
OTHER = {"name": "heldout1", "train_actors": [2, 3], "heldout_actors": [1]}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """What a step sets for its whole process is undone for the next test."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def _stn_settings(**changes) -> SpatialTransformerSettings:
    return SpatialTransformerSettings(**({"batch_size": 8} | changes))


def _lstm_settings(**changes) -> BiLstmSettings:
    sizes = [{"layers": 1, "units": units, "attention_layers": 1} for units in (6, 3)]
    small = {"layer": "fc50", "architectures": sizes, "batch_size": 4}
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
    words += ["--settings", settings.model_dump_json()]
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
    outputs += ["--split", json.dumps(SPLIT)]
    settings = _stn_settings(max_epochs=2, **changes)
    _run(train_spatial_transformer, folder, settings, variant, *outputs, *options)


def _train_bilstm(folder: Path, variant: str, *options: str) -> None:
    outputs = ["--models-folder", str(folder / "lstm")]
    outputs += ["--posteriors-folder", str(folder / "posteriors")]
    outputs += ["--architectures", str(folder / "architectures.csv")]
    outputs += ["--spatial-transformers", str(folder / "stn.safetensors")]
    outputs += ["--splits", json.dumps({SPLIT["name"]: SPLIT, OTHER["name"]: OTHER})]
    _run(train_bilstm, folder, _lstm_settings(max_epochs=2), variant, *outputs, *options)


@pytest.mark.parametrize(("variant", "frames"), [("full", sum(range(4, 7)) * 3), ("vad", 18)])
def test_steps_lead_from_frames_to_posteriors(prepared, variant, frames):
    _train_transformer(prepared, variant, *_spans(prepared, variant))
    logits = read_ragged([prepared / "frame_logits.npz"])
    assert logits.values.shape == (frames, 8)
    assert pd.read_csv(prepared / "stn_history.csv")["epoch"].tolist() == [1, 2]
    _train_bilstm(prepared, variant, *_spans(prepared, variant))
    for split, heldout in (("heldout0", 3), ("heldout1", 1)):
        posteriors = read_posteriors(prepared / "posteriors" / f"{split}.csv")
        assert {int(clip[-2:]) for clip in posteriors.only("heldout").clips} == {heldout}
        assert posteriors.logits is not None
        attention = read_ragged([prepared / "lstm" / split / "attention.npz"])
        np.testing.assert_array_equal(attention.offsets, logits.offsets)
        history = pd.read_csv(prepared / "lstm" / split / "history.csv")
        assert history["kept"].sum() == 1
    assert not list(prepared.glob("checkpoint*"))


def test_the_whole_grid_is_written_and_one_architecture_chosen(prepared):
    _train_transformer(prepared, "full")
    _train_bilstm(prepared, "full")
    grid = pd.read_csv(prepared / "architectures.csv")
    assert list(grid["units"]) == [6, 3, 6, 3]
    assert list(grid["split"]) == ["heldout0"] * 2 + ["heldout1"] * 2
    means = grid.groupby("architecture", sort=False)["accuracy"].mean()
    assert set(grid["architecture"][grid["chosen"]]) == {means.idxmax()}


def test_frame_logits_are_ready_for_the_vote(prepared):
    _train_transformer(prepared, "full")
    words = ["--frame-logits", str(prepared / "frame_logits.npz")]
    words += ["--splits", json.dumps({SPLIT["name"]: SPLIT})]
    words += ["--posteriors-folder", str(prepared / "voted")]
    vote_frames.main(vote_frames.command_line().parse_args(words))
    assert len(read_posteriors(prepared / "voted" / "heldout0.csv").clips) == 9


def test_a_network_of_seven_emotions_scores_frames_that_vote_for_eight(prepared):
    network = GuidedSpatialTransformer(classes=7).state_dict()
    write_model(prepared / "emotion.safetensors", network, {"provenance": "{}"})
    words = ["--variant", "full", "--spatial-transformer", str(prepared / "emotion.safetensors")]
    for kind in ("frames", "saliency"):
        words += [f"--{kind}", *(str(prepared / f"{kind}_{actor}.npz") for actor in (1, 2, 3))]
    words += ["--device", "cpu", "--frame-logits", str(prepared / "seven.npz")]
    score_frames.main(score_frames.command_line().parse_args(words))
    logits = read_ragged([prepared / "seven.npz"])
    assert logits.values.shape == (3 * sum(range(4, 7)), 7)
    split = Split("heldout0", (1, 2), (3,))
    probabilities = vote_clips(logits, split).probabilities
    np.testing.assert_array_equal(probabilities[:, 0], probabilities[:, 1])


def test_the_same_seed_writes_the_same_bytes(prepared):
    _train_transformer(prepared, "full")
    first = (prepared / "stn.safetensors").read_bytes()
    _train_transformer(prepared, "full")
    assert (prepared / "stn.safetensors").read_bytes() == first


def test_trained_weights_are_started_from(prepared):
    torch.manual_seed(9)
    published = GuidedSpatialTransformer(classes=3).state_dict()
    write_model(prepared / "valence.safetensors", published, {"provenance": "{}"})
    _train_transformer(
        prepared,
        "full",
        *("--start-from", str(prepared / "valence.safetensors")),
        learning_rate=1e-9,  # so small that the weights stay where they begin
    )
    trained = read_model(prepared / "stn.safetensors", CPU)
    torch.testing.assert_close(trained["conv4.weight"], published["conv4.weight"])
    assert trained["fc2.weight"].shape == (8, 50)


def test_steps_tell_what_is_missing(prepared):
    with pytest.raises(UserError, match="give --spans"):
        _train_transformer(prepared, "vad")
    with pytest.raises(UserError, match="holds no trained network"):
        _train_transformer(prepared, "full", "--start-from", str(prepared / "frames_1.npz"))
