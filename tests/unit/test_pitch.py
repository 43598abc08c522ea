"""Pitch and level of tones that are known."""

import numpy as np
import pytest
from tests.spoken_pitches import RATE, voice

from mmer.media.log_mel import frames_of
from mmer.media.pitch import level, pitch

YIN = {
    "method": "yin",
    "lowest_hz": 60.0,
    "highest_hz": 800.0,
    "periodicity": 0.5,
    "range_db": 40.0,
}


def noise(seconds: float, loudness: float = 0.1) -> np.ndarray:
    return np.random.default_rng(7).normal(0, loudness, round(seconds * RATE))


def test_the_level_of_a_sine_is_that_of_its_mean_power():
    time = np.arange(RATE) / RATE
    levels = level(0.5 * np.sin(2 * np.pi * 500 * time))
    assert len(levels) == frames_of(RATE)
    np.testing.assert_allclose(levels[4:-4], 10 * np.log10(0.125), atol=0.01)
    assert (level(np.zeros(RATE)) == -100).all()


@pytest.mark.parametrize("method", ["yin", "pyin"])
@pytest.mark.parametrize("hertz", [80.0, 220.0, 600.0])
def test_the_pitch_of_a_voice_is_found_and_ends_with_it(method, hertz):
    samples = np.concatenate([voice(hertz, 0.4), np.zeros(RATE // 5)])
    found = pitch(samples, **{**YIN, "method": method})
    assert len(found) == frames_of(len(samples))
    np.testing.assert_allclose(found[5:35], hertz, rtol=0.01)
    assert np.isnan(found[45:]).all()


def test_noise_and_silence_have_no_pitch():
    assert np.isnan(pitch(np.zeros(RATE // 2), **YIN)).all()
    assert np.isnan(pitch(noise(0.5), **YIN)).mean() > 0.95


def test_what_is_too_quiet_or_not_periodic_enough_is_not_voiced():
    faint = np.concatenate([voice(220, 0.3), voice(220, 0.3, loudness=0.002)])  # 34 dB less
    assert not np.isnan(pitch(faint, **YIN)[40:55]).any()
    assert np.isnan(pitch(faint, **{**YIN, "range_db": 30.0})[40:55]).all()
    hoarse = voice(220, 0.5) + noise(0.5, 0.08)  # about as strong: it repeats itself by half
    voiced = [
        (~np.isnan(pitch(hoarse, **{**YIN, "periodicity": least}))[5:-5]).mean()
        for least in (0.3, 0.9)
    ]
    assert voiced[0] > 0.9 and voiced[1] < 0.1
