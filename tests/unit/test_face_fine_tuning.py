"""Fine-tuning the spatial transformer: batches, loss, scores, resumption."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.pictured_clips import CPU, RATE, clip_name, load
from torch import nn

from mmer.corpus.folds import Split
from mmer.face import fine_tuning
from mmer.face.fine_tuning import (
    SpatialTransformerFineTuning,
    logits_of_frames,
    smallest_over_count,
)
from mmer.face.frames_on_device import FramesOnDevice, load_frames
from mmer.face.settings import SpatialTransformerSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.store import Ragged
from mmer.training import fit as fit_module
from mmer.training.fit import fit


def _settings(**changes) -> SpatialTransformerSettings:
    return SpatialTransformerSettings(**({"batch_size": 8} | changes))


def _task(frames: FramesOnDevice | None = None, **changes) -> SpatialTransformerFineTuning:
    torch.manual_seed(0)
    network = move_to(GuidedSpatialTransformer(), CPU)
    return SpatialTransformerFineTuning(network, frames or load(), _settings(**changes))


def test_training_stops_on_frame_accuracy():
    plan = fine_tuning.fit_plan(_settings(), seed=7)
    assert (plan.watch, plan.seed) == ("frame_accuracy", 7)


def test_a_class_weighs_the_smallest_class_over_its_own_size():
    labels = torch.tensor([0] * 4 + [2] * 2 + [5] * 8)
    assert smallest_over_count(labels).tolist() == [0.5, 0, 1, 0, 0, 0.25, 0, 0]


def test_an_epoch_is_every_training_frame_once():
    task = _task()
    rows = torch.cat(list(task.batches(torch.Generator().manual_seed(1))))
    parts = task.frames.part[task.frames.clip_of_frame[rows].numpy()]
    assert set(parts) == {"train"}
    assert rows.unique().numel() == len(rows) == sum(range(4, 10))
    other = torch.cat(list(task.batches(torch.Generator().manual_seed(2))))
    assert not torch.equal(rows, other) and torch.equal(rows.sort()[0], other.sort()[0])


def test_a_single_last_frame_joins_the_batch_before_it():
    # 39 training frames.
    for batch_size, expected in ((19, [19, 20]), (38, [39]), (37, [37, 2]), (64, [39])):
        batches = _task(batch_size=batch_size).batches(torch.Generator())
        assert [len(batch) for batch in batches] == expected


def test_a_stride_trains_on_every_nth_frame_of_each_clip_and_scores_all():
    task = _task(frame_stride=3)
    rows = torch.cat(list(task.batches(torch.Generator())))
    within = rows - torch.from_numpy(task.frames.offsets)[task.frames.clip_of_frame[rows]]
    assert within.unique().tolist() == [0, 3, 6]
    assert len(logits_of_frames(task.network, task.frames).values) == len(task.frames.images)


def test_the_loss_is_the_weighted_mean_over_the_batch():
    task = _task(dropout=0.0)
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
        clip_name(1, 1): _shades(0, 0),
        clip_name(3, 1): _shades(255),
        clip_name(1, 3): _shades(0, 0, 255),  # 2 of 3 frames right, and so the clip
        clip_name(3, 3): _shades(0, 0, 255, 0),  # 1 of 4 right, and not the clip
    }
    both = Ragged.join(list(clips), list(clips.values()), RATE)
    frames = load_frames(both, both, None, Split("pair", (1,), (3,)), CPU)
    task = SpatialTransformerFineTuning(Fixed(), frames, _settings(class_weights="none"))
    scores = task.scores()
    assert scores["frame_accuracy"] == pytest.approx(3 / 7)
    assert scores["clip_accuracy"] == 0.5
    right, wrong = np.log(np.e + 7) - 1, np.log(np.e + 7)
    assert scores["loss"] == pytest.approx((3 * right + 4 * wrong) / 7)


def test_frame_logits_are_those_of_the_network_in_evaluation_mode(monkeypatch):
    task = _task()
    monkeypatch.setattr(fine_tuning, "BLOCK", 7)
    task.network.train()
    found = logits_of_frames(task.network, task.frames)
    task.network.eval()
    with torch.inference_mode():
        expected = task.network(*task.frames.block(0, len(task.frames.images))).logits
    np.testing.assert_allclose(found.values, expected.numpy(), atol=1e-6)
    assert found.values.dtype == np.float32 and found.rate == RATE
    assert found.clips == task.frames.clips
    np.testing.assert_array_equal(found.offsets, task.frames.offsets)


def test_it_learns_what_the_frames_show():
    task = _task(max_epochs=12, learning_rate=3e-3)
    history = fit(task, fine_tuning.fit_plan(task.settings, seed=1), None)
    assert max(row["frame_accuracy"] for row in history) > 0.9
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2


def test_a_killed_fine_tuning_ends_bit_for_bit_like_an_uninterrupted_one(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module, "CHECKPOINT_SECONDS", 0.0)
    plan = fine_tuning.fit_plan(_settings(max_epochs=3, keep="last"), seed=1)
    whole = _task()
    expected = fit(whole, plan, None)
    killed, losses = _task(), iter(range(9))
    trained = killed.loss

    def killing(batch: torch.Tensor) -> torch.Tensor:
        if next(losses, None) is None:
            raise KeyboardInterrupt
        return trained(batch)

    monkeypatch.setattr(killed, "loss", killing)
    with pytest.raises(KeyboardInterrupt):
        fit(killed, plan, tmp_path / "state.safetensors")
    resumed = _task()
    assert fit(resumed, plan, tmp_path / "state.safetensors") == expected
    resumed_logits = logits_of_frames(resumed.network, resumed.frames)
    whole_logits = logits_of_frames(whole.network, whole.frames)
    np.testing.assert_array_equal(resumed_logits.values, whole_logits.values)
