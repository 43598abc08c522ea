"""The end-to-end network: its layers beside a float64 computation, its sequences, its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tests.recola_trainings import AFFECT, TINY, prepare_recola, training_job
from torch import nn

from mmer.corpora.recola import Recola
from mmer.items import read_items
from mmer.models.end_to_end import EndToEnd, EndToEndSettings
from mmer.models.networks.end_to_end import EndToEnd as Network
from mmer.models.networks.end_to_end import PeepholeLstm, SoundBranch, steps_of
from mmer.predictions import read_predictions
from mmer.training.network import NetworkTraining, load_examples

CLOSE = {"rtol": 0, "atol": 1e-5}


def weights(module: nn.Module) -> dict[str, np.ndarray]:
    """Float64 copies of a module's weights by name."""
    return {name: each.detach().double().numpy() for name, each in module.named_parameters()}


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    """Standard normal float32 numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def convolved(signal: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """``(channels, time)`` by ``(filters, channels, width)``; the odd zero stands at the end."""
    width = kernel.shape[2]
    before = (width - 1) // 2
    padded = np.pad(signal, ((0, 0), (before, width - 1 - before)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)
    return np.einsum("ctw,fcw->ft", windows, kernel) + bias[:, None]


def heard(sound: np.ndarray, given: dict[str, np.ndarray], pooled: int) -> np.ndarray:
    """What the branch makes of one step ``(samples,)``."""
    first = np.maximum(convolved(sound[None], given["first.weight"], given["first.bias"]), 0)
    halved = np.maximum(first[:, ::2], first[:, 1::2])
    second = np.maximum(convolved(halved, given["second.weight"], given["second.bias"]), 0)
    return second.T.reshape(second.shape[1], -1, pooled).max(axis=2).ravel()


def sigmoid(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))


def recalled(seen: np.ndarray, given: dict[str, np.ndarray], clip: float) -> np.ndarray:
    """What a layer of peephole cells makes of ``(steps, width)``, gate by gate."""
    units = given["peepholes"].shape[1]
    read = {gate: slice(n * units, (n + 1) * units) for n, gate in enumerate("ifjo")}
    hidden = cell = np.zeros(units)
    said = []
    for now in seen:

        def gate(name, now=now, hidden=hidden):
            rows = read[name]
            told = given["read.weight"][rows] @ now + given["read.bias"][rows]
            return told + given["recall.weight"][rows] @ hidden

        peeps = given["peepholes"]
        cell = sigmoid(gate("f") + peeps[1] * cell) * cell + sigmoid(
            gate("i") + peeps[0] * cell
        ) * np.tanh(gate("j"))
        cell = np.clip(cell, -clip, clip)
        hidden = sigmoid(gate("o") + peeps[2] * cell) * np.tanh(cell)
        said.append(hidden)
    return np.stack(said)


def test_the_sound_branch_at_full_size_is_what_numpy_computes():
    branch = SoundBranch(640, 40, 10, 0.5).eval()
    sound = drawn(1, 2, 640)
    found = branch(sound).detach().numpy()
    assert found.shape == (1, 2, 1280)
    for step in range(2):
        expected = heard(sound[0, step].double().numpy(), weights(branch), 10)
        np.testing.assert_allclose(found[0, step], expected, **CLOSE)


@pytest.mark.parametrize("clip", [100.0, 0.1])
def test_peephole_cells_at_full_size_are_what_numpy_computes(clip):
    torch.manual_seed(1)
    layer, seen = PeepholeLstm(1280, 256, clip), drawn(2, 5, 1280)
    found = layer(seen).detach().numpy()
    for item in range(2):
        expected = recalled(seen[item].double().numpy(), weights(layer), clip)
        np.testing.assert_allclose(found[item], expected, **CLOSE)


def test_the_whole_network_is_its_layers_one_after_the_other():
    settings = EndToEndSettings(channels=4, pooled_channels=2, units=8)
    network = Network(64, 2, False, settings).eval()
    sound = drawn(1, 7, 64)
    seen = np.stack([heard(step, weights(network.sound), 2) for step in sound[0].double().numpy()])
    for layer in network.recurrent:
        seen = recalled(seen, weights(layer), 100.0)
    expected = seen @ weights(network.say)["weight"].T + weights(network.say)["bias"]
    found = network(sound, torch.tensor([7])).detach().numpy()
    np.testing.assert_allclose(found[0], expected, **CLOSE)


def test_without_peepholes_the_published_cells_are_the_librarys():
    torch.manual_seed(2)
    ours, library = PeepholeLstm(5, 3, 100.0), nn.LSTM(5, 3, batch_first=True)
    with torch.no_grad():
        ours.peepholes.zero_()
        library.weight_ih_l0.copy_(ours.read.weight)
        library.weight_hh_l0.copy_(ours.recall.weight)
        library.bias_ih_l0.copy_(ours.read.bias)
        library.bias_hh_l0.zero_()
    seen = drawn(2, 9, 5)
    torch.testing.assert_close(ours(seen), library(seen)[0])


def test_the_published_sizes():
    network = Network(640, 2, False, EndToEndSettings())
    assert network.sound.width == 1280
    count = {name: sum(w.numel() for w in part.parameters()) for name, part in
             network.named_children()}  # fmt: skip
    assert count["sound"] == 40 * 20 + 40 + 40 * 40 * 40 + 40
    cells = [4 * 256 * (width + 256 + 1) + 3 * 256 for width in (1280, 256)]
    assert count["recurrent"] == sum(cells)
    assert count["say"] == 2 * 256 + 2


@pytest.mark.parametrize("recurrent", ["published", "library"])
def test_biases_begin_at_nought_but_for_open_forget_gates(recurrent):
    network = Network(64, 2, False, EndToEndSettings(**TINY, recurrent=recurrent))
    begun = {n: w for n, w in weights(network).items() if "bias" in n and w.any()}
    assert len(begun) == 2  # one for each layer
    for bias in begun.values():
        assert bias.tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16


def test_a_long_recording_passes_in_parts_and_is_followed_as_one(monkeypatch):
    network = Network(64, 2, False, EndToEndSettings(**TINY)).eval()
    sound, lengths = drawn(1, 11, 64), torch.tensor([11])
    whole = network(sound, lengths)
    monkeypatch.setattr("mmer.models.networks.end_to_end.STEPS_AT_ONCE", 3)
    torch.testing.assert_close(network(sound, lengths), whole)


def test_a_class_is_said_once_and_padding_says_nothing():
    network = Network(64, 3, True, EndToEndSettings(**TINY)).eval()
    alone = network(drawn(1, 5, 64), torch.tensor([5]))
    assert alone.shape == (1, 3)
    padded = torch.cat([drawn(1, 5, 64), torch.ones(1, 4, 64)], dim=1)
    torch.testing.assert_close(network(padded, torch.tensor([5])), alone)


def test_sound_is_told_in_steps_of_40_ms_between_minus_1_and_1():
    samples = np.arange(1500, dtype=np.int16) * 10
    found = steps_of(samples, 640)
    assert found.shape == (2, 640)
    assert found[1, 3].item() == pytest.approx(6430 / 32768)
    short = steps_of(np.full(100, -32768, np.int16), 640)
    assert short.shape == (1, 640) and short[0, :101].tolist() == [-1.0] * 100 + [0.0]


def test_shifted_sound_goes_on_from_within_its_first_step():
    steps = torch.arange(1, 1281, dtype=torch.float32).view(2, 640)
    torch.manual_seed(0)
    found = EndToEnd().augment(steps, EndToEndSettings(shifted=True)).flatten()
    start = int(found[0]) - 1
    assert 0 < start < 640
    assert found.tolist() == [*range(start + 1, 1281), *[0] * start]
    assert EndToEnd().augment(steps, EndToEndSettings()) is steps


# On a tiny RECOLA


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> tuple[Recola, Path]:
    """Three recordings of eight seconds, prepared."""
    folder = tmp_path_factory.mktemp("recola")
    return prepare_recola(folder), folder


def test_levelled_items_are_equally_loud_and_silence_stays_silence():
    settings = EndToEndSettings(levelled=True)
    soft = np.tile(np.array([300, -400], np.int16), 320)
    for samples in (soft, 50 * soft):
        found = EndToEnd().features(samples, settings)
        torch.testing.assert_close(found[0, :2], torch.tensor([3.0, -4.0]) / 12.5**0.5)
    assert not EndToEnd().features(0 * soft, settings).any()
    assert EndToEnd().features(soft, EndToEndSettings())[0, 0] == 300 / 32768


def test_recordings_are_cut_into_sequences_that_follow_each_other(prepared):
    told = training_job(*prepared, sequence_steps=60)
    family, settings = EndToEnd(), EndToEndSettings(**told.options["settings"])
    examples = load_examples(family, told, settings, torch.device("cpu"))
    training = NetworkTraining(family, told, examples, settings)
    names = examples.items.names
    cut = [(names[row], steps.start) for row, steps in training.sequences]
    assert cut == [(name, start) for name in ("train_1", "train_2") for start in (0, 60, 120, 180)]
    seen = torch.cat(list(training.batches(torch.Generator().manual_seed(0))))
    assert sorted(seen.tolist()) == list(range(8))


def test_the_loss_is_that_of_the_steps_of_a_batch_of_sequences(prepared):
    told = training_job(*prepared, sequence_steps=60)
    family, settings = EndToEnd(), EndToEndSettings(**told.options["settings"])
    examples = load_examples(family, told, settings, torch.device("cpu"))
    training = NetworkTraining(family, told, examples, settings)
    training.network.eval()
    batch = torch.tensor([1, 7])  # 60 steps of one recording, the last 20 of the other
    parts = [(0, slice(60, 120)), (1, slice(180, 200))]
    rows = examples.rows("train").tolist()
    said, true = [], []
    for place, steps in parts:
        sound = examples.features[rows[place]][steps][None]
        said.append(training.network(sound, torch.tensor([sound.shape[1]]))[0].detach().numpy())
        true.append(examples.targets[rows[place]][steps].numpy())
    p, t = np.concatenate(said).astype(float), np.concatenate(true).astype(float)
    covariance = ((p - p.mean(0)) * (t - t.mean(0))).mean(0)
    ccc = 2 * covariance / (p.var(0) + t.var(0) + (p.mean(0) - t.mean(0)) ** 2)
    assert training.loss(batch).item() == pytest.approx((1 - ccc).mean(), abs=1e-5)


@pytest.mark.slow
def test_arousal_is_followed_in_a_voice_that_was_never_heard(prepared):
    told = training_job(*prepared, sequence_steps=50, max_epochs=12)
    EndToEnd().run(told)
    items = read_items(prepared[1] / "items.csv")
    said = read_predictions(told.output("predictions"), AFFECT, items)
    assert np.diff(said.traces.offsets).tolist() == [200] * 3
    history = pd.read_csv(told.output("history"))
    assert history["ccc_arousal"].max() > 0.5, history
