"""Paths that the user gives: spaces, quotes, letters of any script and line breaks are carried."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from demo.affectnet import write_affectnet
from demo.settings import SyntheticAffectNetSettings

from ..conftest import write_clip
from ..workflow.project import Project, copy_project

pytestmark = pytest.mark.slow

WORDS = 'd\'Été "two"  $HOME `id` ;&|*?!~# 漢字 \\n one\nline'
RECORD = 1188976
CLIP = {actor: f"01-01-05-01-01-01-{actor:02d}" for actor in (1, 2)}
TARGETS = [
    "results/paths/prepared/audio/01.npz",
    "results/paths/prepared/affectnet/frames/block00.npz",
    "results/paths/predictions/theirs/full/fold0.csv",
]


def write_mirror(folder: Path) -> None:
    """The record of a corpus of two actors with one clip each."""
    record = folder / "zenodo.org" / "api" / "records" / str(RECORD)
    files = folder / "zenodo.org" / "records" / str(RECORD) / "files"
    files.mkdir(parents=True)
    listed = []
    for actor, clip in CLIP.items():
        archive = files / f"Video_Speech_Actor_{actor:02d}.zip"
        with zipfile.ZipFile(archive, "w") as content:
            content.write(write_clip(folder / "clip.mp4", size=(1280, 720)), f"Actor/{clip}.mp4")
        digest = hashlib.md5(archive.read_bytes()).hexdigest()
        listed.append(
            {"key": archive.name, "size": archive.stat().st_size, "checksum": f"md5:{digest}"}
        )
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"title": "synthetic", "files": listed}))


def write_tables(folder: Path) -> None:
    """A table per fold and part of a model trained elsewhere."""
    folder.mkdir()
    for fold, (test, train) in enumerate(((1, 2), (2, 1))):
        for part, actor in (("train", train), ("test", test)):
            with (folder / f"{part}{fold}.csv").open("w", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["name", *(f"v{number}" for number in range(8))])
                writer.writerow([CLIP[actor], *[0.125] * 8])


def configured(folder: Path, words: str, **data: str) -> tuple[Project, Path]:
    """A project below a folder of such a name, with everything that it reads."""
    top = folder / f"in {words}"
    project = copy_project(top / "project")
    write_mirror(top / f"mirror {words}")
    write_tables(top / f"tables {words}")
    write_affectnet(top / f"affectnet {words}", SyntheticAffectNetSettings(pictures=50))
    theirs = {
        "family": "external",
        "title": "theirs",
        "modality": "speech",
        "train": f"{top}/tables {words}/train{{fold}}.csv",
        "test": f"{top}/tables {words}/test{{fold}}.csv",
        "layout": {
            "item_column": "name",
            "values_prefix": "v",
            "class_order": "task",
            "values": "probability",
        },
    }
    overlay = {
        "run": "paths",
        "data": {
            "mirror": f"{top}/mirror {words}",
            "affectnet": f"{top}/affectnet {words}",
            "downloads": f"downloads {words}",
            **data,
        },
        "corpora": {
            "ravdess": {"label": f"synthetic {words}", "actors": [1, 2], "clips_per_actor": 1},
            "affectnet": {"blocks": 1},
        },
        "protocol": {"folds": [["01"], ["02"]]},
        "compute": {"device": "cpu", "threads": 1},
        "saliency": {"method": "spectral_residual"},
        "models": {"theirs": theirs},
    }
    path = top / f"mine {words}.yaml"
    path.write_text(yaml.safe_dump(overlay, allow_unicode=True))
    return project, path


@pytest.mark.long
def test_downloads_pictures_and_tables_lie_anywhere(tmp_path):
    project, overlay = configured(tmp_path, WORDS)
    done = project.snakemake(*TARGETS, "--configfile", str(overlay))
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert all((project.folder / target).is_file() for target in TARGETS)
    assert list((project.folder / f"downloads {WORDS}").rglob("*_01.zip"))
    again = project.snakemake("-n", *TARGETS, "--configfile", str(overlay))
    assert "Nothing to be done" in again.stdout + again.stderr


def test_patterns_of_the_engine_are_refused_in_a_line_each(tmp_path):
    project, overlay = configured(tmp_path / "plain", "{a}", ravdess="clips <results>")
    (tmp_path / "mine.yaml").write_text(overlay.read_text())
    plain = copy_project(tmp_path / "project")
    text = plain.refused("--configfile", str(tmp_path / "mine.yaml"))
    for key in ("data.downloads", "data.affectnet", "data.ravdess", "models.theirs.train"):
        assert f"{key}: the workflow engine reads" in text
    assert "may be in the name of its folder: move it" in project.refused()


def test_a_folder_whose_name_separates_paths_is_refused_in_one_line(tmp_path):
    project = copy_project(tmp_path / "a:b")
    assert "may be in the name of its folder: move it" in project.refused()


@pytest.mark.long
def test_a_local_corpus_lies_anywhere(tmp_path):
    corpus = tmp_path / f"corpus {WORDS}"
    for actor, clip in CLIP.items():
        write_clip(corpus / f"Actor_{actor:02d}" / f"{clip}.mp4", size=(1280, 720))
    project, overlay = configured(tmp_path, WORDS, ravdess=str(corpus))
    done = project.snakemake(TARGETS[0], "--configfile", str(overlay))
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    whole = project.snakemake("-n", "--configfile", str(overlay))
    assert whole.returncode == 0, (whole.stdout + whole.stderr)[-4000:]
