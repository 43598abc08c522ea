"""Films of anybody's: the faces in them, found or in the middle."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mmer.media.decoding import decode_clip
from mmer.media.new_recordings import Cropping, faces_of_corpus, faces_of_film, streams_of
from mmer.media.saliency import spectral_residual
from mmer.media.settings import PreparationSettings
from mmer.runtime.errors import UserError

FOUND = Cropping(centre=False, look_every=15, side=1.8, higher=0.1)
CENTRE = Cropping(centre=True, look_every=15, side=1.8, higher=0.1)


def slope(index: int) -> np.ndarray:
    """A picture that is brighter to the right, and brighter later."""
    row = np.linspace(20, 200, 320) + index
    return np.broadcast_to(row[None, :, None], (180, 320, 3)).astype(np.uint8)


def test_the_middle_of_a_film_is_what_a_run_sees_of_its_own(make_clip, tmp_path):
    path = make_clip(tmp_path / "film.mp4", picture=slope, sound_late_s=0.2)
    clip = decode_clip(path, PreparationSettings())
    seen = faces_of_film(path, True, CENTRE, spectral_residual)
    assert seen.frames.shape == clip.frames.shape and seen.saliency.shape == clip.frames.shape
    assert np.abs(seen.frames.astype(int) - clip.frames).max() <= 2
    assert seen.offset_s == pytest.approx(clip.offset_s)
    own = faces_of_corpus(path, PreparationSettings(), spectral_residual)
    np.testing.assert_array_equal(own.frames, clip.frames)


@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(2)])
def test_wide_pixels_are_seen_wide(make_clip, tmp_path, aspect):
    path = make_clip(tmp_path / "film.mp4", picture=slope, pixel_aspect=aspect, audio=False)
    seen = faces_of_film(path, False, CENTRE, spectral_residual)
    rise = int(seen.frames[0, 24, -1]) - int(seen.frames[0, 24, 0])
    whole = 180 * 255 / 219  # of the film's own range
    assert rise == pytest.approx(whole * 180 / (320 * aspect), rel=0.25)


def test_a_film_without_a_face_says_so(make_clip, tmp_path):
    path = make_clip(tmp_path / "film.mp4", picture=slope)
    with pytest.raises(UserError, match="no face is found in"):
        faces_of_film(path, True, FOUND, spectral_residual)


def test_what_a_file_holds(make_clip, tmp_path):
    film = make_clip(tmp_path / "film.mp4")
    silent = make_clip(tmp_path / "silent.mp4", audio=False)
    assert (streams_of(film).sound, streams_of(film).pictures) == (True, True)
    assert (streams_of(silent).sound, streams_of(silent).pictures) == (False, True)
    (tmp_path / "letter.mp4").write_text("Dear all")
    with pytest.raises(UserError, match="is no film and no sound"):
        streams_of(tmp_path / "letter.mp4")
