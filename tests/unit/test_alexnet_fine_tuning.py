"""Fine-tuning AlexNet: batches, loss, what is trained, scores, resumption."""

import numpy as np
import pytest
import torch
from tests.spoken_pitches import CPU, SPLIT, audio_of

from mmer.speech.alexnet import build_alexnet, network_input
from mmer.speech.alexnet_fine_tuning import AlexNetFineTuning, fit_plan
from mmer.speech.alexnet_settings import AlexNetSettings
from mmer.speech.images_on_device import load_images
from mmer.training.fit import fit


def _settings(**changes) -> AlexNetSettings:
    small = {"weights": "random", "width": 0.05, "trainable": "all", "batch_size": 8}
    return AlexNetSettings(**{**small, "image": {"size": 64}, **changes})


def _task(settings: AlexNetSettings) -> AlexNetFineTuning:
    torch.manual_seed(0)
    clips = load_images(audio_of(), None, SPLIT, settings.image, settings.clip_seconds, CPU)
    return AlexNetFineTuning(build_alexnet(settings.width), clips, settings)


def _partly_frozen(trainable: str) -> AlexNetFineTuning:
    """A task that trains a part, as only published weights may."""
    return _task(_settings().model_copy(update={"trainable": trainable}))


def test_an_epoch_is_every_training_clip_once():
    task = _task(_settings(batch_size=10))
    batches = list(task.batches(torch.Generator().manual_seed(3)))
    assert [len(batch) for batch in batches] == [10, 10, 4]
    rows = torch.cat(batches).tolist()
    assert sorted(rows) == task.clips.rows("train").tolist()


def test_batches_follow_the_generator():
    task = _task(_settings())
    orders = [
        next(task.batches(torch.Generator().manual_seed(seed))).tolist() for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("normalise", [True, False])
def test_loss_is_the_cross_entropy_of_the_networks_answers(normalise):
    task = _task(_settings(normalise=normalise))
    task.network.eval()
    logits = task.network(network_input(task.clips.inputs[:8], normalise))
    by_hand = -logits.log_softmax(dim=1)[torch.arange(8), task.clips.labels[:8]].mean().item()
    assert task.loss(torch.arange(8)).item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    ("trainable", "layers"),
    [
        ("last_convolution", {"features.10", "classifier.1", "classifier.4", "classifier.6"}),
        ("classifier", {"classifier.1", "classifier.4", "classifier.6"}),
    ],
)
def test_only_the_chosen_part_is_trained_and_the_rest_stays(trainable, layers):
    task = _partly_frozen(trainable)
    before = {name: tensor.clone() for name, tensor in task.network.state_dict().items()}
    task.network.train()
    task.loss(torch.arange(8)).backward()
    task.optimizer.step()
    after = task.network.state_dict()
    changed = {name.rpartition(".")[0] for name in after if not after[name].equal(before[name])}
    assert changed == layers


@pytest.mark.parametrize("trainable", ["last_convolution", "classifier"])
def test_frozen_layers_passed_once_change_no_answer(trainable):
    task = _partly_frozen(trainable)
    answers = task.logits(torch.arange(32))
    with torch.inference_mode():
        whole = task.network(network_input(task.clips.inputs, normalise=True))
    torch.testing.assert_close(answers, whole)


def test_optimiser_is_the_papers():
    (group,) = _task(_settings()).optimizer.param_groups
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (1e-3, 0.9, 5e-4)


def test_scores_are_of_the_heldout_clips(monkeypatch):
    task = _task(_settings())
    labels = task.clips.labels[task.clips.rows("heldout")]
    said = labels.clone()
    said[labels == 2] = 5
    answers = torch.nn.functional.one_hot(said, 8).float() * 50
    monkeypatch.setattr(task, "logits", lambda _: answers)
    scores = task.scores()
    assert scores["accuracy"] == scores["unweighted_average_recall"] == pytest.approx(7 / 8)
    assert scores["loss"] == pytest.approx(50 / 8, rel=1e-4)


def test_learns_the_pitches_of_actors_it_never_heard():
    settings = _settings(width=0.1, max_epochs=40, batch_size=4, learning_rate=3e-3)
    task = _task(settings)
    history = fit(task, fit_plan(settings, seed=5), checkpoint=None)
    assert [row["epoch"] for row in history] == list(range(1, 41))
    best = max(row["accuracy"] for row in history)
    assert best > 0.5

    posteriors = task.posteriors()
    assert posteriors.clips == task.clips.names
    heldout = posteriors.only("heldout")
    assert (heldout.predicted == heldout.labels).mean() == pytest.approx(best)
    np.testing.assert_allclose(posteriors.probabilities.sum(axis=1), 1)


class _Killed(Exception):
    pass


def test_interrupted_training_ends_in_the_same_model_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr("mmer.training.fit.CHECKPOINT_SECONDS", 0)
    settings = _settings(max_epochs=3, keep="last")
    plan, checkpoint = fit_plan(settings, seed=5), tmp_path / "checkpoint"
    whole = _task(settings)
    fit(whole, plan, checkpoint=None)

    interrupted = _task(settings)
    losses = iter([interrupted.loss] * 5)

    def loss_until_killed(batch: torch.Tensor) -> torch.Tensor:
        try:
            return next(losses)(batch)
        except StopIteration:
            raise _Killed from None

    monkeypatch.setattr(interrupted, "loss", loss_until_killed)
    with pytest.raises(_Killed):
        fit(interrupted, plan, checkpoint)
    resumed = _task(settings)
    fit(resumed, plan, checkpoint)
    expected = whole.network.state_dict()
    assert all(torch.equal(t, expected[name]) for name, t in resumed.network.state_dict().items())
