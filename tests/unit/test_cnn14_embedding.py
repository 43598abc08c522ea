"""CNN-14's embedding of items at their own lengths."""

import numpy as np
import pytest
import torch

from mmer.media.log_mel import LogMel
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.cnn14_embedding import embeddings_of

RATE = 16_000
SECONDS = (0.7, 0.5, 0.7, 0.41)


def _noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3000, int(seconds * RATE)).astype(np.int16)


@pytest.fixture
def waveforms() -> list[np.ndarray]:
    return [_noise(s, seed) for seed, s in enumerate(SECONDS)]


@pytest.fixture
def network() -> Cnn14:
    torch.manual_seed(3)
    return Cnn14(8, width=0.02, spec_augment=False).eval()


def _alone(network: Cnn14, samples: np.ndarray) -> np.ndarray:
    """The embedding of one item by itself."""
    log_mel = LogMel()(torch.from_numpy(samples)[None].float() / 32768)
    with torch.inference_mode():
        return network(log_mel).embedding[0].numpy()


def test_each_item_is_embedded_at_its_own_length(network, waveforms):
    embeddings = embeddings_of(network, waveforms)
    for samples, values in zip(waveforms, embeddings, strict=True):
        np.testing.assert_allclose(values, _alone(network, samples), rtol=1e-5, atol=1e-6)
    assert embeddings.dtype == np.float32 and (embeddings >= 0).all()
    padded = _alone(network, np.pad(waveforms[3], (0, RATE)))
    assert np.abs(padded - _alone(network, waveforms[3])).max() > 1e-3


def test_what_is_too_short_is_filled_up_with_silence(network, waveforms):
    (values,) = embeddings_of(network, [waveforms[0][:1600]])
    alone = _alone(network, np.pad(waveforms[0][:1600], (0, 4960 - 1600)))
    np.testing.assert_allclose(values, alone, rtol=1e-5, atol=1e-6)
