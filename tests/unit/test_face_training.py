"""Training the face models: settings, frames on the device, both tasks, and the whole steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pydantic
import pytest
import torch
from torch import nn

import train_bilstm
import train_spatial_transformer
import vote_frames
from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.face import fine_tuning, sequence_training
from mmer.face.fine_tuning import SpatialTransformerFineTuning, smallest_over_count
from mmer.face.frames_on_device import FramesOnDevice, frames_within, load_frames
from mmer.face.sequence_training import (
    Sequences,
    SequenceTraining,
    balanced_weights,
    sequences_of,
)
from mmer.face.settings import BiLstmSettings, SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.posteriors import read_posteriors
from mmer.prepare.speech_spans import SpeechSpan, write_spans
from mmer.store import Ragged, read_ragged, write_ragged
from mmer.training import fit as fit_module
from mmer.training.checkpoint import read_model, write_model
from mmer.training.fit import fit

CPU = torch.device("cpu")
RATE = 30.0
SPLIT = Split("heldout0", train_actors=(1, 2), heldout_actors=(3,))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """What a step sets for its whole process is undone for the next test."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def _name(emotion: int, actor: int) -> str:
    return f"01-01-{emotion:02d}-01-01-01-{actor:02d}"


def _clip(emotion: int, actor: int, count: int) -> np.ndarray:
    """Frames with a bright square whose place tells the emotion, over faint noise."""
    frames = np.random.default_rng(100 * actor + emotion).integers(0, 40, (count, 48, 48))
    row, column = divmod(emotion - 1, 3)
    frames[:, 4 + 14 * row : 14 + 14 * row, 4 + 14 * column : 14 + 14 * column] += 200
    return frames.astype(np.uint8)


def _frames(
    actors: tuple[int, ...] = (1, 2, 3), emotions: tuple[int, ...] = (1, 3, 5)
) -> tuple[Ragged, Ragged]:
    """Frames and maps; clips of 4, 5, 6, ... frames."""
    keys = [(emotion, actor) for actor in actors for emotion in emotions]
    names = [_name(*key) for key in keys]
    pictures = [_clip(*key, count=4 + index) for index, key in enumerate(keys)]
    maps = [np.full_like(clip, 128) for clip in pictures]
    return Ragged.join(names, pictures, RATE), Ragged.join(names, maps, RATE)


def _loaded(split: Split = SPLIT, spans: dict | None = None, **choice) -> FramesOnDevice:
    return load_frames(*_frames(**choice), spans, split, CPU)


def _stn_settings(**changes) -> SpatialTransformerSettings:
    return SpatialTransformerSettings(**({"weights": "random", "batch_size": 8} | changes))


def _lstm_settings(**changes) -> BiLstmSettings:
    small = {"layer": "fc50", "units": 6, "layers": 1, "attention_layers": 1, "batch_size": 4}
    return BiLstmSettings(**(small | changes))


def _stn_task(frames: FramesOnDevice | None = None, **changes) -> SpatialTransformerFineTuning:
    torch.manual_seed(0)
    network = move_to(GuidedSpatialTransformer(), CPU)
    return SpatialTransformerFineTuning(network, frames or _loaded(), _stn_settings(**changes))


def _lstm_task(**changes) -> SequenceTraining:
    torch.manual_seed(0)
    frames, settings = _loaded(), _lstm_settings(**changes)
    sequences = sequences_of(GuidedSpatialTransformer(), frames, settings.layer)
    network = sequence_training.build_network(sequences.features.shape[1], settings)
    return SequenceTraining(network, sequences, settings)


# Settings


