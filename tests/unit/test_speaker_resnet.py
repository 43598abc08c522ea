"""WeSpeaker's residual network: by the formulas in float64, among other items, and trained."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from tests.spoken_pitches import PAIR, TASK, audio_of, told, voice
from torch import nn
from torch.nn.functional import conv2d

from mmer.embeddings import read_embeddings
from mmer.items import read_items
from mmer.media.speech_spans import read_spans
from mmer.models.kept import KeptModel, NewItems
from mmer.models.networks.speaker_resnet import (
    SpeakerResnet,
    SpeakerResnetClassifier,
    embeddings_of,
    log_mels,
)
from mmer.models.speaker_resnet import SpeakerResnet as Family
from mmer.models.speaker_resnet import SpeakerResnetSettings
from mmer.models.speaker_resnet_embedding import (
    SpeakerResnetEmbedding,
    SpeakerResnetEmbeddingSettings,
)
from mmer.predictions import read_predictions
from mmer.training.job import file_sha256
from mmer.weights import Weights

SMALL = 0.07
"""Two channels to begin with."""
OUTPUTS = {"model": "model.safetensors", "history": "history.csv", "predictions": "said.csv"}


def with_statistics(network: nn.Module) -> nn.Module:
    """A network whose batch norms have seen something."""
    generator = torch.Generator().manual_seed(3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                tensor.data = 0.5 + torch.rand(tensor.shape, generator=generator)
    return network.eval()


@pytest.fixture(scope="module")
def network() -> SpeakerResnet:
    torch.manual_seed(5)
    return with_statistics(SpeakerResnet())


def spoken(seconds: float, hertz: float = 180) -> np.ndarray:
    """A voice in noise, int16."""
    sound = voice(hertz, seconds)
    noise = np.random.default_rng(7).normal(0, 0.01, len(sound))
    return (32768 * (sound + noise)).astype(np.int16)


def mels_by_hand(samples: np.ndarray) -> np.ndarray:
    """Log-mels ``(frames, 80)`` by Kaldi's formulas, told from their mean."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), 400)[::160]
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames = frames - 0.97 * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 399)
    power = np.abs(np.fft.rfft(frames * window, 512)) ** 2

    def mel(hertz):
        return 1127 * np.log(1 + hertz / 700)

    corners = np.linspace(mel(20.0), mel(8000.0), 82)
    of_bins = mel(np.arange(257) * 16_000 / 512)
    rising = (of_bins - corners[:-2, None]) / (corners[1] - corners[0])
    falling = (corners[2:, None] - of_bins) / (corners[1] - corners[0])
    filters = np.maximum(0, np.minimum(rising, falling))
    filters[:, 256] = 0
    logs = np.log(np.maximum(power @ filters.T, np.finfo(np.float32).eps))
    return logs - logs.mean(axis=0)


def embedding_by_hand(network: SpeakerResnet, samples: np.ndarray) -> np.ndarray:
    """The embedding in float64, of the weights alone."""
    weight = {name: tensor.double() for name, tensor in network.state_dict().items()}

    def normed(maps, name):
        of = [
            weight[f"{name}.{kind}"][:, None, None]
            for kind in ("weight", "bias", "running_mean", "running_var")
        ]
        return of[0] * (maps - of[2]) / (of[3] + 1e-5).sqrt() + of[1]

    maps = torch.from_numpy(mels_by_hand(samples).T.copy())[None, None]
    maps = normed(conv2d(maps, weight["conv1.weight"], padding=1), "bn1").relu()
    for stage, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            inner = conv2d(maps, weight[f"{name}.conv1.weight"], stride=stride, padding=1)
            inner = normed(inner, f"{name}.bn1").relu()
            inner = normed(conv2d(inner, weight[f"{name}.conv2.weight"], padding=1), f"{name}.bn2")
            if stride == 2:
                maps = conv2d(maps, weight[f"{name}.shortcut.0.weight"], stride=2)
                maps = normed(maps, f"{name}.shortcut.1")
            maps = (inner + maps).relu()
    flat = maps[0].reshape(-1, maps.shape[-1]).numpy()
    pooled = np.concatenate([flat.mean(axis=1), np.sqrt(flat.var(axis=1, ddof=1) + 1e-7)])
    return weight["seg_1.weight"].numpy() @ pooled + weight["seg_1.bias"].numpy()


def test_an_embedding_is_what_the_formulas_give(network):
    samples = spoken(0.8)
    (found,) = embeddings_of(network, [samples])
    assert found.dtype == np.float32 and found.shape == (256,)
    expected = embedding_by_hand(network, samples)
    np.testing.assert_allclose(
        found / np.abs(expected).max(), expected / np.abs(expected).max(), atol=1e-5, rtol=0
    )


def test_it_has_as_many_weights_as_are_published(network):
    assert sum(weight.numel() for weight in network.parameters()) == 6_634_336


