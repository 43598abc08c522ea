"""Fine-tuning CNN-14 and AlexNet: batches, losses, scores, precision, what is trained, resuming."""

from functools import partial

import numpy as np
import pytest
import torch
from tests.spoken_pitches import CPU, ITEMS, NESTED, SPLIT, TASK, audio_of
from tests.trainings import kill_after, reads_of_a_step
from torch.nn import functional

from mmer.media.log_mel import log_mels
from mmer.media.spectrogram_image import spectrogram_images
from mmer.models.alexnet import AlexNetSettings
from mmer.models.cnn14 import Cnn14Settings
from mmer.models.networks.alexnet import build_alexnet, network_input
from mmer.models.networks.alexnet_training import AlexNetFineTuning
from mmer.models.networks.cnn14_training import Cnn14FineTuning, build_network, fit_plan
from mmer.protocol import Split
from mmer.training.fit import FitPlan, fit
from mmer.training.recordings import put_on_device


def cnn14(split: Split = SPLIT, **changes) -> Cnn14FineTuning:
    small = {"weights": "random", "width": 0.02, "clip_seconds": 0.4, "batch_size": 8}
    settings = Cnn14Settings(**{**small, **changes})
    torch.manual_seed(0)
    as_inputs = partial(log_mels, device=CPU)
    items = put_on_device(audio_of(), None, ITEMS, split, TASK, settings.clip_seconds, as_inputs)
    return Cnn14FineTuning(build_network(settings, TASK.outputs), items, settings)


def alexnet(split: Split = SPLIT, **changes) -> AlexNetFineTuning:
    small = {"weights": "random", "width": 0.05, "trainable": "all", "batch_size": 8}
    settings = AlexNetSettings(**{**small, "image": {"size": 64}}).model_copy(update=changes)
    torch.manual_seed(0)

    def images(waveforms):
        return torch.from_numpy(spectrogram_images(waveforms, settings.image))

    items = put_on_device(audio_of(), None, ITEMS, split, TASK, settings.clip_seconds, images)
    return AlexNetFineTuning(build_alexnet(TASK.outputs, settings.width), items, settings)


def plan(training: Cnn14FineTuning | AlexNetFineTuning, seed: int = 5) -> FitPlan:
    if isinstance(training, Cnn14FineTuning):
        return fit_plan(training.settings, seed)
    return FitPlan.of(training.settings, "accuracy", seed)


BOTH = pytest.mark.parametrize("build", [cnn14, alexnet])


@BOTH
def test_no_step_waits_for_the_device(build):
    assert reads_of_a_step(build()) == 0


@pytest.mark.parametrize(
    ("alpha", "size", "sizes"),
    [(0, 8, [8, 8, 8]), (1, 8, [16]), (1, 24, [24])],
    ids=["alone", "mixed", "fewer items than a batch"],
)
def test_batches_of_cnn14_are_full_and_of_training_items_only(alpha, size, sizes):
    training = cnn14(mixup_alpha=alpha, batch_size=size)
    batches = list(training.batches(torch.Generator().manual_seed(3)))
    assert [len(batch) for batch in batches] == sizes
    rows = torch.cat(batches).tolist()
    assert len(set(rows)) == len(rows)
    assert {training.items.part[row] for row in rows} == {"train"}


def test_an_epoch_of_alexnet_is_every_training_item_once():
    training = alexnet(batch_size=10)
    batches = list(training.batches(torch.Generator().manual_seed(3)))
    assert [len(batch) for batch in batches] == [10, 10, 4]
    rows = torch.cat(batches).tolist()
    assert sorted(rows) == training.train_rows.tolist()
    again, other = (
        torch.cat(list(training.batches(torch.Generator().manual_seed(seed)))) for seed in (3, 4)
    )
    assert again.tolist() == rows != other.tolist()


def test_the_losses_of_cnn14_differ_by_the_number_of_classes():
    losses = {}
    for name in ("mean_over_classes", "nll"):
        training = cnn14(loss=name, mixup_alpha=0)
        training.network.eval()
        losses[name] = training.loss(torch.arange(8)).item()
    log_likelihood = training.network(training.items.inputs[:8]).logits.log_softmax(dim=1)
    by_hand = -log_likelihood[torch.arange(8), training.items.labels[:8]].mean().item()
    assert losses["nll"] == pytest.approx(by_hand)
    assert losses["mean_over_classes"] == pytest.approx(by_hand / 8)


def test_mixup_mixes_the_targets_as_it_mixes_the_items(monkeypatch):
    training = cnn14(loss="nll", spec_augment=False)
    training.network.eval()
    monkeypatch.setattr(torch.distributions.Beta, "sample", lambda _: torch.tensor([0.25]))
    loss = training.loss(torch.tensor([0, 4]))
    logits = training.network(training.items.inputs[[0, 4]], torch.tensor([0.25])).logits
    log_likelihood = logits.log_softmax(dim=1)[0]
    one, other = training.items.labels[[0, 4]]
    expected = -(0.25 * log_likelihood[one] + 0.75 * log_likelihood[other])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("normalise", [True, False])
