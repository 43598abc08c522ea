"""Archives: the wanted clips whole, or nothing and one sentence."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from mmer.corpora.ravdess import Ravdess, RavdessSettings
from mmer.runtime.errors import UserError


def extract(archive: Path, folder: Path, expected: int = 3) -> None:
    """Extract the recordings of actor 7."""
    Ravdess(RavdessSettings(clips_per_actor=expected), None, 0).extract(archive, "07", folder)


CLIPS = [f"01-01-0{emotion}-01-01-01-07" for emotion in (1, 2, 3)]


@pytest.fixture
def archive(tmp_path):
    """A function that writes a zip from names (or ready members) and their content."""

    def write(members):
        path = tmp_path / "Video_Speech_Actor_07.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
            for name, data in members:
                content.writestr(name, data)
        return path

    return write


def good_members():
    silent = [(f"Actor_07/02{clip[2:]}.mp4", b"silent") for clip in CLIPS]
    return [(f"Actor_07/{clip}.mp4", clip.encode()) for clip in CLIPS] + silent


def test_audio_visual_speech_is_kept_and_silent_twins_are_not(archive, tmp_path):
    extract(archive(good_members()), tmp_path / "out")
    assert sorted(file.stem for file in (tmp_path / "out").iterdir()) == CLIPS
    assert (tmp_path / "out" / f"{CLIPS[0]}.mp4").read_bytes() == CLIPS[0].encode()


def test_what_lay_in_the_folder_before_is_gone(archive, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.mp4").touch()
    extract(archive(good_members()), tmp_path / "out")
    assert not (tmp_path / "out" / "old.mp4").exists()


def linked():
    member = zipfile.ZipInfo(f"Actor_07/{CLIPS[0]}.mp4")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("../01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("/etc/01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("Actor_07\\..\\01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("a/b/01-01-01-01-01-01-07.mp4", b"")], "the published archive does not"),
        ([("Actor_07/run.sh", b"")], "the published archive does not"),
        ([(linked(), b"/etc/passwd")], "the published archive does not"),
        ([("Actor_07/01-01-09-01-01-01-07.mp4", b"")], "emotion 09"),
        ([("Actor_07/holiday.mp4", b"")], "seven two-digit numbers"),
        ([("Actor_08/01-01-01-01-01-01-08.mp4", b"")], "of actor 08 instead of 07"),
        ([("Actor_07/" + CLIPS[0] + ".mp4", b""), (CLIPS[0] + ".mp4", b"")], "twice"),
        (good_members()[:2], "holds 2 of the recordings .* instead of 3"),
    ],
)
def test_a_suspicious_archive_is_refused_whole(archive, tmp_path, members, reason):
    with pytest.raises(UserError, match=reason):
        extract(archive(members), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert sorted(tmp_path.iterdir()) == [tmp_path / "Video_Speech_Actor_07.zip"]


def test_a_bomb_by_declared_size_is_refused(archive, tmp_path):
    members = [(f"Actor_07/{CLIPS[0]}.mp4", bytes(65 << 20))]
    with pytest.raises(UserError, match="more than any recording"):
        extract(archive(members), tmp_path / "out", expected=1)


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_archive_is_refused(archive, tmp_path, kept):
    path = archive(good_members())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(UserError, match="not a whole zip archive"):
        extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged_content_is_refused(archive, tmp_path):
    path = archive(good_members())
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a whole zip archive"):
        extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(UserError, match=r"Video_Speech_Actor_07\.zip"):
        extract(tmp_path / "Video_Speech_Actor_07.zip", tmp_path / "out")
