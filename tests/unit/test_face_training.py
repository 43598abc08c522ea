"""Frames on the device, and the two trainings that read them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmer.corpus.folds import Split
from mmer.face.fine_tuning import SpatialTransformerFineTuning, fit_plan, smallest_over_count
from mmer.face.frames_on_device import frames_within, load_frames
from mmer.face.sequence_training import (
    SequenceTraining,
    balanced_weights,
    build_network,
    sequences_of,
)
from mmer.face.sequence_training import fit_plan as sequence_plan
from mmer.face.settings import BiLstmSettings, SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.prepare.speech_spans import SpeechSpan
from mmer.store import Ragged
from mmer.training.fit import fit

CPU = torch.device("cpu")
SPLIT = Split("heldout0", (1, 2, 3), (4,))


@pytest.fixture(scope="module")
def ragged():
    """Four actors, a bright-left and a bright-right clip each: happy and sad."""
    random = np.random.default_rng(0)
    clips, pictures = [], []
    for actor in (1, 2, 3, 4):
        for emotion, side in ((3, 0), (4, 24)):
            clips.append(f"01-01-{emotion:02d}-01-01-01-{actor:02d}")
            frames = random.integers(0, 60, (6 + actor, 48, 48)).astype(np.uint8)
            frames[:, :, side : side + 24] += 150
            pictures.append(frames)
    return Ragged.join(clips, pictures, 30)


@pytest.fixture(scope="module")
def frames(ragged):
    return load_frames(ragged, ragged, None, SPLIT, CPU)


def test_bytes_become_values_between_minus_one_and_one(frames):
    images, _ = frames.pair(torch.tensor([0, 3]))
    expected = frames.images[[0, 3]].float() / 255 * 2 - 1
    assert images.shape == (2, 1, 48, 48)
    assert torch.allclose(images, expected, atol=1e-6)


def test_frames_inherit_the_label_of_their_clip(frames):
    labels = frames.clip_labels[frames.clip_of_frame]
    assert labels[:7].tolist() == [2] * 7
    assert labels[7:14].tolist() == [3] * 7


def test_training_rows_are_never_of_held_out_actors(frames):
    rows = frames.frame_rows("train")
    heldout = frames.frame_rows("heldout")
    assert len(rows) + len(heldout) == len(frames.images)
    assert {frames.clips[c][-2:] for c in frames.clip_of_frame[rows].tolist()} == {"01", "02", "03"}
    assert {frames.clips[c][-2:] for c in frames.clip_of_frame[heldout].tolist()} == {"04"}


def test_a_stride_skips_frames_within_each_clip(frames):
    rows = frames.frame_rows("train", stride=4).tolist()
    assert rows[:4] == [0, 4, 7, 11]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (None, [0, 1, 2, 3, 4, 5]),
        (SpeechSpan(0.0, 9.0, False), [0, 1, 2, 3, 4, 5]),
        (SpeechSpan(1 / 30, 4 / 30, True), [1, 2, 3]),
        (SpeechSpan(0.07, 0.09, True), [2]),
        (SpeechSpan(0.19, 0.195, True), [5]),
    ],
)
def test_frames_outside_the_speech_span_are_left_out(span, expected):
    assert frames_within(span, 6, 30).tolist() == expected


def test_with_voice_activity_only_speech_frames_remain(ragged):
    spans = {clip: SpeechSpan(0.0, 3 / 30, True) for clip in ragged.clips}
    frames = load_frames(ragged, ragged, spans, SPLIT, CPU)
    assert np.diff(frames.offsets).tolist() == [3] * 8
    assert torch.equal(frames.images[3, 0], torch.from_numpy(ragged.of(1)[0]))


def test_class_weights_by_hand():
    labels = torch.tensor([0, 0, 0, 0, 2, 2])
    assert smallest_over_count(labels)[:3].tolist() == [0.5, 0, 1]
    assert balanced_weights(labels)[:3].tolist() == [6 / (2 * 4), 0, 6 / (2 * 2)]


@pytest.fixture(scope="module")
def trained(frames):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    settings = SpatialTransformerSettings(weights="random", max_epochs=12, batch_size=16)
    task = SpatialTransformerFineTuning(GuidedSpatialTransformer(dropout=0.1), frames, settings)
    return task, fit(task, fit_plan(settings, seed=0), None)


def test_the_spatial_transformer_learns_bright_sides(trained):
    _, history = trained
    assert max(row["frame_accuracy"] for row in history) > 0.9


def test_the_loss_is_torchs_weighted_cross_entropy(trained, frames):
    task, _ = trained
    batch = torch.tensor([0, 8, 9])
    expected = torch.nn.CrossEntropyLoss(weight=smallest_over_count(torch.tensor([2, 3])))
    task.network.eval()
    logits = task.network(*frames.pair(batch)).logits
    assert torch.allclose(task.loss(batch), expected(logits, torch.tensor([2, 3, 3])))


def test_logits_of_every_frame_are_given_in_order(trained, frames):
    task, _ = trained
    logits = task.frame_logits()
    assert logits.values.shape == (len(frames.images), 8)
    assert np.array_equal(logits.offsets, frames.offsets)
    with torch.inference_mode():
        single = task.network(*frames.pair(torch.tensor([10]))).logits
    assert np.allclose(logits.values[10], single.numpy(), atol=1e-5)


def test_a_single_last_frame_joins_the_batch_before_it(trained, frames):
    task, _ = trained
    rows = len(frames.frame_rows("train"))
    task.settings = task.settings.model_copy(update={"batch_size": rows - 1})
    assert [len(batch) for batch in task.batches(torch.Generator())] == [rows]


@pytest.mark.parametrize(("layer", "width"), [("posteriors", 8), ("fc50", 50), ("flatten810", 810)])
def test_each_layer_can_be_read(trained, frames, layer, width):
    task, _ = trained
    sequences = sequences_of(task.network, frames, layer)
    assert sequences.features.shape == (len(frames.images), width)
    if layer == "posteriors":
        assert torch.allclose(sequences.features.sum(dim=1), torch.ones(len(frames.images)))


def test_the_sequence_model_learns_and_tells_attention(trained, frames):
    torch.manual_seed(0)
    settings = BiLstmSettings(
        units=8, layers=1, attention_layers=1, max_epochs=15, batch_size=4, learning_rate=0.01
    )
    sequences = sequences_of(trained[0].network, frames, "flatten810")
    task = SequenceTraining(build_network(810, settings), sequences, settings)
    history = fit(task, sequence_plan(settings, seed=0), None)
    assert max(row["f1"] for row in history) > 0.9
    posteriors, attention = task.results()
    assert posteriors.clips == frames.clips
    assert posteriors.part.tolist() == frames.part.tolist()
    assert np.array_equal(attention.offsets, frames.offsets)
    assert attention.of(3).sum() == pytest.approx(1, abs=1e-5)
