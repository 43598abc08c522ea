"""AffectNet's folder: where things lie, what the lists say, and the synthetic one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import make_demo_affectnet
from mmer.corpus.affectnet import (
    COLUMNS,
    EMOTION_CLASSES,
    EXPRESSIONS,
    VALENCE_CLASSES,
    emotion_labels,
    read_affectnet,
    valence_labels,
)
from mmer.corpus.synthetic.affectnet import KINDS, write_affectnet
from mmer.corpus.synthetic.settings import SyntheticAffectNetSettings
from mmer.corpus.synthetic.snapshot import Sitter
from mmer.errors import UserError

HEADER = ",".join(COLUMNS) + "\n"
TRAINING = "1/aa.jpg,10,20,30,40,1.0;2.0,1,0.5,0.1\n1/bb.jpg,NULL,NULL,NULL,NULL,,10,-2,-2\n"
VALIDATION = "2/cc.jpg,1,2,3,4,1.0;2.0,6,-0.75,0.6\n"


def _folder(
    root: Path,
    images: str = "Manually_Annotated_Images",
    lists: str = ".",
    training: str = HEADER + TRAINING,
    validation: str = VALIDATION,
) -> Path:
    (root / images).mkdir(parents=True)
    (root / lists).mkdir(parents=True, exist_ok=True)
    (root / lists / "training.csv").write_text(training)
    (root / lists / "validation.csv").write_text(validation)
    return root


# Layouts


@pytest.mark.parametrize(
    "images",
    [
        "Manually_Annotated_Images",
        "Manually_Annotated/Manually_Annotated_Images",
        "Manually_Annotated_compressed/Manually_Annotated_Images",
    ],
)
@pytest.mark.parametrize("lists", [".", "Manually_Annotated_file_lists", "Manually_Annotated"])
def test_pictures_and_lists_are_found_where_copies_have_them(tmp_path, images, lists):
    found = read_affectnet(_folder(tmp_path, images, lists))
    assert found.images == tmp_path / images
    assert found.rows.names == ("1/aa.jpg", "1/bb.jpg", "2/cc.jpg")
    assert found.title == "AffectNet"


@pytest.mark.parametrize("headed", [True, False])
def test_a_list_may_lack_its_first_line(tmp_path, headed):
    first = HEADER if headed else ""
    rows = read_affectnet(
        _folder(tmp_path, training=first + TRAINING, validation=first + VALIDATION)
    ).rows
    assert rows.part.tolist() == ["training", "training", "validation"]
    assert rows.expression.tolist() == [1, 10, 6]
    assert rows.valence.tolist() == [0.5, -2, -0.75]
    assert rows.boxes.tolist() == [[10, 20, 30, 40], [0, 0, 0, 0], [1, 2, 3, 4]]


def test_what_is_not_found_is_told_with_every_place_searched(tmp_path):
    with pytest.raises(UserError, match=r"pictures is not in .*Manually_Annotated_compressed/"):
        read_affectnet(tmp_path)
    (tmp_path / "Manually_Annotated_Images").mkdir()
    with pytest.raises(UserError, match=r"where training.csv, Manually_Annotated_file_lists/train"):
        read_affectnet(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../x.jpg,1,2,3,4,,1,0.5,0", "line 2 names no picture below"),
        ("/etc/x.jpg,1,2,3,4,,1,0.5,0", "line 2 names no picture below"),
        ("1/x.jpg,1,2,3,4,,11,0.5,0", "line 2 has no expression 0 to 10"),
        ("1/x.jpg,1,2,3,4,,happy,0.5,0", "line 2 has no expression 0 to 10"),
        ("1/x.jpg,1,2,3,4,,1,high,0", "line 2 has no number as its valence"),
    ],
)
def test_a_bad_line_is_refused_by_number(tmp_path, line, message):
    with pytest.raises(UserError, match=message):
        read_affectnet(_folder(tmp_path, training=HEADER + line + "\n"))


@pytest.mark.parametrize(
    "content", [b"subDirectory_filePath,expression\n1/a.jpg,1\n", b"", b"\xff\n"]
)
def test_a_file_of_another_form_is_refused(tmp_path, content):
    root = _folder(tmp_path)
    (root / "training.csv").write_bytes(content)
    with pytest.raises(UserError, match="not a list of AffectNet's form"):
        read_affectnet(root)


# Labels


def test_valence_from_minus_a_fifth_to_a_fifth_is_neutral():
    valence = np.array([-2, -1, -0.21, -0.2, 0, 0.2, 0.21, 1, 1.5], np.float32)
    names = [VALENCE_CLASSES[label] if label >= 0 else "" for label in valence_labels(valence)]
    neutral = ["neutral"] * 3
    assert names == ["", "negative", "negative", *neutral, "positive", "positive", ""]


def test_the_border_is_the_one_written_in_the_list(tmp_path):
    rows = "".join(f"1/a.jpg,1,2,3,4,,0,{valence},0\n" for valence in ("0.2", "-0.2", "0.200001"))
    valence = read_affectnet(_folder(tmp_path, training=HEADER + rows)).rows.valence
    assert valence_labels(valence).tolist() == [0, 0, 1, 2]


def test_seven_expressions_have_ravdess_order_and_the_others_are_dropped():
    assert EMOTION_CLASSES == (
        "neutral",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    )
    assert emotion_labels(np.arange(11)).tolist() == [0, 1, 2, 6, 4, 5, 3, -1, -1, -1, -1]


# The synthetic folder


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "affectnet"
    write_affectnet(folder, SyntheticAffectNetSettings(pictures=60))
    return folder


def test_the_synthetic_folder_is_read_as_affectnet_but_names_itself(synthetic):
    found = read_affectnet(synthetic)
    assert "synthetic" in found.title
    assert len(found.rows) == 60
    assert set(found.rows.expression) == set(range(len(EXPRESSIONS)))
    assert set(found.rows.part) == {"training", "validation"}


def test_its_pictures_have_sizes_of_their_own_with_boxes_inside(synthetic):
    found = read_affectnet(synthetic)
    sizes = np.array([Image.open(found.images / name).size for name in found.rows.names])
    assert len(np.unique(sizes, axis=0)) > 30
    corners = found.rows.boxes[:, :2]
    assert (corners >= 0).all() and (corners < sizes).all() and (found.rows.boxes[:, 2:] > 0).all()


def test_its_valence_follows_the_expression(synthetic):
    rows = read_affectnet(synthetic).rows
    happy, sad = (rows.valence[rows.expression == code] for code in (1, 2))
    assert happy.mean() > 0.3 and sad.mean() < -0.3
    assert (rows.valence[rows.expression > 7] == -2).all()
    assert list(KINDS) == list(EXPRESSIONS)


def _bytes(folder: Path) -> str:
    """A digest of every picture and list."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes(synthetic, tmp_path):
    write_affectnet(tmp_path / "again", SyntheticAffectNetSettings(pictures=60))
    assert _bytes(tmp_path / "again") == _bytes(synthetic)


def test_a_complete_folder_is_left_alone_and_a_damaged_one_made_again(synthetic):
    before = _bytes(synthetic)
    picture = next(synthetic.rglob("*.jpg"))
    written = picture.stat().st_mtime_ns
    settings = SyntheticAffectNetSettings(pictures=60)
    write_affectnet(synthetic, settings)
    assert picture.stat().st_mtime_ns == written
    picture.unlink()
    write_affectnet(synthetic, settings)
    assert _bytes(synthetic) == before


def test_a_folder_of_something_else_is_never_written_to(tmp_path):
    _folder(tmp_path)
    with pytest.raises(UserError, match="holds something else"):
        write_affectnet(tmp_path, SyntheticAffectNetSettings(pictures=60))


def test_too_few_pictures_are_refused_in_a_sentence(tmp_path):
    words = ["--out", str(tmp_path), "--pictures", "3"]
    with pytest.raises(UserError, match="--pictures"):
        make_demo_affectnet.main(make_demo_affectnet.command_line().parse_args(words))


def test_sitters_have_looks_of_their_own():
    assert Sitter(1001, 2020).looks != Sitter(1, 2020).looks