def test_defaults_are_the_papers():
    stn, lstm = SpatialTransformerSettings(), BiLstmSettings()
    assert (stn.batch_size, stn.max_epochs, stn.patience, stn.dropout) == (128, 500, 30, 0.5)
    assert (lstm.batch_size, lstm.patience, lstm.dropout, lstm.clip_gradient_norm) == (
        64,
        30,
        0.3,
        1,
    )
    assert (lstm.units, lstm.layers, lstm.attention_layers) == (300, 2, 2)  # table A2, last row
    assert stn.learning_rate == lstm.learning_rate == 1e-3


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        (SpatialTransformerSettings, {"frame_stride": 0}),
        (SpatialTransformerSettings, {"dropout": 1.0}),
        (SpatialTransformerSettings, {"weights": "imagenet"}),
        (BiLstmSettings, {"layer": "conv4"}),
        (BiLstmSettings, {"attention_layers": 0}),
    ],
)
def test_settings_without_meaning_are_refused(settings, change):
    with pytest.raises(pydantic.ValidationError):
        settings(**change)


def test_transformer_stops_on_frame_accuracy_and_sequences_on_f1():
    assert fine_tuning.fit_plan(_stn_settings(), seed=7).watch == "frame_accuracy"
    plan = sequence_training.fit_plan(_lstm_settings(), seed=7)
    assert (plan.watch, plan.clip_gradient_norm, plan.seed) == ("f1", 1.0, 7)


# Frames within a span


@pytest.mark.parametrize(
    ("start_s", "stop_s", "expected"),
    [
        (0.0, 0.2, [0, 1, 2, 3, 4, 5]),
        (1 / 30, 3 / 30, [1, 2]),  # the first moment is within, the last is not
        (0.04, 0.06, [2]),  # between frame 1 and 2, nearest to the middle, 0.05 s: 1.5
        (0.101, 0.109, [3]),
        (5.0, 6.0, [5]),
    ],
)
def test_frames_are_shown_at_their_number_over_the_rate(start_s, stop_s, expected):
    assert frames_within(SpeechSpan(start_s, stop_s, True), 6, RATE).tolist() == expected


def test_without_a_span_all_frames_stay():
    assert frames_within(None, 4, RATE).tolist() == [0, 1, 2, 3]


# Frames on the device


def test_clips_keep_their_order_and_are_labelled_by_their_names():
    frames = _loaded()
    assert frames.clips == _frames()[0].clips
    assert frames.clip_labels.tolist() == [0, 2, 4] * 3
    assert frames.part.tolist() == ["train"] * 6 + ["heldout"] * 3


def test_every_clip_keeps_its_own_frames_and_maps():
    pictures, maps = _frames()
    frames = load_frames(pictures, maps, None, SPLIT, CPU)
    for row, name in enumerate(frames.clips):
        start, stop = frames.offsets[row : row + 2]
        expected = pictures.of(pictures.clips.index(name))
        np.testing.assert_array_equal(frames.images[start:stop, 0].numpy(), expected)
        assert (frames.saliency[start:stop] == 128).all()
        assert (frames.clip_of_frame[start:stop] == row).all()
    assert frames.images.dtype == torch.uint8


def test_the_variant_vad_keeps_the_frames_within_the_spans():
    pictures, _ = _frames()
    spans = {name: SpeechSpan(1 / 30, 3 / 30, True) for name in pictures.clips}
    frames = _loaded(spans=spans)
    assert np.diff(frames.offsets).tolist() == [2] * 9
    np.testing.assert_array_equal(frames.images[:2, 0].numpy(), pictures.of(0)[1:3])


def test_bytes_become_values_from_minus_one_to_one():
    shades = np.array([0, 51, 255], np.uint8)[:, None, None]
    pictures = np.broadcast_to(shades, (3, 48, 48)).copy()
    both = Ragged.join([_name(1, 1), _name(1, 3)], [pictures, pictures], RATE)
    frames = load_frames(both, both, None, Split("pair", (1,), (3,)), CPU)
    images, saliency = frames.pair(torch.tensor([2, 0, 1]))
    torch.testing.assert_close(images[:, 0, 0, 0], torch.tensor([1.0, -1.0, -0.6]))
    assert torch.equal(images, saliency) and images.dtype == torch.float32
    assert torch.equal(frames.block(0, 2)[0], frames.pair(torch.tensor([0, 1]))[0])