def test_an_item_has_the_same_embedding_among_longer_ones():
    torch.manual_seed(6)
    network = with_statistics(SpeakerResnet(SMALL))
    items = [log_mels(spoken(seconds)) for seconds in (0.5, 1.1, 0.73)]
    lengths = torch.tensor([len(item) for item in items])
    together = network(nn.utils.rnn.pad_sequence(items, batch_first=True), lengths)
    for item, length, found in zip(items, lengths, together, strict=True):
        alone = network(item[None], length[None])[0]
        torch.testing.assert_close(found, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("samples", [1, 400, 4959])
def test_a_short_sound_is_filled_up_with_silence_and_heard(samples):
    network = SpeakerResnet(SMALL).eval()
    sound = spoken(0.31)[:samples]
    assert np.isfinite(embeddings_of(network, [sound])).all()
    filled = np.pad(sound, (0, 4960 - samples))
    np.testing.assert_array_equal(embeddings_of(network, [sound]), embeddings_of(network, [filled]))


@pytest.mark.parametrize(
    ("trainable", "first"), [("all", "conv1"), ("last_stage", "layer4"), ("embedding", "seg_1")]
)
def test_what_is_not_trained_keeps_weights_and_statistics(trainable, first):
    torch.manual_seed(1)
    network = SpeakerResnetClassifier(SpeakerResnet(SMALL, trainable), 0.0, 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    items, lengths = torch.randn(4, 40, 80), torch.tensor([40, 40, 30, 20])
    network.train()(items, lengths).square().sum().backward()
    optimizer.step()
    names = list(before)
    start = next(row for row in count() if names[row].startswith(f"network.{first}."))
    changed = {
        name for name, value in network.state_dict().items() if not value.equal(before[name])
    }
    assert changed and all(names.index(name) >= start for name in changed)
    assert {name for name in names[start:] if name.endswith(".weight")} <= changed


@pytest.mark.parametrize(("variant", "kept"), [("full", slice(None)), ("vad", slice(800, 6400))])
def test_every_item_is_embedded_as_its_variant_asks(tmp_path, variant, kept):
    settings = SpeakerResnetEmbeddingSettings(weights="random", width=SMALL)
    family, outputs = SpeakerResnetEmbedding(), {"embeddings": "embeddings.npz"}
    family.run(told(tmp_path, family.name, "embed", settings, outputs, variant=variant))
    found, audio = read_embeddings(tmp_path / "embeddings.npz"), audio_of(("a", "c"))
    assert found.items == tuple(sorted(audio.items)) and found.values.shape == (16, 256)
    torch.manual_seed(1)  # the job's
    samples = audio.of(audio.items.index("c3"))[kept]
    (expected,) = embeddings_of(SpeakerResnet(SMALL).eval(), [samples])
    np.testing.assert_allclose(found.values[found.items.index("c3")], expected, atol=1e-6, rtol=0)


def test_after_a_run_a_new_recording_gets_the_embedding_that_its_like_had(tmp_path):
    settings = SpeakerResnetEmbeddingSettings(weights="random", width=SMALL)
    family, outputs = SpeakerResnetEmbedding(), {"embeddings": "embeddings.npz"}
    job = told(tmp_path, family.name, "embed", settings, outputs, variant="vad")
    family.run(job)
    kept = KeptModel("mine", job.options, TASK, None, "vad", family.kept_state(job, ""))
    audio, spans = audio_of(("c",)), read_spans([tmp_path / "c.csv"])
    pieces = NewItems(audio.items, audio, spans=spans)
    said = family.for_new_recordings(kept)(pieces, None)
    found = read_embeddings(tmp_path / "embeddings.npz")
    expected = found.values[[found.items.index(name) for name in audio.items]]
    np.testing.assert_allclose(said.embeddings, expected, atol=1e-6, rtol=0)


def test_training_begins_with_the_published_weights(tmp_path):
    torch.manual_seed(2)
    published = SpeakerResnet().state_dict()
    file = tmp_path / "published.bin"
    torch.save({"state_dict": {f"resnet.{name}": t for name, t in published.items()}}, file)
    given = Weights(name="wespeaker_resnet34", path=file, sha256=file_sha256(file))
    settings = SpeakerResnetSettings(trainable="embedding", max_epochs=1, learning_rate=1e-9)
    job = told(tmp_path, "speaker_resnet", "train", settings, OUTPUTS, PAIR, weights=given)
    Family().run(job)
    trained = load_file(tmp_path / "model.safetensors")
    for name, tensor in published.items():
        np.testing.assert_allclose(trained[f"network.{name}"], tensor, atol=1e-8)
    items = read_items(tmp_path / "items.csv")
    said = read_predictions(tmp_path / "said.csv", job.task, items)
    assert len(said.items) == 16 and set(said.part) == {"train", "test"}
