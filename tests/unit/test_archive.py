"""Archives: the wanted clips whole, or nothing and one sentence."""

from __future__ import annotations

import logging
import stat
import zipfile
from pathlib import Path

import pytest

from mmer.corpora.ravdess import Ravdess, RavdessSettings
from mmer.media.recordings import ExtractionJob, extract_speaker, files_in
from mmer.runtime.errors import UserError

CLIPS = [f"01-01-0{emotion}-01-01-01-07" for emotion in (1, 2, 3)]
GOOD = [(f"Actor_07/{clip}.mp4", clip.encode()) for clip in CLIPS]
SILENT = [(f"Actor_07/02{clip[2:]}.mp4", b"silent") for clip in CLIPS]
LINKED = zipfile.ZipInfo(f"Actor_07/{CLIPS[0]}.mp4")
LINKED.external_attr = (stat.S_IFLNK | 0o777) << 16


def extract(members: list, folder: Path) -> None:
    """Extract the three recordings of actor 7 from a zip of such names and their content."""
    archive = folder / "Video_Speech_Actor_07.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in members:
            content.writestr(name, data)
    told = {"corpus": "ravdess", "settings": {"clips_per_actor": 3}, "speaker": "07"}
    extract_speaker(ExtractionJob(**told, archive=archive, out=folder / "out"))


def test_audio_visual_speech_is_kept_and_silent_twins_are_not(tmp_path):
    extract(GOOD + SILENT, tmp_path)
    found = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert found == {f"{clip}.mp4": clip.encode() for clip in CLIPS}


STRANGERS = [
    *("Actor_07/.DS_Store", ".DS_Store", "Actor_07/Thumbs.db", "Actor_07/desktop.ini"),
    *("__MACOSX/._Actor_07", f"__MACOSX/Actor_07/._{CLIPS[0]}.mp4", f"Actor_07/._{CLIPS[0]}.mp4"),
]
"""What a computer that packed the files again adds."""


def test_what_a_computer_leaves_behind_is_skipped_and_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "mmer"):
        extract([*GOOD, ("__MACOSX/", b""), *((name, b"left") for name in STRANGERS)], tmp_path)
    assert {file.stem for file in (tmp_path / "out").iterdir()} == set(CLIPS)
    (told,) = caplog.records
    assert all(name in told.getMessage() for name in STRANGERS)


def test_what_a_computer_leaves_in_a_folder_disturbs_nobody(tmp_path):
    folder = tmp_path / "Actor_07"
    for name in [*(f"Actor_07/{clip}.mp4" for clip in CLIPS), *STRANGERS]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    loose = [str(folder / f"{clip}.mp4") for clip in CLIPS]
    corpus = Ravdess(RavdessSettings(clips_per_actor=3), tmp_path, seed=0)
    assert corpus.files("07") == loose
    assert [str(file) for file in files_in([folder])] == loose


LINKED_STRANGER = zipfile.ZipInfo("Actor_07/.DS_Store")
LINKED_STRANGER.external_attr = LINKED.external_attr


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("../01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("/etc/01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("Actor_07\\..\\01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("a/b/01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("Actor_07/run.sh", b"")], "the published archive does not"),
        ([(LINKED, b"/etc/passwd")], "the published archive does not"),
        ([(LINKED_STRANGER, b"/etc/passwd")], "the published archive does not"),
        ([("../.DS_Store", b"")], "the published archive does not"),
        ([("__MACOSX\\..\\..\\run.mp4", b"")], "the published archive does not"),
        ([("Actor_07/01-01-09-01-01-01-07.mp4", b"")], "emotion 09"),
        ([("Actor_07/holiday.mp4", b"")], "seven two-digit numbers"),
        ([("Actor_08/01-01-01-01-01-01-08.mp4", b"")], "of actor 08 instead of 07"),
        ([*GOOD, (f"{CLIPS[0]}.mp4", b"")], "twice"),
        (GOOD[:2], "holds 2 of the recordings .* instead of 3"),
    ],
)
def test_a_suspicious_archive_is_refused_whole(tmp_path, members, reason):
    with pytest.raises(UserError, match=reason):
        extract(members, tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".zip"]