def test_actors_outside_the_split_are_left_out():
    frames = _loaded(split=Split("pair", (1,), (3,)))
    assert {name[-2:] for name in frames.clips} == {"01", "03"}


def test_mistakes_in_the_files_are_told():
    pictures, maps = _frames()
    fewer = _frames(actors=(1, 2))[1]
    twice = Ragged.join([_name(1, 1)] * 2, [_clip(1, 1, 2)] * 2, RATE)
    none = Ragged.join([_name(1, 1), _name(1, 3)], [_clip(1, 1, 0), _clip(1, 3, 2)], RATE)
    pair = Split("pair", (1,), (3,))
    with pytest.raises(UserError, match="not of the same clips"):
        load_frames(pictures, fewer, None, SPLIT, CPU)
    with pytest.raises(UserError, match="given twice"):
        load_frames(twice, twice, None, pair, CPU)
    with pytest.raises(UserError, match="needs actor 4"):
        load_frames(pictures, maps, None, Split("pair", (1,), (4,)), CPU)
    with pytest.raises(UserError, match="has no frame"):
        load_frames(none, none, None, pair, CPU)
    with pytest.raises(UserError, match="has no speech span"):
        load_frames(pictures, maps, {}, SPLIT, CPU)


# Class weights


def test_a_class_weighs_the_smallest_class_over_its_own_size():
    labels = torch.tensor([0] * 4 + [2] * 2 + [5] * 8)
    assert smallest_over_count(labels).tolist() == [0.5, 0, 1, 0, 0, 0.25, 0, 0]


def test_balanced_weights_are_those_of_scikit_learn():
    labels = torch.tensor([0] * 4 + [2] * 2 + [5] * 6)
    assert balanced_weights(labels).tolist() == pytest.approx([1, 0, 2, 0, 0, 12 / 18, 0, 0])


# Fine-tuning on frames


def test_an_epoch_is_every_training_frame_once():
    task = _stn_task()
    rows = torch.cat(list(task.batches(torch.Generator().manual_seed(1))))
    parts = task.frames.part[task.frames.clip_of_frame[rows].numpy()]
    assert set(parts) == {"train"}
    assert rows.unique().numel() == len(rows) == sum(range(4, 10))
    other = torch.cat(list(task.batches(torch.Generator().manual_seed(2))))
    assert not torch.equal(rows, other) and torch.equal(rows.sort()[0], other.sort()[0])


def test_a_single_last_frame_joins_the_batch_before_it():
    # 39 training frames.
    for batch_size, expected in ((19, [19, 20]), (38, [39]), (37, [37, 2]), (64, [39])):
        batches = _stn_task(batch_size=batch_size).batches(torch.Generator())
        assert [len(batch) for batch in batches] == expected


def test_a_stride_trains_on_every_nth_frame_of_each_clip_and_scores_all():
    task = _stn_task(frame_stride=3)
    rows = torch.cat(list(task.batches(torch.Generator())))
    within = rows - torch.from_numpy(task.frames.offsets)[task.frames.clip_of_frame[rows]]
    assert within.unique().tolist() == [0, 3, 6]
    assert len(task.frame_logits().values) == len(task.frames.images)


def test_the_loss_is_the_weighted_mean_over_the_batch():
    task = _stn_task(dropout=0.0)
    task.network.eval()
    batch = torch.tensor([0, 1, 20, 40])
    labels = task.frames.clip_labels[task.frames.clip_of_frame[batch]]
    log_likelihood = task.network(*task.frames.pair(batch)).logits.log_softmax(1)
    own = log_likelihood[torch.arange(4), labels]
    # Training frames by class: 4 + 7 neutral, 5 + 8 happy, 6 + 9 angry.
    weights = torch.tensor([1.0, 0, 11 / 13, 0, 11 / 15])[labels]
    torch.testing.assert_close(task.loss(batch), -(weights * own).sum() / weights.sum())


