"""The image made by array operations is the image that matplotlib draws."""

import numpy as np
import pytest
from tests.other_front_ends import RATE, drawn, librosa_decibels

from mmer.media.spectrogram_image import spectrogram, spectrogram_images, window_samples
from mmer.media.spectrogram_image_settings import MelImageSettings, SpectrogramImageSettings

LINEAR, MEL = SpectrogramImageSettings(), MelImageSettings()


def _clip(samples: int, seed: int = 0) -> np.ndarray:
    """A gliding tone that rises and fades over noise, int16."""
    time = np.arange(samples) / RATE
    tone = np.sin(2 * np.pi * (300 + 200 * np.sin(8 * time)) * time) * np.sin(3 * time) ** 2
    noise = np.random.default_rng(seed).normal(0, 40, samples)
    return (7000 * tone + noise).astype(np.int16)


@pytest.mark.parametrize("samples", [512, 768, 1023, 2048, 17_000, 40_001, 59_200, 70_001, 85_000])
def test_linear_image_is_the_drawn_one_in_every_pixel(samples):
    clip = _clip(samples)
    image = spectrogram_images([clip], LINEAR)[0]
    assert image.shape == (227, 227, 3) and image.dtype == np.uint8
    np.testing.assert_array_equal(image, drawn(clip, LINEAR))


@pytest.mark.parametrize("samples", [512, 768, 2048, 17_000, 40_001, 59_200, 85_000])
def test_mel_image_is_the_drawn_one(samples):
    clip = _clip(samples)
    differing = (spectrogram_images([clip], MEL)[0] != drawn(clip, MEL)).any(axis=-1)
    # Sums over a mel band depend on the linear algebra library in the last bit, and a colour can
    # turn on it: here no pixel differs, elsewhere three of 51,529 may.
    assert differing.sum() <= 3


@pytest.mark.parametrize(
    "changes", [{"size": 64}, {"size": 224}, {"size": 256}, {"colour_map": "magma"}], ids=str
)
@pytest.mark.parametrize("settings", [LINEAR, MEL], ids=["linear", "mel"])
def test_other_sizes_and_colours_are_drawn_alike(settings, changes):
    settings = settings.model_copy(update=changes)
    image = spectrogram_images([_clip(30_000)], settings)[0]
    np.testing.assert_array_equal(image, drawn(_clip(30_000), settings))


def test_columns_are_the_drawn_ones_for_every_number_of_frames():
    """A border in the middle of a pixel goes where matplotlib's rounding sends it."""
    for frames in [*range(1, 60), 88, 96, 130, 176, 208, 228, 260, 454]:
        clip = _clip(512 + 256 * (frames - 1), seed=frames)
        assert (spectrogram_images([clip], LINEAR)[0] == drawn(clip, LINEAR)).all(), frames


def test_spectrogram_is_librosas():
    np.testing.assert_array_equal(
        spectrogram(_clip(20_000), LINEAR), librosa_decibels(_clip(20_000), "linear")
    )
    np.testing.assert_allclose(
        spectrogram(_clip(20_000), MEL), librosa_decibels(_clip(20_000), "mel"), atol=1e-4
    )


def test_window_is_the_next_power_of_two():
    lengths = [window_samples(SpectrogramImageSettings(window_seconds=s)) for s in (0.025, 0.032)]
    assert lengths == [512, 512]  # 400 and 512 samples
    assert window_samples(SpectrogramImageSettings(window_seconds=0.033)) == 1024


def test_a_clip_shorter_than_the_window_is_padded_with_silence_beside_any_other():
    short, long = _clip(300), _clip(50_000)
    images = spectrogram_images([short, long], LINEAR)
    np.testing.assert_array_equal(images[0], drawn(np.pad(short, (0, 212)), LINEAR))
    np.testing.assert_array_equal(images[1], drawn(long, LINEAR))


@pytest.mark.parametrize("settings", [LINEAR, MEL], ids=["linear", "mel"])
def test_silence_is_one_even_colour(settings):
    image = spectrogram_images([np.zeros(5000, np.int16)], settings)[0]
    assert np.unique(image.reshape(-1, 3), axis=0).tolist() == [[68, 1, 84]]  # viridis, its first
