"""CNN-14's embedding of items at their own lengths."""

import numpy as np
import pytest
import torch

from mmer.media.log_mel import LogMel
from mmer.media.speech_spans import SpeechSpan
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.cnn14_embedding import embed_items
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError

RATE = 16_000
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
    return Cnn14(8, width=0.02, spec_augment=False).eval()


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
    padded = _alone(network, np.pad(audio.of(3), (0, RATE)))
    assert np.abs(padded - _alone(network, audio.of(3))).max() > 1e-3


@pytest.mark.parametrize(
    ("start", "stop", "samples", "silence"),
    [(0.05, 0.4, slice(800, 6400), 0), (0.1, 0.2, slice(1600, 3200), 4960 - 1600)],
    ids=["span", "below the shortest input"],
)
def test_a_span_is_cut_out_and_filled_up_with_silence(
    network, audio, start, stop, samples, silence
):
    spans = {name: SpeechSpan(start, stop, found=True) for name in NAMES}
    embeddings = embed_items(network, audio, spans)
    alone = _alone(network, np.pad(audio.of(0)[samples], (0, silence)))
    values = embeddings.values[embeddings.items.index(NAMES[0])]
    np.testing.assert_allclose(values, alone, rtol=1e-5, atol=1e-6)


def test_short_recordings_are_told(network):
    short = Ragged.join(NAMES[:1], [_noise(0.2, 0)], RATE)
    with pytest.raises(UserError, match=r"has 0\.200 s of audio"):
        embed_items(network, short, None)
