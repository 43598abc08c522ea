"""CNN-14's embedding of items at their own lengths."""

import hashlib

import numpy as np
import pytest
import torch

from mmer.media.log_mel import LogMel
from mmer.media.speech_spans import SpeechSpan
from mmer.models.cnn14_embedding import Cnn14EmbeddingSettings
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.cnn14_embedding import embed_items, embedding_network
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.weights import Weights

RATE = 16_000
SMALL = Cnn14EmbeddingSettings(weights="random", width=0.02)
NAMES = ["e", "b", "h", "a"]
SECONDS = (0.7, 0.5, 0.7, 0.41)


def _noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3000, int(seconds * RATE)).astype(np.int16)


@pytest.fixture
def audio() -> Ragged:
    return Ragged.join(NAMES, [_noise(s, seed) for seed, s in enumerate(SECONDS)], RATE)


@pytest.fixture
def network() -> Cnn14:
    torch.manual_seed(3)
    return embedding_network(SMALL, 8, None)


def _alone(network: Cnn14, samples: np.ndarray) -> np.ndarray:
    """The embedding of one item by itself."""
    log_mel = LogMel()(torch.from_numpy(samples)[None].float() / 32768)
    with torch.inference_mode():
        return network(log_mel).embedding[0].numpy()


def test_each_item_is_embedded_at_its_own_length(network, audio):
    embeddings = embed_items(network, audio, None)
    assert list(embeddings.items) == sorted(NAMES)
    for name, values in zip(embeddings.items, embeddings.values, strict=True):
        alone = _alone(network, audio.of(NAMES.index(name)))
        np.testing.assert_allclose(values, alone, rtol=1e-5, atol=1e-6)
    assert embeddings.values.dtype == np.float32 and (embeddings.values >= 0).all()


def test_padding_would_change_an_embedding(network, audio):
    samples = audio.of(3)
    padded = _alone(network, np.pad(samples, (0, RATE)))
    assert np.abs(padded - _alone(network, samples)).max() > 1e-3


def test_embeddings_do_not_depend_on_chance(network, audio):
    torch.manual_seed(1)
    first = embed_items(network, audio, None).values
    torch.manual_seed(2)
    np.testing.assert_array_equal(first, embed_items(network, audio, None).values)


def test_what_lies_outside_the_span_does_not_matter(network, audio):
    spans = {name: SpeechSpan(0.05, 0.4, found=True) for name in NAMES}
    embeddings = embed_items(network, audio, spans)
    row = embeddings.items.index(NAMES[0])
    alone = _alone(network, audio.of(0)[800:6400])
    np.testing.assert_allclose(embeddings.values[row], alone, rtol=1e-5, atol=1e-6)


def test_a_span_below_the_shortest_input_is_padded_to_it(network, audio):
    spans = {name: SpeechSpan(0.1, 0.2, found=True) for name in NAMES}
    embeddings = embed_items(network, audio, spans)
    row = embeddings.items.index(NAMES[0])
    alone = _alone(network, np.pad(audio.of(0)[1600:3200], (0, 4960 - 1600)))
    np.testing.assert_allclose(embeddings.values[row], alone, rtol=1e-5, atol=1e-6)


def test_short_recordings_missing_spans_and_doubled_items_are_told(network, audio):
    short = Ragged.join(NAMES[:1], [_noise(0.2, 0)], RATE)
    with pytest.raises(UserError, match=r"has 0\.200 s of audio"):
        embed_items(network, short, None)
    with pytest.raises(UserError, match="has no speech span"):
        embed_items(network, audio, {})
    doubled = Ragged.join(NAMES[:1] * 2, [_noise(0.5, 0)] * 2, RATE)
    with pytest.raises(UserError, match="given twice"):
        embed_items(network, doubled, None)


def test_published_weights_are_loaded_through_the_verified_path(tmp_path, monkeypatch):
    path = tmp_path / "cnn14.pth"
    path.write_bytes(b"weights")
    sha256 = hashlib.sha256(b"weights").hexdigest()
    handed = []
    # Loading itself, at full width once, is tested with the checkpoint.
    monkeypatch.setattr(
        "mmer.models.networks.cnn14_embedding.Cnn14",
        lambda classes, width, spec_augment: _tiny(classes, width),
    )
    monkeypatch.setattr(
        "mmer.models.networks.panns_checkpoint.load_panns", lambda *given: handed.append(given)
    )
    given = Weights(name="panns_cnn14_16k", path=path, sha256=sha256)
    network = embedding_network(Cnn14EmbeddingSettings(), 8, given)
    assert handed == [(network, path, sha256)]


def _tiny(classes: int, width: float) -> Cnn14:
    assert width == 1
    return Cnn14(classes, width=0.02)
