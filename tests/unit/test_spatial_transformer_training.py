"""Training the spatial transformer on frames and pictures: batches, loss, scores, resumption."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.pictured_items import (
    CPU,
    PAIR,
    PLACES,
    RATE,
    TASK,
    item_table,
    load,
    pictures_and_items,
)
from tests.trainings import kill_after, reads_of_a_step
from torch import nn
from torch.nn import functional

from mmer.models.networks import spatial_transformer as network_module
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.models.networks.spatial_transformer_training import (
    SpatialTransformerTraining,
    fit_plan,
    logits_of_frames,
    smallest_over_count,
)
from mmer.models.spatial_transformer import SpatialTransformerSettings
from mmer.protocol import Split
from mmer.ragged import Ragged
from mmer.training.fit import fit
from mmer.training.frames import FramesOnDevice, put_on_device

HELD = Split(name="list", by="part", train=("train",), choose=("held",), test=("held",))
NOBODY_CHOOSES = Split(name="all", by="part", train=("held", "train"), choose=(), test=())


def _settings(**changes) -> SpatialTransformerSettings:
    return SpatialTransformerSettings(**({"batch_size": 8} | changes))


def _task(frames: FramesOnDevice | None = None, **changes) -> SpatialTransformerTraining:
    torch.manual_seed(0)
    frames = frames or load()
    network = move_to(GuidedSpatialTransformer(frames.task.outputs), CPU)
    return SpatialTransformerTraining(network, frames, _settings(**changes))


def _pictures(split: Split = HELD) -> FramesOnDevice:
    pictures, maps, items = pictures_and_items()
    task = TASK.model_copy(update={"names": PLACES[:7]})
    return put_on_device(pictures, maps, None, items, task, split, CPU)


def test_training_stops_on_frame_accuracy_or_where_nobody_chooses_on_that_of_training():
    plan = fit_plan(_settings(), load(), seed=7)
    assert (plan.watch, plan.seed) == ("frame_accuracy", 7)
    assert fit_plan(_settings(), _pictures(NOBODY_CHOOSES), seed=7).watch == "train_accuracy"


def test_a_given_number_of_epochs_is_trained_whatever_the_scores():
    plan = fit_plan(_settings(max_epochs=9), _pictures(NOBODY_CHOOSES), seed=7, epochs=4)
    assert (plan.max_epochs, plan.patience, plan.keep) == (4, None, "last")


def test_a_class_weighs_the_smallest_class_over_its_own_size():
    labels = torch.tensor([0] * 4 + [2] * 2 + [5] * 8)
    assert smallest_over_count(labels, 8).tolist() == [0.5, 0, 1, 0, 0, 0.25, 0, 0]


def test_no_step_waits_for_the_device():
    assert reads_of_a_step(_task()) == 0


def test_an_epoch_is_every_training_frame_once():
    task = _task()
    rows = torch.cat(list(task.batches(torch.Generator().manual_seed(1))))
    parts = task.frames.part[task.frames.item_of_frame[rows].numpy()]
    assert set(parts) == {"train"}
    assert rows.unique().numel() == len(rows) == sum(range(4, 10))
    other = torch.cat(list(task.batches(torch.Generator().manual_seed(2))))
    assert not torch.equal(rows, other) and torch.equal(rows.sort()[0], other.sort()[0])


def test_a_single_last_frame_joins_the_batch_before_it():
    # 39 training frames.
    for batch_size, expected in ((19, [19, 20]), (38, [39]), (37, [37, 2]), (64, [39])):
        batches = _task(batch_size=batch_size).batches(torch.Generator())
        assert [len(batch) for batch in batches] == expected


def test_a_stride_trains_on_every_nth_frame_of_each_item_and_scores_all():
    task = _task(frame_stride=3)
    rows = torch.cat(list(task.batches(torch.Generator())))
    within = rows - torch.from_numpy(task.frames.offsets)[task.frames.item_of_frame[rows]]
    assert within.unique().tolist() == [0, 3, 6]
    assert len(logits_of_frames(task.network, task.frames).values) == len(task.frames.images)


def test_the_loss_is_the_weighted_mean_over_the_batch():
    task = _task(dropout=0.0)
    task.network.eval()
    batch = torch.tensor([0, 1, 20, 40])
    labels = task.frames.labels[task.frames.item_of_frame[batch]]
    log_likelihood = task.network(*task.frames.pair(batch)).logits.log_softmax(1)
    own = log_likelihood[torch.arange(4), labels]
    # Training frames by class: 4 + 7 of a, 5 + 8 of c, 6 + 9 of e.
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


def test_frames_and_items_are_scored_by_hand():
    items = {
        "a_s1": _shades(0, 0),
        "c_s1": _shades(255),
        "a_s3": _shades(0, 0, 255),  # 2 of 3 frames right, and so the item
        "c_s3": _shades(0, 0, 255, 0),  # 1 of 4 right, and not the item
    }
    both = Ragged.join(list(items), list(items.values()), RATE)
    frames = put_on_device(both, both, None, item_table(list(items)), TASK, PAIR, CPU)
    task = SpatialTransformerTraining(Fixed(), frames, _settings(class_weights="none"))
    scores = task.scores()["test"]
    assert scores["frame_accuracy"] == pytest.approx(3 / 7)
    assert scores["item_accuracy"] == 0.5
    right, wrong = np.log(np.e + 7) - 1, np.log(np.e + 7)
    assert scores["loss"] == pytest.approx((3 * right + 4 * wrong) / 7)


def test_pictures_are_scored_in_blocks_as_all_at_once(monkeypatch):
    task = _task(_pictures())
    task.network.eval()
    with torch.inference_mode():
        rows = task.frames.frame_rows("test")
        logits = task.network(*task.frames.pair(rows)).logits
        labels = task.frames.labels[rows]
        monkeypatch.setattr("mmer.models.networks.spatial_transformer_training.BLOCK", 6)
        scores = task.scores()["test"]
    assert scores["frame_accuracy"] == (logits.argmax(1) == labels).double().mean().item()
    assert scores["item_accuracy"] == scores["frame_accuracy"]
    loss = functional.cross_entropy(logits, labels, weight=task._weights)
    assert scores["loss"] == pytest.approx(loss.item())


def test_the_training_accuracy_counts_the_frames_since_the_last_call():
    task = _task(_pictures(), batch_size=16)
    task.network.eval()
    rows = task.frames.frame_rows("train")
    for batch in rows.split(16):
        task.loss(batch)
    logits = task.network(*task.frames.pair(rows)).logits
    right = (logits.argmax(dim=1) == task.frames.labels[rows]).double().mean().item()
    assert task.scores()["test"]["train_accuracy"] == pytest.approx(right)
    task.loss(rows[:1])
    assert task.scores()["test"]["train_accuracy"] <= 1 / len(rows)


def test_frame_logits_are_those_of_the_network_in_evaluation_mode(monkeypatch):
    task = _task()
    monkeypatch.setattr(network_module, "BLOCK", 7)
    task.network.train()
    found = logits_of_frames(task.network, task.frames)
    task.network.eval()
    with torch.inference_mode():
        expected = task.network(*task.frames.pair(torch.arange(len(task.frames.images)))).logits
    np.testing.assert_allclose(found.values, expected.numpy(), atol=1e-6)
    assert found.values.dtype == np.float32 and found.rate == RATE
    assert found.items == task.frames.items.names
    np.testing.assert_array_equal(found.offsets, task.frames.offsets)


def test_it_learns_what_the_frames_show():
    task = _task(max_epochs=12, learning_rate=3e-3)
    history = fit(task, fit_plan(task.settings, task.frames, seed=1), None)
    assert max(row["frame_accuracy"] for row in history) > 0.9
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2


@pytest.mark.parametrize("frames", [load, lambda: _pictures(NOBODY_CHOOSES)])
def test_killed_training_ends_with_the_same_bits(tmp_path, monkeypatch, frames):
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "-1")
    loaded = frames()
    plan = fit_plan(_settings(max_epochs=3), loaded, seed=5)
    whole = _task(loaded)
    expected = fit(whole, plan, None)
    killed = _task(loaded)
    kill_after(killed, expected[0]["step"] + 3, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        fit(killed, plan, tmp_path / "state.safetensors")
    resumed = _task(loaded)
    assert fit(resumed, plan, tmp_path / "state.safetensors") == expected
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
