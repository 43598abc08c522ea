"""Preparing AffectNet: what becomes of a picture, which are left out, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import prepare_affectnet as entry
from mmer.corpus.affectnet import COLUMNS, IMAGES, read_affectnet
from mmer.errors import UserError
from mmer.prepare.affectnet import prepare_affectnet
from mmer.prepare.affectnet_pictures import AffectNetPictures, read_pictures
from mmer.prepare.affectnet_settings import AffectNetPreparationSettings


class Brightness:
    """A saliency method whose map is the picture's own grey, so that crops can be compared."""

    name = "brightness"

    def maps(self, frames: np.ndarray) -> np.ndarray:
        return np.stack(self.maps_of_pictures(frames))

    def maps_of_pictures(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.asarray(Image.fromarray(picture).convert("L")) for picture in pictures]


def _row(name: str, expression: int = 1, valence: float = 0.5, box: str = "8,4,20,10") -> str:
    return f"{name},{box},,{expression},{valence},0"


def _folder(root: Path, rows: list[str], sizes: tuple[tuple[int, int], ...] = ((40, 30),)) -> Path:
    """A folder whose pictures are noise; a validation list of one picture."""
    rows = [",".join(COLUMNS), *rows]
    random = np.random.default_rng(0)
    for index, row in enumerate([*rows[1:], _row("9/last.jpg")]):
        path = root / IMAGES / row.split(",")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        wide, high = sizes[index % len(sizes)]
        Image.fromarray(random.integers(0, 256, (high, wide, 3), np.uint8)).save(path, quality=95)
    (root / "training.csv").write_text("\n".join(rows) + "\n")
    (root / "validation.csv").write_text(_row("9/last.jpg") + "\n")
    return root


def _prepare(root: Path, threads: int = 1, **settings) -> AffectNetPictures:
    made = AffectNetPreparationSettings(**settings)
    path = root / "out" / "pictures.npz"
    prepare_affectnet(read_affectnet(root), Brightness(), made, threads, path)
    return read_pictures(path)


def test_pictures_of_any_size_become_small_grey_ones_in_the_order_of_the_lists(tmp_path):
    rows = [_row(f"{i}/p.jpg", expression=i, valence=i / 10) for i in range(7)]
    pictures = _prepare(_folder(tmp_path, rows, sizes=((40, 30), (97, 160), (48, 48))))
    assert pictures.images.shape == pictures.saliency.shape == (8, 48, 48)
    assert pictures.images.dtype == pictures.saliency.dtype == np.uint8
    assert pictures.expression.tolist() == [0, 1, 2, 3, 4, 5, 6, 1]
    np.testing.assert_allclose(pictures.valence[:7], np.arange(7) / 10, rtol=1e-6)
    assert pictures.part.tolist() == ["training"] * 7 + ["validation"]
    assert (pictures.corpus, pictures.saliency_method) == ("AffectNet", "brightness")


