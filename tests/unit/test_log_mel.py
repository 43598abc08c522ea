"""The log-mel front end against librosa, and its borders."""

import numpy as np
import pytest
import torch
from tests.other_front_ends import librosa_log_mel

from mmer.media.log_mel import LogMel, frames_of


def _voiced(seconds: float) -> np.ndarray:
    """A hundred decaying harmonics that swell and fade, with breath noise, in [-1, 1]."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    harmonics = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 60))
    noise = np.random.default_rng(0).normal(0, 0.01, len(time))
    return (0.2 * harmonics * np.abs(np.sin(4 * time)) + noise).astype(np.float32)


@pytest.mark.parametrize("gain", [1.0, 1e-3])
def test_equals_librosa(gain):
    waveform = _voiced(1.5) * np.float32(gain)
    ours = LogMel()(torch.from_numpy(waveform)[None])[0].numpy()
    np.testing.assert_allclose(ours, librosa_log_mel(waveform), atol=1e-3)


def test_quiet_bands_of_a_loud_frame_are_librosas():
    """A window in float32 would leak more of the tone into them than a window has to."""
    tone = (0.9 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 16_000)).astype(np.float32)
    ours = LogMel()(torch.from_numpy(tone)[None])[0].numpy()
    np.testing.assert_allclose(ours, librosa_log_mel(tone), atol=1e-3, rtol=0)


def test_each_clip_of_a_batch_stands_alone():
    waveforms = torch.from_numpy(np.stack([_voiced(0.5), _voiced(0.5)[::-1]]))
    together = LogMel()(waveforms)
    torch.testing.assert_close(together[1:], LogMel()(waveforms[1:]))


def test_number_of_threads_changes_no_bit():
    waveforms = torch.from_numpy(np.stack([_voiced(0.5)] * 5))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = LogMel()(waveforms)
        torch.set_num_threads(3)
        assert torch.equal(LogMel()(waveforms), alone)
    finally:
        torch.set_num_threads(before)


def test_frames_are_ten_milliseconds_apart_and_one_more():
    assert LogMel()(torch.zeros(2, 16_000)).shape == (2, 101, 64)
    assert frames_of(16_000) == 101
    assert frames_of(4960) == 32
    assert torch.all(LogMel()(torch.zeros(1, 4960)) == -100)  # silence is the floor