def test_loss_of_alexnet_is_the_cross_entropy_of_the_networks_answers(normalise):
    training = alexnet(normalise=normalise)
    training.network.eval()
    logits = training.network(network_input(training.items.inputs[:8], normalise))
    by_hand = functional.cross_entropy(logits, training.items.labels[:8]).item()
    assert training.loss(torch.arange(8)).item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(("build", "loss"), [(cnn14, 50 / 8 / 8), (alexnet, 50 / 8)])
@pytest.mark.parametrize("split", [SPLIT, NESTED], ids=lambda split: split.name)
def test_scores_are_of_those_who_choose(monkeypatch, build, loss, split):
    training = build(split)
    chooser = "d" if split is NESTED else "c"

    def answers(rows: torch.Tensor) -> torch.Tensor:
        assert {training.items.items.names[row][0] for row in rows} == {chooser}
        said = training.items.labels[rows].clone()
        said[said == 2] = 5
        return functional.one_hot(said, 8).float() * 50

    monkeypatch.setattr(training, "logits", answers)
    (scores,) = training.scores().values()
    assert scores["accuracy"] == scores["unweighted_average_recall"] == pytest.approx(7 / 8)
    assert scores["loss"] == pytest.approx(loss, rel=1e-4)


def test_precision_reduces_the_convolutions_and_nothing_that_is_kept():
    losses = {}
    for precision in ("float32", "bfloat16"):
        training = cnn14(precision=precision, spec_augment=False, mixup_alpha=0)
        training.network.eval()  # no dropout
        loss = training.loss(torch.arange(8))
        loss.backward()
        training.optimizer.step()
        losses[precision] = loss.item()
        network = training.network
        kept = [*network.state_dict().values(), *(p.grad for p in network.parameters())]
        assert {value.dtype for value in kept} == {torch.float32, torch.int64}  # int64: counters
        assert training.logits(torch.arange(2)).dtype == loss.dtype == torch.float32
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


@pytest.mark.parametrize(
    ("trainable", "layers"),
    [
        ("last_convolution", {"features.10", "classifier.1", "classifier.4", "classifier.6"}),
        ("classifier", {"classifier.1", "classifier.4", "classifier.6"}),
    ],
)
def test_only_the_chosen_part_of_alexnet_is_trained_and_the_rest_stays(trainable, layers):
    training = alexnet(trainable=trainable)
    before = {name: tensor.clone() for name, tensor in training.network.state_dict().items()}
    training.network.train()
    training.loss(torch.arange(8)).backward()
    training.optimizer.step()
    after = training.network.state_dict()
    changed = {name.rpartition(".")[0] for name in after if not after[name].equal(before[name])}
    assert changed == layers


@pytest.mark.parametrize("trainable", ["last_convolution", "classifier"])
def test_frozen_layers_passed_once_change_no_answer(trainable):
    training = alexnet(trainable=trainable)
    answers = training.logits(torch.arange(32))
    with torch.inference_mode():
        whole = training.network(network_input(training.items.inputs, normalise=True))
    torch.testing.assert_close(answers, whole)


def test_optimisers_are_the_papers():
    (group,) = alexnet().optimizer.param_groups
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (1e-3, 0.9, 5e-4)
    (group,) = cnn14().optimizer.param_groups
    assert (group["lr"], group["betas"], group["eps"]) == (1e-3, (0.9, 0.999), 1e-8)
    assert group["amsgrad"] and not group["weight_decay"]


@pytest.mark.parametrize(
    ("build", "changes", "evaluations"),
    [
        (
            cnn14,
            {
                "width": 0.05,
                "max_iterations": 100,
                "evaluate_every": 25,
                "mixup_alpha": 0,
                "spec_augment": False,
                "learning_rate": 3e-3,
            },
            4,
        ),
        (alexnet, {"width": 0.1, "max_epochs": 40, "batch_size": 4, "learning_rate": 3e-3}, 40),
    ],
    ids=["cnn14", "alexnet"],
)
def test_learns_the_pitches_of_speakers_it_never_heard(build, changes, evaluations):
    training = build(**changes)
    history = fit(training, plan(training), checkpoint=None)
    assert len(history) == evaluations
    best = max(row["accuracy"] for row in history)
    assert best > 0.5

    predictions = training.predictions()
    assert predictions.names == training.items.items.names
    tested = predictions.only("test")
    assert (tested.predicted == tested.labels).mean() == pytest.approx(best)
    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("build", "changes"),
    [
        (cnn14, {"max_iterations": 12, "evaluate_every": 4, "keep": "last", "batch_size": 4}),
        (alexnet, {"max_epochs": 3, "keep": "last"}),
    ],
    ids=["cnn14", "alexnet"],
)
def test_interrupted_training_ends_in_the_same_model_bit_for_bit(
    tmp_path, monkeypatch, build, changes
):
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0")
    whole, interrupted, resumed = (build(**changes) for _ in range(3))
    fit(whole, plan(whole), checkpoint=None)
    kill_after(interrupted, 5, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        fit(interrupted, plan(whole), tmp_path / "checkpoint")
    fit(resumed, plan(whole), tmp_path / "checkpoint")
    expected = whole.network.state_dict()
    assert all(torch.equal(t, expected[name]) for name, t in resumed.network.state_dict().items())
