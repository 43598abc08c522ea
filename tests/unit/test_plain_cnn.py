"""The plain convolutional network: what it hears, how training items vary, and its pooling."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from mmer.models.networks.plain_cnn import PlainCnn, augmented, log_mels
from mmer.models.plain_cnn import PlainCnnSettings

STILL = {
    "stretch": 0,
    "band_shift": 0,
    "gain_db": 0,
    "band_mask": 0,
    "frame_mask": 0,
}


def ramp(frames: int = 40, bands: int = 16) -> torch.Tensor:
    """Each band has its own value, ``(frames, bands)``."""
    return torch.arange(1.0, bands + 1).expand(frames, bands).clone()


def test_it_hears_log_mels_as_librosa_does():
    samples = (np.random.default_rng(0).standard_normal(8000) * 1000).astype(np.int16)
    power = librosa.feature.melspectrogram(
        y=samples / 32768,
        sr=16000,
        n_fft=1024,
        hop_length=320,
        n_mels=64,
        fmin=50,
        pad_mode="reflect",
    )
    expected = 10 * np.log10(np.maximum(power, 1e-10))
    assert log_mels(samples, 64).numpy() == pytest.approx(expected.T, abs=1e-2)


@pytest.mark.parametrize("samples", [1, 100, 1023])
def test_a_sound_shorter_than_a_window_is_heard(samples):
    assert len(log_mels(np.ones(samples, dtype=np.int16), 64)) >= 1


def test_without_anything_to_vary_an_item_stays_as_it_is():
    assert torch.equal(augmented(ramp(), PlainCnnSettings(**STILL)), ramp())


@pytest.mark.parametrize(
    ("setting", "value", "holds"),
    [
        ("stretch", 0.5, lambda x: 20 <= len(x) <= 60 and torch.allclose(x[0], ramp()[0])),
        ("band_shift", 3, lambda x: 1 <= x[0, 0] <= 4 and 13 <= x[0, -1] <= 16),
        ("gain_db", 1.0, lambda x: (x - ramp()).abs().max() <= 1 and (x - ramp()).std() < 1e-6),
    ],
)
def test_each_variation_keeps_to_its_limit_and_happens(setting, value, holds):
    torch.manual_seed(0)
    settings = PlainCnnSettings(**{**STILL, setting: value})
    varied = [augmented(ramp(), settings) for _ in range(50)]
    assert all(holds(item) for item in varied)
    assert any(item.shape != ramp().shape or not torch.equal(item, ramp()) for item in varied)


@pytest.mark.parametrize(("setting", "axis"), [("band_mask", 0), ("frame_mask", 1)])
def test_two_masks_hide_bands_or_frames_under_the_mean(setting, axis):
    torch.manual_seed(0)
    item = torch.randn(40, 16)
    hidden = set()
    for _ in range(50):
        varied = augmented(item, PlainCnnSettings(**{**STILL, setting: 4}))
        changed = (varied != item).all(dim=axis)
        assert torch.equal(changed, (varied != item).any(dim=axis))  # whole bands or frames
        covered = varied[:, changed] if axis == 0 else varied[changed].T
        means = item.mean(dim=0)[changed] if axis == 0 else item.mean(dim=0)[:, None]
        assert torch.equal(covered, means.expand_as(covered))
        hidden.add(int(changed.sum()))
    assert 4 < max(hidden) <= 8 and len(hidden) > 3


def test_padding_is_left_out_of_mean_and_deviation():
    torch.manual_seed(0)
    network = PlainCnn(16, (4, 8), 8, 0.0, 3).eval()
    item = torch.randn(1, 64, 16)
    # What lies beyond the item changes only its last frames, through the convolutions.
    louder = torch.cat([item, torch.full((1, 640, 16), 9.0)], dim=1)
    alone, padded = network(item, torch.tensor([64])), network(louder, torch.tensor([64]))
    all_of_it = network(louder, torch.tensor([704]))
    assert (alone - padded).abs().max() < 0.2 * (alone - all_of_it).abs().max()


def test_an_item_of_a_single_frame_has_logits():
    network = PlainCnn(64, (16, 32, 48, 64), 128, 0.3, 8).eval()
    assert network(torch.zeros(1, 1, 64), torch.tensor([1])).shape == (1, 8)
