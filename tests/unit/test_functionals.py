"""Functionals: by hand on few numbers, and of tones whose pitch and level are known."""

import numpy as np
import pytest
from pydantic import ValidationError
from tests.spoken_pitches import RATE, audio_of, told, voice

from mmer.embeddings import read_embeddings
from mmer.media.log_mel import LogMel
from mmer.models.functionals import Functionals, FunctionalsSettings
from mmer.models.networks.functionals import DIMENSIONS, functionals, functionals_of

SETTINGS = FunctionalsSettings()


def named(samples: np.ndarray) -> dict[str, float]:
    """The functionals of samples in [-1, 1) by name."""
    (values,) = functionals_of([(samples * 32768).astype(np.int16)], LogMel(), SETTINGS)
    return dict(zip(DIMENSIONS, values, strict=True))


def test_functionals_of_a_line_by_hand():
    (found,) = functionals(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]))
    by_hand = [3, 2**0.5, 1.2, 2, 3, 4, 4.8, 100, 100]  # a hundred frames a second
    np.testing.assert_allclose(found, by_hand)


def test_curves_do_not_mix():
    curves = np.random.default_rng(1).normal(size=(20, 3))
    each = np.concatenate([functionals(curves[:, [curve]]) for curve in range(3)])
    np.testing.assert_allclose(functionals(curves), each)


def test_frames_without_a_value_are_left_out():
    (found,) = functionals(np.array([[np.nan], [2.0], [np.nan], [4.0], [5.5], [np.nan]]))
    mean = (2 + 4 + 5.5) / 3
    slope = ((1 - 8 / 3) * 2 + (3 - 8 / 3) * 4 + (4 - 8 / 3) * 5.5) / (42 / 9)  # a frame
    assert found[0] == pytest.approx(mean)
    np.testing.assert_allclose(found[-2:], [100 * slope, 150])  # one step alone, from 4 to 5.5
    assert (functionals(np.full((6, 2), np.nan)) == 0).all()
    assert np.isfinite(functionals(np.array([[1.0]]))).all()


def test_pitch_level_and_voice_of_a_known_item():
    silence = np.zeros(RATE // 5)
    item = named(np.concatenate([voice(110, 0.4), silence, voice(220, 0.2), silence]))
    assert len(item) == 66 * 9 + 4
    octaves = {"quantile0.05": 24, "quantile0.5": 24, "quantile0.95": 36}  # above 27.5 Hz
    for functional, semitones in octaves.items():
        assert item[f"pitch_{functional}"] == pytest.approx(semitones, abs=0.2)
    assert item["pitch_slope_per_second"] > 10
    assert item["pitch_change_per_second"] < 10  # not counted from one voice to the next
    assert item["seconds"] == pytest.approx(1, abs=0.02)
    assert item["voices_per_second"] == pytest.approx(2, abs=0.05)
    assert item["voiced_share"] == pytest.approx(0.6, abs=0.1)
    assert item["seconds_per_voice"] == pytest.approx(0.3, abs=0.05)


def test_twice_the_amplitude_is_six_decibels_more_and_nothing_else():
    hoarse = voice(220, 0.5) + np.random.default_rng(2).normal(0, 0.01, RATE // 2)
    soft, loud = named(hoarse), named(2 * hoarse)
    for name in DIMENSIONS:
        place = name.startswith(("log_mel", "level")) and ("mean" in name or "quantile" in name)
        expected = soft[name] + (6.02 if place else 0)
        assert loud[name] == pytest.approx(expected, rel=0.02, abs=0.1), name


@pytest.mark.parametrize("variant", ["full", "vad"])
def test_the_step_describes_every_item_or_its_speech(tmp_path, variant):
    Functionals().run(
        told(tmp_path, "functionals", "embed", SETTINGS, {"embeddings": "e.npz"}, variant=variant)
    )
    found, audio = read_embeddings(tmp_path / "e.npz"), audio_of(("a", "c"))
    assert found.items == tuple(sorted(audio.items))
    kept = slice(None) if variant == "full" else slice(800, 6400)  # the span of every item
    samples = audio.of(audio.items.index("c3"))[kept]
    (by_itself,) = functionals_of([samples], LogMel(), SETTINGS)
    np.testing.assert_array_equal(found.values[found.items.index("c3")], by_itself)
    with np.load(tmp_path / "e.npz") as archive:
        assert archive["dimensions"].tolist() == list(DIMENSIONS)


def test_no_pitch_between_the_limits_is_told():
    with pytest.raises(ValidationError, match="set lowest_hz below highest_hz"):
        FunctionalsSettings(lowest_hz=300, highest_hz=200)