def test_the_whole_picture_is_resized_without_keeping_its_aspect(tmp_path):
    root = _folder(tmp_path, [_row("1/p.jpg")])
    pictures = _prepare(root)
    grey = Image.open(root / IMAGES / "1/p.jpg").convert("RGB").convert("L")
    expected = np.asarray(grey.resize((48, 48), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(pictures.images[0], expected)


@pytest.mark.parametrize("crop", ["whole_picture", "face_box"])
def test_the_map_is_cropped_and_sized_as_the_image(tmp_path, crop):
    pictures = _prepare(_folder(tmp_path, [_row("1/p.jpg")]), crop=crop)
    np.testing.assert_array_equal(pictures.images, pictures.saliency)


def test_a_face_box_is_cut_at_the_pictures_edges(tmp_path):
    root = _folder(tmp_path, [_row("1/p.jpg", box="-5,10,20,100")])
    pictures = _prepare(root, crop="face_box")
    face = Image.open(root / IMAGES / "1/p.jpg").convert("RGB").convert("L").crop((0, 10, 15, 30))
    expected = np.asarray(face.resize((48, 48), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(pictures.images[0], expected)


def test_rows_without_a_class_are_not_prepared_and_contempt_keeps_its_valence(tmp_path):
    rows = [
        _row("1/contempt.jpg", expression=7, valence=-0.5),
        _row("1/none.jpg", expression=8, valence=-2),
        _row("1/uncertain.jpg", expression=9, valence=-2),
        _row("1/non_face.jpg", expression=10, valence=-2),
        _row("1/unrated.jpg", expression=3, valence=-2),
    ]
    pictures = _prepare(_folder(tmp_path, rows))
    assert pictures.expression.tolist() == [7, 3, 1]
    assert pictures.valence.tolist() == [-0.5, -2, 0.5]


def test_more_threads_change_nothing(tmp_path):
    root = _folder(tmp_path, [_row(f"{i}/p.jpg") for i in range(20)], sizes=((40, 30), (60, 70)))
    one, four = _prepare(root), _prepare(root, threads=4)
    np.testing.assert_array_equal(one.images, four.images)
    np.testing.assert_array_equal(one.saliency, four.saliency)


def test_a_converted_picture_is_found_beside_its_listed_name(tmp_path):
    root = _folder(tmp_path, [_row("1/p.tif")])
    picture = root / IMAGES / "1/p.tif"
    Image.open(picture).save(picture.with_suffix(".jpg"))
    picture.unlink()
    assert len(_prepare(root)) == 2


# Pictures that cannot be read


@pytest.fixture
def damaged(tmp_path) -> Path:
    """Ten pictures: one missing, one cut off, one whose face box lies outside."""
    rows = [_row(f"{i}/p.jpg", expression=i) for i in range(7)]
    root = _folder(tmp_path, [*rows, _row("7/p.jpg"), _row("8/p.jpg", box="100,100,5,5")])
    (root / IMAGES / "3/p.jpg").unlink()
    cut = root / IMAGES / "5/p.jpg"
    cut.write_bytes(cut.read_bytes()[:300])
    return root


def test_unreadable_pictures_are_listed_and_left_out(damaged, caplog):
    with caplog.at_level(logging.INFO):
        pictures = _prepare(damaged, max_unreadable_share=0.3)
    assert pictures.expression.tolist() == [0, 1, 2, 4, 6, 1, 1, 1]
    assert "3/p.jpg is left out" in caplog.text and "5/p.jpg is left out" in caplog.text
    assert "8 of 10 pictures" in caplog.text


def test_a_box_without_a_pixel_is_left_out_where_boxes_are_cropped(damaged):
    assert len(_prepare(damaged, max_unreadable_share=0.3, crop="face_box")) == 7


def test_too_many_unreadable_pictures_are_refused_and_nothing_is_written(damaged):
    with pytest.raises(UserError, match=r"more than 1 of 10 pictures .* 5/p.jpg"):
        _prepare(damaged, max_unreadable_share=0.1)
    assert not list((damaged / "out").iterdir())


def test_lists_without_any_class_are_refused(tmp_path):
    root = _folder(tmp_path, [_row("1/p.jpg", expression=10, valence=-2)])
    (root / "validation.csv").write_text(_row("9/last.jpg", expression=10, valence=-2) + "\n")
    with pytest.raises(UserError, match="has an emotion or a valence"):
        _prepare(root)


# The whole step


def test_the_step_names_its_saliency_method(tmp_path):
    root = _folder(tmp_path, [_row("1/p.jpg")])
    words = ["--folder", str(root), "--settings", "{}", "--saliency-settings"]
    words += ['{"method": "spectral_residual"}', "--pictures", str(tmp_path / "pictures.npz")]
    entry.main(entry.command_line().parse_args(words))
    assert "spectral residual" in read_pictures(tmp_path / "pictures.npz").saliency_method
