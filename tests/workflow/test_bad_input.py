"""Bad input: one plain message, nothing half-made, and the other actors' work is kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from ..conftest import write_clip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bad input")]

AUDIO = [f"results/tiny/prepared/audio/actor_{actor}.npz" for actor in ("01", "02", "03")]
ARCHIVE = "mirror/zenodo.org/records/1188976/files/Video_Speech_Actor_02.zip"


def spoil_archive(project, change, publish=True):
    """Rewrite actor 02's archive member by member; publish its new checksum where asked."""
    path = project.folder / ARCHIVE
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in change(members).items():
            archive.writestr(name, data)
    if publish:
        republish(project)


def republish(project):
    """Let the record's metadata agree with the archive again."""
    path = project.folder / ARCHIVE
    record = project.folder / "mirror/zenodo.org/api/records/1188976"
    content = json.loads(record.read_text())
    for entry in content["files"]:
        if entry["key"] == path.name:
            entry["size"] = path.stat().st_size
            entry["checksum"] = f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}"
    record.write_text(json.dumps(content))


def replace_first(data):
    """Replace the content of the first clip."""

    def change(members):
        name = sorted(members)[0]
        return {**members, name: data}

    return change


def fails_with(project, reason):
    """Run up to the audio of three actors; actor 02 fails alone, for one plain reason."""
    text = project.run(*AUDIO)
    assert reason in text, text[-4000:]
    assert "Traceback" not in text
    assert not (project.folder / AUDIO[1]).exists()
    assert (project.folder / AUDIO[0]).exists()
    assert (project.folder / AUDIO[2]).exists()
    leftovers = [p for p in (project.folder / "results").rglob("*") if "unfinished" in p.name]
    assert leftovers == []
    return text


def test_a_missing_archive(project):
    (project.folder / ARCHIVE).unlink()
    fails_with(project, "Video_Speech_Actor_02.zip: put the file there")


def test_a_truncated_archive(project):
    path = project.folder / ARCHIVE
    path.write_bytes(path.read_bytes()[:1000])
    fails_with(project, "so it is truncated or another file")
    assert not list((project.folder / "downloads").rglob("*Actor_02*"))


def test_a_wrong_checksum(project):
    path = project.folder / ARCHIVE
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    fails_with(project, "its bytes are not the published ones")


def test_a_file_that_is_no_video(project):
    spoil_archive(project, replace_first(b"not a video" * 99))
    fails_with(project, "cannot be decoded as a video")


def clip_bytes(folder: Path, **how) -> bytes:
    return write_clip(folder / "clip.mp4", size=(1280, 720), **how).read_bytes()


def test_a_clip_without_audio(project, tmp_path):
    spoil_archive(project, replace_first(clip_bytes(tmp_path, audio=False)))
    fails_with(project, "has no audio stream")


def test_a_clip_shorter_than_the_front_end_needs(project, tmp_path):
    spoil_archive(project, replace_first(clip_bytes(tmp_path, seconds=0.2)))
    fails_with(project, "need at least 0.35 s")


def test_a_clip_name_outside_the_grammar(project):
    spoil_archive(project, lambda members: {**members, "Actor_02/01-01-09-01-01-01-02.mp4": b""})
    fails_with(project, "has emotion 09")
    assert not (project.folder / "results/tiny/clips/Actor_02").exists()


def test_the_same_command_finishes_once_the_cause_is_mended(project):
    good = project.folder / "good.zip"
    shutil.copy(project.folder / ARCHIVE, good)
    (project.folder / ARCHIVE).unlink()
    fails_with(project, "put the file there")
    shutil.move(good, project.folder / ARCHIVE)
    before = (project.folder / AUDIO[0]).stat().st_mtime_ns
    project.run(*AUDIO)
    assert (project.folder / AUDIO[1]).exists()
    assert (project.folder / AUDIO[0]).stat().st_mtime_ns == before


def test_a_synthetic_corpus_cannot_pass_as_ravdess(project):
    project.configure(corpus={"label": "RAVDESS", "actors": [1, 2, 3, 5], "clips_per_actor": 8})
    text = project.run(*AUDIO)
    assert "results on synthetic data must carry that word" in text
    assert not (project.folder / AUDIO[0]).exists()
