"""Bad input: one plain message each, nothing half-made, and the other speakers' work is kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import write_clip
from .conftest import project_with
from .planned_jobs import read_plan
from .project import Project
from .tiny import SPEAKERS, TINY

pytestmark = pytest.mark.slow

AUDIO = {speaker: f"results/tiny/prepared/audio/{speaker}.npz" for speaker in SPEAKERS}
FILES = "mirror/zenodo.org/records/1188976/files"
RECORD = "mirror/zenodo.org/api/records/1188976"

Spoil = Callable[[Path], None]
Members = dict[str, bytes]


def archive(speaker: str) -> str:
    """A speaker's archive in the mirror."""
    return f"{FILES}/Video_Speech_Actor_{speaker}.zip"


def members_changed(change: Callable[[Members], Members]) -> Spoil:
    """A change of an archive member by member; the record then agrees with it again."""

    def spoil(path: Path) -> None:
        with zipfile.ZipFile(path) as whole:
            members = {name: whole.read(name) for name in whole.namelist()}
        with zipfile.ZipFile(path, "w") as changed:
            for name, data in change(members).items():
                changed.writestr(name, data)
        record = path.parents[3] / "api" / "records" / "1188976"
        content = json.loads(record.read_text())
        for entry in content["files"]:
            if entry["key"] == path.name:
                entry["size"] = path.stat().st_size
                entry["checksum"] = f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}"
        record.write_text(json.dumps(content))

    return spoil


def first_clip_like(**how: object) -> Spoil:
    """The first clip replaced by one of a kind."""

    def spoil(path: Path) -> None:
        clip = write_clip(path.parent / "clip.mp4", size=(1280, 720), **how).read_bytes()
        members_changed(lambda members: {**members, min(members): clip})(path)

    return spoil


def break_off(members: Members) -> Members:
    """A clip in the middle ends too early."""
    names = sorted(name for name in members if "/01-01-" in name)
    middle = names[len(names) // 2]
    return {**members, middle: members[middle][: len(members[middle]) // 2]}


def flip_the_last_bit(path: Path) -> None:
    """Another file of the same length."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


ARCHIVES: dict[str, tuple[Spoil, str]] = {
    "01": (Path.unlink, "Video_Speech_Actor_01.zip: put the file there"),
    "02": (
        lambda path: path.write_bytes(path.read_bytes()[:1000]),
        "so it is truncated or another file",
    ),
    "03": (flip_the_last_bit, "its bytes are not the published ones"),
    "05": (
        members_changed(lambda members: {**members, "Actor_05/01-01-09-01-01-01-05.mp4": b""}),
        "has emotion 09",
    ),
}
CLIPS: dict[str, tuple[Spoil, str]] = {
    "01": (members_changed(break_off), "cannot be decoded"),
    "02": (first_clip_like(audio=False), "has no audio stream"),
    "03": (first_clip_like(seconds=0.2), "need at least 0.35 s"),
}


def failed(project: Project, spoiled: dict[str, tuple[Spoil, str]]) -> str:
    """What is printed where some speakers' archives are spoiled, each of which fails alone."""
    for speaker, (spoil, _) in spoiled.items():
        spoil(project.folder / archive(speaker))
    text = project.run(*AUDIO.values())
    assert "Traceback" not in text
    made = {speaker for speaker, path in AUDIO.items() if (project.folder / path).exists()}
    assert made == set(SPEAKERS) - set(spoiled)
    assert not [path for path in project.folder.rglob("results/**/*") if "unfinished" in path.name]
    return text


@pytest.fixture(scope="module")
def bad_archives(tiny_inputs, tmp_path_factory) -> tuple[Project, str]:
    """A run on archives of which none is right, and what it prints."""
    project = project_with(tiny_inputs, tmp_path_factory.mktemp("archives") / "project")
    return project, failed(project, ARCHIVES)


@pytest.fixture(scope="module")
def bad_clips(tiny_inputs, tmp_path_factory) -> tuple[Project, str]:
    """A run on archives whose clips are not all right, and what it prints."""
    project = project_with(tiny_inputs, tmp_path_factory.mktemp("clips") / "project")
    return project, failed(project, CLIPS)


@pytest.mark.parametrize("speaker", ARCHIVES)
def test_an_archive_that_is_not_right_is_told_in_words(bad_archives, speaker):
    assert ARCHIVES[speaker][1] in bad_archives[1]


def test_nothing_of_a_bad_archive_is_kept(bad_archives):
    project, _ = bad_archives
    kept = {path.name for path in project.folder.glob("downloads/**/*.zip")}
    assert kept == {"Video_Speech_Actor_05.zip"}  # its bytes are the published ones
    assert not (project.results / "clips" / "05").exists()


@pytest.mark.parametrize("speaker", CLIPS)
def test_a_clip_that_is_not_right_is_told_in_words(bad_clips, speaker):
    assert CLIPS[speaker][1] in bad_clips[1]


@pytest.mark.long
def test_the_same_command_finishes_once_the_cause_is_mended(bad_clips):
    project, _ = bad_clips
    before = (project.folder / AUDIO["05"]).stat().st_mtime_ns
    for speaker in CLIPS:
        whole, *others = sorted(
            (project.results / "clips" / speaker).glob("*.mp4"),
            key=lambda clip: -clip.stat().st_size,
        )
        shutil.copy(whole, others[-1])
        for clip in others:
            shutil.copy(whole, clip)
    project.run(*AUDIO.values())
    assert all((project.folder / path).exists() for path in AUDIO.values())
    assert (project.folder / AUDIO["05"]).stat().st_mtime_ns == before
    assert read_plan(project.dry_run(*AUDIO.values())) == {}


def test_a_synthetic_corpus_cannot_pass_as_ravdess(project):
    project.configure(
        corpora={**TINY["corpora"], "ravdess": {**TINY["corpora"]["ravdess"], "label": "RAVDESS"}}
    )
    text = project.run(AUDIO["01"])
    assert "results on synthetic data must carry that word" in text
    assert not (project.folder / AUDIO["01"]).exists()