class Fixed(nn.Module):
    """Says class 0 for dark frames and class 2 for bright ones."""

    def __init__(self) -> None:
        super().__init__()
        self.anything = nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor, _saliency: torch.Tensor) -> SimpleNamespace:
        bright = images.mean(dim=(1, 2, 3)) > 0
        logits = torch.zeros(len(images), 8)
        logits[~bright, 0] = logits[bright, 2] = 1.0
        return SimpleNamespace(logits=logits)


def _shades(*values: int) -> np.ndarray:
    return np.repeat(np.array(values, np.uint8), 48 * 48).reshape(-1, 48, 48)


def test_frames_and_clips_are_scored_by_hand():
    clips = {
        _name(1, 1): _shades(0, 0),
        _name(3, 1): _shades(255),
        _name(1, 3): _shades(0, 0, 255),  # 2 of 3 frames right, and so the clip
        _name(3, 3): _shades(0, 0, 255, 0),  # 1 of 4 right, and not the clip
    }
    both = Ragged.join(list(clips), list(clips.values()), RATE)
    frames = load_frames(both, both, None, Split("pair", (1,), (3,)), CPU)
    task = SpatialTransformerFineTuning(Fixed(), frames, _stn_settings(class_weights="none"))
    scores = task.scores()
    assert scores["frame_accuracy"] == pytest.approx(3 / 7)
    assert scores["clip_accuracy"] == 0.5
    right, wrong = np.log(np.e + 7) - 1, np.log(np.e + 7)
    assert scores["loss"] == pytest.approx((3 * right + 4 * wrong) / 7)


def test_frame_logits_are_those_of_the_network_in_evaluation_mode(monkeypatch):
    task = _stn_task()
    monkeypatch.setattr(fine_tuning, "BLOCK", 7)
    task.network.train()
    found = task.frame_logits()
    task.network.eval()
    with torch.inference_mode():
        expected = task.network(*task.frames.block(0, len(task.frames.images))).logits
    np.testing.assert_allclose(found.values, expected.numpy(), atol=1e-6)
    assert found.values.dtype == np.float32 and found.rate == RATE
    assert found.clips == task.frames.clips
    np.testing.assert_array_equal(found.offsets, task.frames.offsets)


def test_it_learns_what_the_frames_show():
    task = _stn_task(max_epochs=12, learning_rate=3e-3)
    history = fit(task, fine_tuning.fit_plan(task.settings, seed=1), None)
    assert max(row["frame_accuracy"] for row in history) > 0.9
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2


def test_a_killed_fine_tuning_ends_bit_for_bit_like_an_uninterrupted_one(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module, "CHECKPOINT_SECONDS", 0.0)
    plan = fine_tuning.fit_plan(_stn_settings(max_epochs=3, keep="last"), seed=1)
    whole = _stn_task()
    expected = fit(whole, plan, None)
    killed, losses = _stn_task(), iter(range(9))
    trained = killed.loss

    def killing(batch: torch.Tensor) -> torch.Tensor:
        if next(losses, None) is None:
            raise KeyboardInterrupt
        return trained(batch)

    monkeypatch.setattr(killed, "loss", killing)
    with pytest.raises(KeyboardInterrupt):
        fit(killed, plan, tmp_path / "state.safetensors")
    resumed = _stn_task()
    assert fit(resumed, plan, tmp_path / "state.safetensors") == expected
    np.testing.assert_array_equal(resumed.frame_logits().values, whole.frame_logits().values)


# Sequences


@pytest.mark.parametrize(("layer", "width"), [("posteriors", 8), ("fc50", 50), ("flatten810", 810)])
def test_features_are_a_layer_of_the_transformer_for_every_frame(layer, width):
    frames, network = _loaded(), GuidedSpatialTransformer()
    features = sequences_of(network, frames, layer).features
    assert features.shape == (len(frames.images), width)
    output = network.eval()(*frames.pair(torch.tensor([3])))
    expected = output.logits.softmax(1) if layer == "posteriors" else getattr(output, layer)
    torch.testing.assert_close(features[3:4], expected.detach(), atol=1e-5, rtol=1e-5)


