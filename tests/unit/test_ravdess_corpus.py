"""RAVDESS: its grammar of names, and the items, folds and files that follow from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from mmer.corpora.ravdess import EMOTIONS, Clip, Ravdess, RavdessSettings
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

HAPPY_WOMAN = Path("01-01-03-02-01-02-12.mp4")
CALM_MAN = Path("01-01-02-01-02-01-01.mp4")


def _corpus(folder: Path | None = None, **settings) -> Ravdess:
    return Ravdess(RavdessSettings(**settings), folder, seed=0)


# Names


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("01-01-06-02-01-02-12.mp4", "seven"),
        ("01-01-09-02-01-02-12", "emotion 09"),
        ("01-01-01-02-01-02-12", "neutral with strong"),
    ],
)
def test_a_name_outside_the_grammar_is_refused(name, reason):
    with pytest.raises(UserError, match=reason):
        Clip.parse(name)


# Items


def test_everything_known_of_a_recording_becomes_a_column():
    items = _corpus().items({"12": [HAPPY_WOMAN], "01": [CALM_MAN]})
    assert items.table.to_dict("list") == {
        "item": ["01-01-02-01-02-01-01", "01-01-03-02-01-02-12"],
        "speaker": ["01", "12"],
        "emotion": ["calm", "happy"],
        "sex": ["male", "female"],
        "intensity": ["normal", "strong"],
        "sentence": ["Dogs are sitting by the door", "Kids are talking by the door"],
        "repetition": ["1", "2"],
    }


def test_classes_are_numbered_as_ravdess_does():
    task = _corpus().tasks["emotion"]
    items = _corpus().items({"": [Path(f"01-01-0{code}-01-01-01-01") for code in range(1, 9)]})
    assert isinstance(task, Classes)
    assert task.labels(items).tolist() == list(range(8))
    assert task.names == EMOTIONS
    assert task.shared == {"calm": "neutral"}


def test_every_value_of_a_group_is_named():
    corpus = _corpus(actors=(1, 2))
    items = corpus.items({})
    for column, values in corpus.groups.items():
        assert set(values) == set(items.column(column))


def test_where_nothing_is_read_the_design_says_what_there_is():
    items = _corpus(actors=(2, 7)).items({})
    assert len(items) == 2 * 60
    assert list(items.names) == sorted(items.names)
    assert items.table["emotion"].value_counts().to_dict() == {
        **dict.fromkeys(EMOTIONS, 16),
        "neutral": 8,
    }
    with pytest.raises(UserError, match="clips_per_actor is 16, and no model reads"):
        _corpus(clips_per_actor=16).items({})


# Speakers


def test_the_papers_folds_hold_everybody_once():
    folds = _corpus().folds
    assert [len(fold) for fold in folds] == [5, 5, 5, 5, 4]
    assert tuple(sorted(speaker for fold in folds for speaker in fold)) == _corpus().speakers


def test_folds_keep_the_configured_actors_only():
    assert _corpus(actors=(1, 2, 4, 5)).folds == (("02", "05"), ("01", "04"))
    with pytest.raises(UserError, match="all lie in one fold"):
        _ = _corpus(actors=(2, 5)).folds


@pytest.mark.parametrize("actors", [(1, 1), (0, 1), (24, 25), (3,)])
def test_other_actors_than_ravdess_has_are_refused(actors):
    with pytest.raises(ValidationError):
        RavdessSettings(actors=actors)


# Files


@pytest.fixture
def loose(tmp_path) -> Path:
    """Two recordings of actor 7 as loose files, and a silent twin."""
    folder = tmp_path / "Actor_07"
    folder.mkdir()
    for name in ("01-01-03-01-01-01-07", "01-01-02-01-01-01-07", "02-01-02-01-01-01-07"):
        (folder / f"{name}.mp4").touch()
    return tmp_path


def test_an_archive_per_actor_is_downloaded():
    archive = _corpus().archive("07")
    assert archive is not None
    assert archive.place == "zenodo.org/records/1188976/files/Video_Speech_Actor_07.zip"


def test_loose_recordings_in_the_users_folder_need_no_archive(loose):
    corpus = _corpus(loose, clips_per_actor=2)
    assert corpus.archive("07") is None
    assert [Path(file).stem for file in corpus.files("07")] == [
        "01-01-02-01-01-01-07",
        "01-01-03-01-01-01-07",
    ]
    assert corpus.archive("08") is not None


def test_an_incomplete_folder_is_refused(loose):
    with pytest.raises(UserError, match=r"Actor_07 holds 2 clips .* instead of 60"):
        _corpus(loose).check()


def test_a_recording_of_somebody_else_is_refused(loose):
    (loose / "Actor_07" / "01-01-04-01-01-01-08.mp4").touch()
    with pytest.raises(UserError, match="is of actor 08 instead of 07"):
        _corpus(loose, clips_per_actor=3).files("07")
