"""Fine-tuning CNN-14: batches, losses, scores, precision, resumption."""

import numpy as np
import pytest
import torch
from tests.spoken_pitches import CPU, SPLIT, audio_of

from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network, fit_plan
from mmer.speech.log_mels_on_device import load_log_mels
from mmer.training.fit import fit


def _settings(**changes) -> Cnn14Settings:
    small = {"weights": "random", "width": 0.02, "clip_seconds": 0.4, "batch_size": 8}
    return Cnn14Settings(**(small | changes))


def _task(settings: Cnn14Settings) -> Cnn14FineTuning:
    torch.manual_seed(0)
    clips = load_log_mels(audio_of(), None, SPLIT, settings.clip_seconds, CPU)
    return Cnn14FineTuning(build_network(settings), clips, settings)


@pytest.mark.parametrize(("alpha", "sizes"), [(0, [8, 8, 8]), (1, [16])])
def test_batches_are_full_and_of_training_clips_only(alpha, sizes):
    task = _task(_settings(mixup_alpha=alpha))
    batches = list(task.batches(torch.Generator().manual_seed(3)))
    assert [len(batch) for batch in batches] == sizes
    rows = torch.cat(batches).tolist()
    assert len(set(rows)) == len(rows)
    assert {task.clips.part[row] for row in rows} == {"train"}


def test_batches_follow_the_generator():
    task = _task(_settings())
    orders = [
        next(task.batches(torch.Generator().manual_seed(seed))).tolist() for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_fewer_clips_than_a_batch_are_one_batch():
    task = _task(_settings(batch_size=24, mixup_alpha=1))
    assert [len(batch) for batch in task.batches(torch.Generator())] == [24]


def test_the_losses_differ_by_the_number_of_classes():
    batch = torch.arange(8)
    losses = {}
    for name in ("mean_over_classes", "nll"):
        task = _task(_settings(loss=name, mixup_alpha=0))
        task.network.eval()
        losses[name] = task.loss(batch).item()
    log_likelihood = task.network(task.clips.inputs[:8]).logits.log_softmax(dim=1)
    by_hand = -log_likelihood[torch.arange(8), task.clips.labels[:8]].mean().item()
    assert losses["nll"] == pytest.approx(by_hand)
    assert losses["mean_over_classes"] == pytest.approx(by_hand / 8)


def test_mixup_mixes_the_targets_as_it_mixes_the_clips(monkeypatch):
    task = _task(_settings(loss="nll", spec_augment=False))
    task.network.eval()
    monkeypatch.setattr(torch.distributions.Beta, "sample", lambda _: torch.tensor([0.25]))
    loss = task.loss(torch.tensor([0, 4]))
    logits = task.network(task.clips.inputs[[0, 4]], torch.tensor([0.25])).logits
    log_likelihood = logits.log_softmax(dim=1)[0]
    one, other = task.clips.labels[[0, 4]]
    expected = -(0.25 * log_likelihood[one] + 0.75 * log_likelihood[other])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_scores_are_of_the_heldout_clips(monkeypatch):
    task = _task(_settings())
    labels = task.clips.labels[task.clips.rows("heldout")]
    said = labels.clone()
    said[labels == 2] = 5
    answers = torch.nn.functional.one_hot(said, 8).float() * 50
    monkeypatch.setattr(task, "logits", lambda _: answers)
    scores = task.scores()
    assert scores["accuracy"] == pytest.approx(7 / 8)
    assert scores["unweighted_average_recall"] == pytest.approx(7 / 8)
    assert scores["loss"] == pytest.approx(50 / 8 / 8, rel=1e-4)


def test_precision_reduces_the_convolutions_and_nothing_that_is_kept():
    losses = {}
    for precision in ("float32", "bfloat16"):
        task = _task(_settings(precision=precision, spec_augment=False, mixup_alpha=0))
        task.network.eval()  # no dropout
        loss = task.loss(torch.arange(8))
        loss.backward()
        task.optimizer.step()
        losses[precision] = loss.item()
        kept = [*task.network.state_dict().values(), *(p.grad for p in task.network.parameters())]
        assert {value.dtype for value in kept} == {torch.float32, torch.int64}  # int64: counters
        assert task.logits(torch.arange(2)).dtype == loss.dtype == torch.float32
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


def test_only_the_chosen_part_is_optimised():
    settings = Cnn14Settings(trainable="top", clip_seconds=0.4)
    with torch.device("meta"):
        network = build_network(settings)
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {"fc1.weight", "fc1.bias", "classifier.weight", "classifier.bias"}


def test_learns_the_pitches_of_actors_it_never_heard():
    settings = _settings(
        width=0.05,
        max_iterations=100,
        evaluate_every=25,
        mixup_alpha=0,
        spec_augment=False,
        learning_rate=3e-3,
    )
    task = _task(settings)
    history = fit(task, fit_plan(settings, seed=5), checkpoint=None)
    assert [row["step"] for row in history] == [25, 50, 75, 100]
    assert max(row["accuracy"] for row in history) > 0.5

    posteriors = task.posteriors()
    assert posteriors.clips == task.clips.names
    heldout = posteriors.only("heldout")
    best = max(row["accuracy"] for row in history)
    assert (heldout.predicted == heldout.labels).mean() == pytest.approx(best)
    np.testing.assert_allclose(posteriors.probabilities.sum(axis=1), 1)


class _Killed(Exception):
    pass


def test_interrupted_training_ends_in_the_same_model_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr("mmer.training.fit.CHECKPOINT_SECONDS", 0)
    settings = _settings(max_iterations=12, evaluate_every=4, keep="last", batch_size=4)
    plan, checkpoint = fit_plan(settings, seed=5), tmp_path / "checkpoint"
    whole = _task(settings)
    fit(whole, plan, checkpoint=None)

    interrupted = _task(settings)
    losses = iter([interrupted.loss] * 6)

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
