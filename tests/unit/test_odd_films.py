"""Films unlike RAVDESS's: of another shape, turned, deeper, of other containers, damaged."""

from __future__ import annotations

import logging
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmer.media.decoding import centre_square, decode_clip, decode_whole_frames
from mmer.media.pictures import shrink
from mmer.media.settings import PreparationSettings
from mmer.runtime.errors import UserError

SETTINGS = PreparationSettings()
UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
TURNED = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
"""The matrix of a track in mp4: as it is, and to be turned clockwise by a quarter."""


def scene(height: int, width: int) -> np.ndarray:
    """A picture without symmetry: dark, light to the right, and lighter at the lower left."""
    picture = np.full((height, width, 3), 40, np.uint8)
    picture[:, 3 * width // 5 :] = 120
    picture[2 * height // 3 :, : 2 * width // 5] = 220
    return picture


def seen(picture: np.ndarray) -> np.ndarray:
    """The centre square of a picture as a face is prepared, ``(48, 48)``."""
    return shrink(Image.fromarray(centre_square(picture)).convert("L")).astype(int)


def far(found: np.ndarray, expected: np.ndarray) -> float:
    """Mean distance in grey levels."""
    return np.abs(found.astype(int) - expected).mean()


def turn(path: Path) -> None:
    """Mark a film as one to be turned, as phones do."""
    head, mark, tail = path.read_bytes().partition(b"tkhd")  # of its first track, the pictures
    path.write_bytes(head + mark + tail.replace(UPRIGHT, TURNED, 1))


@pytest.mark.parametrize(("width", "height"), [(320, 180), (320, 240), (240, 320), (242, 178)])
def test_maps_are_made_of_the_same_square_as_faces(tmp_path, make_clip, width, height):
    picture = scene(height, width)
    path = make_clip(tmp_path / "a.mp4", size=(width, height), picture=lambda index: picture)
    face, whole = decode_clip(path, SETTINGS).frames[5], decode_whole_frames(path)[5]
    assert far(face, seen(picture)) < 2
    assert far(seen(whole), seen(picture)) < 3
    assert max(whole.shape[0] / 240, whole.shape[1] / 320) == 1


def test_a_turned_film_is_turned_back(tmp_path, make_clip):
    picture = scene(240, 320)
    path = make_clip(tmp_path / "a.mp4", size=(320, 240), picture=lambda index: picture)
    turn(path)
    upright = np.rot90(picture, -1)
    assert far(decode_clip(path, SETTINGS).frames[5], seen(upright)) < 2
    whole = decode_whole_frames(path)[5]
    assert whole.shape == (240, 180, 3) and far(seen(whole), seen(upright)) < 3


def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are(tmp_path, make_clip):
    picture, narrow = scene(180, 320), scene(180, 160)
    path = tmp_path / "a.mp4"
    make_clip(path, size=(160, 180), picture=lambda index: narrow, pixel_aspect=Fraction(2))
    assert far(decode_clip(path, SETTINGS).frames[5], seen(picture)) < 2
    whole = decode_whole_frames(path)[5]
    assert whole.shape == (180, 320, 3) and far(seen(whole), seen(picture)) < 3


@pytest.mark.parametrize("coding", ["yuv420p10le", "yuv444p", "yuvj420p"])
def test_every_coding_of_pictures_gives_the_same_grey(tmp_path, make_clip, coding):
    picture = scene(180, 320)
    path = make_clip(tmp_path / "a.mp4", picture=lambda index: picture, coding=coding)
    assert far(decode_clip(path, SETTINGS).frames[5], seen(picture)) < 2


def test_pictures_keep_their_order_where_their_times_do_not(tmp_path, make_clip):
    def picture(index):
        return np.full((180, 320, 3), 8 * index, np.uint8)

    path = make_clip(tmp_path / "a.avi", picture=picture, preset="medium", bf="3")
    shown = decode_clip(path, SETTINGS).frames[:, 24, 24].astype(int)
    assert (np.diff(shown) > 0).all() and len(shown) == 30


def test_a_film_without_times_is_refused(tmp_path, make_clip):
    path = make_clip(tmp_path / "a.h264", audio=False)
    with pytest.raises(UserError, match=r"a\.h264 does not tell the times of its frames"):
        decode_whole_frames(path)


def test_a_film_that_ends_before_its_declared_length_is_refused(tmp_path, make_clip):
    path = make_clip(tmp_path / "a.mkv", seconds=2.0, picture=noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"declares 2\.0\d s but ends after .* so it is cut off"):
        decode_clip(path, SETTINGS)


def test_damaged_pictures_are_told(tmp_path, make_clip, caplog):
    path = make_clip(tmp_path / "a.mp4", picture=noise)
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING, "mmer"):
        assert len(decode_clip(path, SETTINGS).frames) == 30
    assert "a.mp4: 1 damaged frames" in caplog.text


def noise(index: int) -> np.ndarray:
    """A picture that takes many bytes."""
    return np.random.default_rng(index).integers(0, 256, (180, 320, 3)).astype(np.uint8)
