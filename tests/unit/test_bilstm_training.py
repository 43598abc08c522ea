"""Training the bi-LSTM on sequences of features: features, batches, loss, scores, results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.pictured_items import CPU, RATE, load
from tests.trainings import reads_of_a_step
from torch import nn

from mmer.models.networks.bilstm_training import (
    SequenceTraining,
    balanced_weights,
    build_network,
    fit_plan,
    store_sequences,
)
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.sequence_settings import Architecture, BiLstmSettings, Layer
from mmer.training.fit import fit
from mmer.training.frames import FramesOnDevice


@pytest.fixture(autouse=True)
def features_in_a_file(tmp_path, monkeypatch) -> None:
    """Features lie in a file of the test's own folder."""
    monkeypatch.chdir(tmp_path)


def _sequences(network: GuidedSpatialTransformer, frames: FramesOnDevice, layer: Layer):
    return store_sequences(network, frames, layer, Path("features")).on(CPU)


def _settings(**changes) -> BiLstmSettings:
    return BiLstmSettings(**({"layer": "fc50", "batch_size": 4} | changes))


def _task(**changes) -> SequenceTraining:
    torch.manual_seed(0)
    settings = _settings(**changes)
    sequences = _sequences(GuidedSpatialTransformer(8), load(), settings.layer)
    size = Architecture(layers=1, units=6, attention_layers=1)
    network = build_network(sequences.features.shape[1], size, settings.dropout, classes=8)
    return SequenceTraining(network, sequences, settings)


def test_training_stops_on_f1():
    plan = fit_plan(_settings(), seed=7)
    assert (plan.watch, plan.clip_gradient_norm, plan.seed) == ("f1", 1.0, 7)


def test_balanced_weights_are_those_of_scikit_learn():
    labels = torch.tensor([0] * 4 + [2] * 2 + [5] * 6)
    assert balanced_weights(labels, 8).tolist() == pytest.approx([1, 0, 2, 0, 0, 12 / 18, 0, 0])


def test_what_lies_before_an_activation_can_be_read_too():
    frames, network = load(), GuidedSpatialTransformer(8)
    posteriors, logits, fc50, before = (
        _sequences(network, frames, layer).features.clone()
        for layer in ("posteriors", "logits", "fc50", "fc50_before_relu")
    )
    torch.testing.assert_close(logits.softmax(1), posteriors)
    torch.testing.assert_close(before.clamp(min=0), fc50)
    assert (before < 0).any() and logits.sum(1).abs().max() > 0


@pytest.mark.parametrize(("layer", "width"), [("posteriors", 8), ("fc50", 50), ("flatten810", 810)])
def test_features_are_a_layer_of_the_transformer_for_every_frame(layer, width):
    frames, network = load(), GuidedSpatialTransformer(8)
    features = _sequences(network, frames, layer).features
    assert features.shape == (len(frames.images), width)
    output = network.eval()(*frames.pair(torch.tensor([3])))
    expected = output.logits.softmax(1) if layer == "posteriors" else getattr(output, layer)
    torch.testing.assert_close(features[3:4], expected.detach(), atol=1e-5, rtol=1e-5)


def test_batches_of_items_are_padded_behind():
    frames = load()
    features = torch.arange(len(frames.images), dtype=torch.float32)[:, None]
    sequences = replace(_task().items, features=features)
    padded, lengths = sequences.batch(torch.tensor([1, 0]))
    assert lengths.tolist() == [5, 4] and lengths.device == CPU
    assert padded[1, :, 0].tolist() == [0, 1, 2, 3, 0]
    start = frames.offsets[1]
    assert padded[0, :, 0].tolist() == list(range(start, start + 5))


def test_no_step_waits_for_the_device():
    sizes_of_the_batch = 2  # torch's LSTM reads them twice, and they lie on the CPU
    assert reads_of_a_step(_task()) == sizes_of_the_batch


def test_an_epoch_is_every_training_item_once():
    task = _task()
    items = torch.cat(list(task.batches(torch.Generator().manual_seed(1))))
    assert sorted(items.tolist()) == task.items.rows("train").tolist()


def test_the_loss_balances_the_training_items():
    task = _task(dropout=0.0)
    batch = torch.tensor([0, 4, 2])
    logits = task.network(*task.items.batch(batch)).logits
    own = logits.log_softmax(1)[torch.arange(3), torch.tensor([0, 2, 4])]
    torch.testing.assert_close(task.loss(batch), -own.mean())  # two items of each class


def test_scores_are_weighted_f1_accuracy_and_loss():
    task = _task()
    task.items.labels[6] = 2  # the first of the three items that choose
    bias = torch.full((8,), -1e3)
    bias[2] = 1e3
    nn.init.zeros_(task.network.classifier.weight)
    with torch.no_grad():
        task.network.classifier.bias.copy_(bias)
    task.network.eval()
    with torch.inference_mode():
        (scores,) = task.scores().values()
    # Always class 2, for two items in three: precision 2/3, recall 1, the other's F1 is 0.
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["f1"] == pytest.approx(0.8 * 2 / 3)
    assert scores["loss"] == pytest.approx(2000 / 3)


def test_it_learns_from_sequences():
    task = _task(layer="flatten810", max_epochs=30, learning_rate=0.01, dropout=0.0)
    history = fit(task, fit_plan(task.settings, seed=1), None)
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    assert max(row["f1"] for row in history) > 0.9


def test_results_are_posteriors_and_attention_of_all_items():
    task = _task(batch_size=2)
    posteriors, attention = task.results()
    sequences = task.items
    assert posteriors.names == attention.items == sequences.items.names
    assert posteriors.part.tolist() == sequences.part.tolist()
    assert posteriors.probabilities.dtype == np.float64
    np.testing.assert_allclose(posteriors.probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(attention.offsets, sequences.offsets)
    assert attention.values.dtype == np.float32 and attention.rate == RATE
    for item in range(len(sequences.items)):
        assert attention.of(item).sum() == pytest.approx(1, abs=1e-5)