def test_a_transformer_of_three_classes_gives_features_too():
    features = sequences_of(GuidedSpatialTransformer(classes=3), _loaded(), "posteriors").features
    torch.testing.assert_close(features.sum(dim=1), torch.ones(len(features)))


def test_batches_of_clips_are_padded_behind():
    frames = _loaded()
    features = torch.arange(len(frames.images), dtype=torch.float32)[:, None]
    padded, lengths = Sequences(features, frames).batch(torch.tensor([1, 0]))
    assert lengths.tolist() == [5, 4] and lengths.device == CPU
    assert padded[1, :, 0].tolist() == [0, 1, 2, 3, 0]
    start = frames.offsets[1]
    assert padded[0, :, 0].tolist() == list(range(start, start + 5))


def test_an_epoch_is_every_training_clip_once():
    task = _lstm_task()
    clips = torch.cat(list(task.batches(torch.Generator().manual_seed(1))))
    assert sorted(clips.tolist()) == task.sequences.frames.clip_rows("train").tolist()


def test_the_loss_balances_the_training_clips():
    task = _lstm_task(dropout=0.0)
    batch = torch.tensor([0, 4, 2])
    logits = task.network(*task.sequences.batch(batch)).logits
    own = logits.log_softmax(1)[torch.arange(3), torch.tensor([0, 2, 4])]
    torch.testing.assert_close(task.loss(batch), -own.mean())  # two clips of each class


def test_scores_are_weighted_f1_accuracy_and_loss():
    task = _lstm_task()
    bias = torch.full((8,), -1e3)
    bias[2] = 1e3
    nn.init.zeros_(task.network.classifier.weight)
    with torch.no_grad():
        task.network.classifier.bias.copy_(bias)
    task.network.eval()
    with torch.inference_mode():
        scores = task.scores()
    # Always class 2, for one clip in three: precision 1/3, recall 1, the others' F1 is 0.
    assert scores["accuracy"] == pytest.approx(1 / 3)
    assert scores["f1"] == pytest.approx(0.5 / 3)
    assert scores["loss"] == pytest.approx(2000 * 2 / 3)


def test_it_learns_from_sequences():
    task = _lstm_task(layer="flatten810", max_epochs=30, learning_rate=0.01, dropout=0.0)
    history = fit(task, sequence_training.fit_plan(task.settings, seed=1), None)
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    assert max(row["f1"] for row in history) > 0.9


def test_results_are_posteriors_and_attention_of_all_clips():
    task = _lstm_task(batch_size=2)
    posteriors, attention = task.results()
    frames = task.sequences.frames
    assert posteriors.clips == attention.clips == frames.clips
    assert posteriors.part.tolist() == frames.part.tolist()
    assert posteriors.probabilities.dtype == np.float64
    np.testing.assert_allclose(posteriors.probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(attention.offsets, frames.offsets)
    assert attention.values.dtype == np.float32 and attention.rate == RATE
    for clip in range(len(frames.clips)):
        assert attention.of(clip).sum() == pytest.approx(1, abs=1e-5)


def test_results_do_not_depend_on_the_batch_size():
    one, all_at_once = _lstm_task(batch_size=1), _lstm_task(batch_size=64)
    all_at_once.network.load_state_dict(one.network.state_dict())
    np.testing.assert_allclose(one.results()[0].logits, all_at_once.results()[0].logits, atol=1e-6)


# The whole steps


@pytest.fixture
def prepared(tmp_path) -> Path:
    """Prepared files of three actors, as the workflow lays them out."""
    for actor in (1, 2, 3):
        pictures, maps = _frames(actors=(actor,))
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


def test_trained_weights_are_started_from(prepared):
    torch.manual_seed(9)
    published = GuidedSpatialTransformer(classes=3).state_dict()
    write_model(prepared / "valence.safetensors", published, {"provenance": "{}"})
    _train_transformer(
        prepared,
        "full",
        *("--weights", str(prepared / "valence.safetensors")),
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
