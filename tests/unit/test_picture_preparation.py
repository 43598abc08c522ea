"""Preparing pictures: what becomes of one, which are left out, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmer.corpora.base import Picture
from mmer.media.pictures import readable_pictures, small_pictures
from mmer.media.saliency import maps_of_pictures
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError

BOX = (8, 4, 20, 10)


def brightness(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """A saliency method whose map is the picture's own grey, so that crops can be compared."""
    return [np.asarray(Image.fromarray(picture).convert("L")) for picture in pictures]


def _pictures(root: Path, count: int, sizes=((40, 30),)) -> dict[str, Path]:
    """Files of noise by item."""
    random = np.random.default_rng(0)
    named = {}
    for index in range(count):
        wide, high = sizes[index % len(sizes)]
        path = root / f"{index}.png"
        Image.fromarray(random.integers(0, 256, (high, wide, 3), np.uint8)).save(path)
        named[f"a/{index}"] = path
    return named


def _given(named: dict[str, Path], boxes=None) -> list[Picture]:
    boxes = boxes or [None] * len(named)
    pairs = zip(named.items(), boxes, strict=True)
    return [Picture(item, path, box) for (item, path), box in pairs]


def _maps(named: dict[str, Path], boxes=None, share: float = 0, threads: int = 1) -> Ragged:
    return maps_of_pictures(readable_pictures(_given(named, boxes), share, threads), brightness)


def _expected(path: Path, crop: tuple[int, int, int, int] | None = None) -> np.ndarray:
    grey = Image.open(path).convert("RGB").convert("L")
    return np.asarray(grey.crop(crop).resize((48, 48), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("threads", [1, 4])
def test_pictures_of_any_size_become_one_small_grey_frame_per_item(tmp_path, threads):
    named = _pictures(tmp_path, 20, sizes=((40, 30), (97, 160), (48, 48)))
    frames = small_pictures(_given(named), 0, threads)
    assert frames.items == tuple(named)
    assert frames.values.shape == (20, 48, 48) and frames.values.dtype == np.uint8
    assert frames.offsets.tolist() == list(range(21)) and frames.rate == 1
    # The aspect is not kept.
    for index, path in enumerate(named.values()):
        np.testing.assert_array_equal(frames.of(index)[0], _expected(path))


@pytest.mark.parametrize("boxes", [None, [BOX] * 18])
def test_the_map_is_cropped_and_sized_as_the_image(tmp_path, boxes):
    named = _pictures(tmp_path, 18)
    frames, maps = small_pictures(_given(named, boxes), 0, threads=1), _maps(named, boxes)
    assert maps.items == frames.items
    np.testing.assert_array_equal(maps.values, frames.values)


def test_a_picture_may_be_pixels_that_no_file_of_its_own_has(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    pictures = [Picture("line00002", grey)]
    frames = small_pictures(pictures, 0, threads=1)
    np.testing.assert_array_equal(frames.values[0], grey)
    maps = maps_of_pictures(readable_pictures(pictures, 0, 1), brightness)
    np.testing.assert_array_equal(maps.values, frames.values)


def test_a_face_box_is_cut_at_the_pictures_edges_and_never_empty(tmp_path):
    named, boxes = _pictures(tmp_path, 2), [(-5, 10, 20, 100), (100, 100, 5, 5)]
    frames = small_pictures(_given(named, boxes), 0.5, threads=1)
    assert frames.items == ("a/0",)
    np.testing.assert_array_equal(frames.values[0], _expected(named["a/0"], crop=(0, 10, 15, 30)))


def test_a_block_without_a_picture_has_a_file_too():
    empty = small_pictures([], 0, 1)
    assert len(empty) == 0 and empty.values.shape == (0, 48, 48)


# Pictures that cannot be read


@pytest.fixture
def damaged(tmp_path) -> dict[str, Path]:
    """Ten pictures, one missing, one cut off."""
    named = _pictures(tmp_path, 10)
    named["a/3"].unlink()
    named["a/5"].write_bytes(named["a/5"].read_bytes()[:300])
    return named


def test_unreadable_pictures_are_listed_and_left_out_of_both_files_alike(damaged, caplog):
    with caplog.at_level(logging.INFO):
        frames = small_pictures(_given(damaged), 0.2, threads=1)
    assert frames.items == _maps(damaged, share=0.2).items
    assert [item for item in damaged if item not in frames.items] == ["a/3", "a/5"]
    assert "a/3 is left out" in caplog.text and "a/5 is left out" in caplog.text
    assert "8 of 10 pictures" in caplog.text


@pytest.mark.parametrize(("share", "allowed"), [(0.1, 1), (0.01, 1), (0, 0)])
def test_too_many_unreadable_pictures_are_refused(damaged, share, allowed):
    with pytest.raises(UserError, match=rf"more than {allowed} of 10 pictures") as refused:
        small_pictures(_given(damaged), share, threads=1)
    # Only a corpus that may lack some has such a setting.
    assert ("raise max_unreadable_share" in str(refused.value)) == (share > 0)
