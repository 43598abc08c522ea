"""What preparation makes of a real person on film, beside other programs' view of the same file."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image
from scipy.signal import correlate, resample_poly
from tests.conftest import REPOSITORY

from mmer.media.decoding import DecodedClip, centre_square, decode_clip, decode_whole_frames
from mmer.media.saliency import spectral_residual, square_maps
from mmer.media.settings import PreparationSettings

SHARED = REPOSITORY.parent / "shared"
FILM = SHARED / "ravdess-clip" / "01-01-07-02-02-01-01.mp4"
"""640×480 with black bars above and below, 120 frames, AAC at 44.1 kHz."""
VOICE = SHARED / "ravdess-voices" / "Actor_01" / "03-01-07-02-02-01-01.flac"
"""The same take as RAVDESS publishes its sound."""


@pytest.fixture(scope="module")
def clip() -> DecodedClip:
    """The film as it is prepared."""
    if not FILM.is_file():
        pytest.skip("the real film is not on this machine")
    return decode_clip(FILM, PreparationSettings())


def test_every_frame_shows_once_and_with_the_sound(clip):
    assert clip.frames.shape == (120, 48, 48)
    assert clip.offset_s == 0
    # 4.004 s, and the codec fills its last packet of 1024 samples.
    assert 0 <= len(clip.audio) / 16000 - 176576 / 44100 < 1024 / 44100


def test_faces_are_what_another_program_sees_upright_and_not_mirrored(clip):
    film = cv2.VideoCapture(str(FILM))
    for frame in clip.frames:
        _, picture = film.read()
        square = Image.fromarray(centre_square(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)))
        other = np.asarray(square.resize((48, 48), Image.Resampling.BICUBIC)).astype(int)
        distance = {
            name: np.abs(turned - other).mean()
            for name, turned in {
                "as it is": frame,
                "mirrored": frame[:, ::-1],
                "upside down": frame[::-1],
            }.items()
        }
        assert distance["as it is"] < 1 and min(distance, key=distance.get) == "as it is"
        assert distance["mirrored"] > 5
    assert not film.read()[0]


def test_a_face_with_its_features_stands_before_white_between_black_bars(clip):
    frames = clip.frames.astype(int)
    assert frames[:, :5].max() == 0 and frames[:, 42:].max() <= 8
    assert frames[:, 8:26, :6].min() >= 250  # white is white: the range is full
    for frame in frames:
        middle = round(np.flatnonzero((frame[18:28] < 200).any(axis=0)).mean())
        rows = frame[:, middle - 4 : middle + 4].mean(axis=1)
        hair, forehead, eyes, nose = rows[8:13], rows[18:24], rows[22:29], rows[26:32]
        assert hair.max() < 80 < 150 < forehead.max()
        assert eyes.min() < forehead.max() - 60 and eyes.min() < nose.max() - 15


def test_a_map_is_brightest_on_an_outline_and_like_that_of_the_frame_before(clip):
    maps = square_maps(spectral_residual(decode_whole_frames(FILM)))
    assert maps.shape == clip.frames.shape
    for single, frame in zip(maps, clip.frames, strict=True):
        edge = cv2.morphologyEx(frame, cv2.MORPH_GRADIENT, np.ones((5, 5)))
        assert single[edge > 128].mean() > 1.3 * single[edge < 16].mean()
        row, column = np.unravel_index(single.argmax(), single.shape)
        assert edge[max(row - 2, 0) : row + 3, column].max() > 128
    for one, following in itertools.pairwise(maps):
        assert np.corrcoef(one.ravel(), following.ravel())[0, 1] > 0.9


def test_the_sound_is_that_of_the_published_voice(clip):
    if not VOICE.is_file():
        pytest.skip("the real voices are not on this machine")
    published, rate = soundfile.read(VOICE)
    voice = resample_poly(published, 16000, rate)
    sound = clip.audio / 32768
    both = correlate(sound, voice, "full", method="fft")
    lag = both.argmax() - (len(voice) - 1)
    assert lag == pytest.approx(30, abs=8), "who encoded the film again came 1.9 ms late"
    same = min(len(voice), len(sound) - lag)
    assert np.corrcoef(sound[lag:][:same], voice[:same])[0, 1] > 0.97
