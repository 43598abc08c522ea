"""AffectNet: where things lie, what the lists say, and which items and splits come of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmer.corpora.affectnet import EMOTIONS, AffectNet, AffectNetSettings, emotions
from mmer.corpora.affectnet_lists import COLUMNS, find_images, read_lists
from mmer.protocol import TEST, TRAIN, everybody
from mmer.runtime.errors import UserError

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


def _corpus(folder: Path | None, seed: int = 2020, **settings) -> AffectNet:
    return AffectNet(AffectNetSettings(**settings), folder, seed)


def _row(name: str, expression: int = 1, valence: float = 0.5) -> str:
    return f"{name},1,2,3,4,,{expression},{valence},0\n"


# The folder


@pytest.mark.parametrize(
    ("images", "lists"),
    [
        ("Manually_Annotated_Images", "."),
        ("Manually_Annotated/Manually_Annotated_Images", "Manually_Annotated_file_lists"),
        ("Manually_Annotated_compressed/Manually_Annotated_Images", "Manually_Annotated"),
    ],
)
def test_pictures_and_lists_are_found_where_copies_have_them(tmp_path, images, lists):
    root = _folder(tmp_path, images, lists)
    assert find_images(root) == tmp_path / images
    assert read_lists(root)["item"].tolist() == ["1/aa.jpg", "1/bb.jpg", "2/cc.jpg"]


@pytest.mark.parametrize("headed", [True, False])
def test_a_list_may_lack_its_first_line(tmp_path, headed):
    first = HEADER if headed else ""
    rows = read_lists(_folder(tmp_path, training=first + TRAINING, validation=first + VALIDATION))
    assert rows["list"].tolist() == ["training", "training", "validation"]
    assert rows["expression"].tolist() == [1, 10, 6]
    assert rows["valence"].tolist() == [0.5, -2, -0.75]
    boxes = rows[["left", "top", "width", "height"]]
    assert boxes.to_numpy().tolist() == [[10, 20, 30, 40], [0, 0, 0, 0], [1, 2, 3, 4]]


def test_what_is_not_found_is_told_with_every_place_searched(tmp_path):
    with pytest.raises(UserError, match=r"pictures is not in .*Manually_Annotated_compressed/"):
        _corpus(tmp_path).check()
    (tmp_path / "Manually_Annotated_Images").mkdir()
    with pytest.raises(UserError, match=r"where training.csv, Manually_Annotated_file_lists/train"):
        _corpus(tmp_path).check()
    with pytest.raises(UserError, match=r"data\.affectnet names no folder"):
        _corpus(None).check()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../x.jpg,1,2,3,4,,1,0.5,0", "line 2 names no picture below"),
        ("1/x.jpg,1,2,3,4,,11,0.5,0", "line 2 has no expression 0 to 10"),
        ("1/x.jpg,1,2,3,4,,1,high,0", "line 2 has no number as its valence"),
    ],
)
def test_a_bad_line_is_refused_by_number(tmp_path, line, message):
    with pytest.raises(UserError, match=message):
        read_lists(_folder(tmp_path, training=HEADER + line + "\n"))


def test_a_label_in_the_folder_wins_over_the_configured_one(tmp_path):
    corpus = _corpus(_folder(tmp_path))
    assert corpus.title == "AffectNet"
    (tmp_path / "corpus.json").write_text('{"title": "drawn faces"}')
    assert corpus.title == "drawn faces"


# Classes


def test_valence_from_minus_a_fifth_to_a_fifth_as_it_is_written_is_neutral(tmp_path):
    written = {-2: "", -1: "negative", -0.200001: "negative", -0.2: "neutral", 0: "neutral"}
    written |= {0.2: "neutral", 0.200001: "positive", 1: "positive", 1.5: ""}
    rows = "".join(_row(f"{valence}.jpg", 0, valence) for valence in written)
    items = _corpus(_folder(tmp_path, training=HEADER + rows)).items({})
    assert items.column("valence")[:-1].tolist() == list(written.values())


def test_seven_expressions_are_emotions_and_the_others_are_none():
    assert emotions(np.arange(11)).tolist() == [
        *("neutral", "happy", "sad", "surprised", "fearful", "disgust", "angry"),
        *("", "", "", ""),
    ]
    assert EMOTIONS[3] == "angry"  # the order of RAVDESS


# Items


def test_a_picture_without_a_class_is_no_item_and_contempt_keeps_its_valence(tmp_path):
    rows = [_row("contempt.jpg", 7, -0.5), _row("none.jpg", 8, -2), _row("unrated.jpg", 3, -2)]
    rows.append(_row("unrated.jpg", 2, -2))  # listed twice, it counts once
    root = _folder(tmp_path, training=HEADER + "".join(rows))
    items = _corpus(root).items({})
    assert items.names == ("contempt.jpg", "unrated.jpg", "2/cc.jpg")
    assert items.column("emotion").tolist() == ["", "surprised", "angry"]
    assert items.column("valence").tolist() == ["negative", "", "negative"]
    assert items.column("list").tolist() == ["training", "training", "validation"]
    seven = _corpus(root, valence_pictures="seven_emotions").items({})
    assert seven.column("valence").tolist() == ["", "", "negative"]


def test_lists_without_any_class_are_refused(tmp_path):
    nothing = _row("a.jpg", 10, -2)
    root = _folder(tmp_path, training=HEADER + nothing, validation=nothing)
    with pytest.raises(UserError, match="has an emotion or a valence"):
        _corpus(root).items({})


@pytest.mark.parametrize(("blocks", "expected"), [(2, [0, 0, 0, 1, 1]), (4, [0, 0, 1, 2, 3])])
def test_blocks_follow_the_lists_and_are_of_one_size(tmp_path, blocks, expected):
    rows = "".join(_row(f"{i}.jpg") for i in range(4))
    corpus = _corpus(_folder(tmp_path, training=HEADER + rows), blocks=blocks)
    assert corpus.items({}).speakers.tolist() == [f"block{block:02d}" for block in expected]
    assert corpus.speakers == tuple(f"block{block:02d}" for block in range(blocks))


def test_what_is_prepared_of_a_block_depends_on_no_seed_and_on_no_choice_of_labels(rated):
    prepared = _corpus(rated).pictures("block01")
    assert len(prepared) in (1, 2)
    for other in (_corpus(rated, seed=1), _corpus(rated, valence_pictures="seven_emotions")):
        assert other.pictures("block01") == prepared
        assert other.items({}).names == _corpus(rated).items({}).names


def test_a_converted_picture_is_named_beside_its_listed_name(tmp_path):
    rows = _row("1/a.tif") + _row("1/b.tif")
    corpus = _corpus(_folder(tmp_path, training=HEADER + rows), blocks=1)
    images = find_images(tmp_path)
    (images / "1").mkdir()
    (images / "1" / "b.tif").touch()
    pictures = corpus.pictures("block00")
    assert [picture.item for picture in pictures] == ["1/a.tif", "1/b.tif", "2/cc.jpg"]
    files = ("1/a.jpg", "1/b.tif", "2/cc.jpg")
    assert [picture.source for picture in pictures] == [images / file for file in files]
    assert {picture.box for picture in pictures} == {None}
    boxed = _corpus(tmp_path, blocks=1, crop="face_box").pictures("block00")
    assert [picture.box for picture in boxed] == [(1, 2, 3, 4)] * 3


# Splits


@pytest.fixture
def rated(tmp_path) -> Path:
    """Seventy pictures of seven emotions, whose valences are positive and negative in turn."""
    lines = [_row(f"{i}.jpg", i % 7, 0.5 if i % 2 else -0.5) for i in range(70)]
    lines += [_row(f"calm{i}.jpg", 8, 0) for i in range(5)]
    return _folder(tmp_path, training=HEADER + "".join(lines), validation=_row("last.jpg", 8, 0.1))


def test_each_fold_holds_every_class_in_proportion(rated):
    items = _corpus(rated).items({})
    folds, found = items.column("fold_emotion"), items.column("emotion")
    for fold in map(str, range(5)):
        assert sorted(found[folds == fold]) == sorted([*EMOTIONS] * 2)
    assert (folds[found == ""] == "").all()
    assert (items.column("fold_valence") != "").all()
    other = _corpus(rated, seed=1).items({})
    assert (other.column("fold_emotion") != folds).any()


def test_where_a_class_is_too_rare_no_fold_is_drawn(tmp_path):
    items = _corpus(_folder(tmp_path)).items({})
    assert items.column("fold_emotion").tolist() == ["", ""]


def test_each_fold_is_held_out_to_choose_and_to_test(rated):
    corpus = _corpus(rated)
    splits = corpus.splits("emotion", None)
    assert list(splits) == [f"fold{fold}" for fold in range(5)]
    items = corpus.items({})
    parts = splits["fold3"].parts_of(items)
    assert splits["fold3"].choose == splits["fold3"].test
    assert (parts[items.column("fold_emotion") == "3"] == TEST).all()
    assert (parts == TEST).sum() == 14 and (parts == TRAIN).sum() == 56


def test_the_published_list_may_be_held_out(rated):
    items = _corpus(rated).items({})
    (split,) = _corpus(rated, held_out="published_list").splits("valence", None).values()
    assert (split.parts_of(items) == TEST).tolist() == [False] * 75 + [True]


@pytest.mark.parametrize("held_out", ["folds", "published_list"])
def test_everybody_in_the_splits_is_every_picture_with_a_class(rated, held_out):
    corpus = _corpus(rated, held_out=held_out)
    split, items = everybody(corpus.splits("valence", None).values()), corpus.items({})
    assert (split.parts_of(items) == TRAIN).all()
    assert split.choosing_part == TRAIN
