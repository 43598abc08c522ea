"""The tiny corpus and the complete tiny run, each made once for all workers of a test session."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from demo.affectnet import write_affectnet
from demo.archive import write_corpus
from demo.inventory import clips_of_actor
from demo.settings import SyntheticAffectNetSettings, SyntheticCorpusSettings
from filelock import FileLock

from mmer.media.weights_registry import read_registered

from .project import REPOSITORY, Project, copy_project
from .tiny import ACTORS, CLIPS, FOLDS

RUN_LOG = "run.log"
"""What the complete run printed."""


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """A folder that the first worker who needs it makes, for all workers of the session."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, whole, failed = (shared / f"{name}{ending}" for ending in ("", ".whole", ".failed"))
    with FileLock(shared / f"{name}.lock"):
        if failed.exists():
            pytest.fail(f"{name} could not be made, see the first test that needs it")
        if not whole.exists():
            failed.touch()
            make(folder)
            failed.rename(whole)
    return folder


@pytest.fixture(scope="session")
def voice_activity_weights() -> tuple[Path, str]:
    """The real weights of the voice activity network and their place in a mirror."""
    entry = read_registered(REPOSITORY / "resources" / "weights.yaml")["speech_music_noise_vad"]
    path = REPOSITORY / "results" / "demo" / "mirror" / entry.place
    if not path.is_file():
        pytest.skip("the voice activity weights are not here; make test brings them")
    return path, entry.place


@pytest.fixture(scope="session")
def tiny_inputs(tmp_path_factory, voice_activity_weights) -> Path:
    """A mirror with a corpus and the real VAD weights, pictures, and somebody else's tables."""

    def make(folder: Path) -> None:
        settings = SyntheticCorpusSettings(
            actors=ACTORS, clips_per_actor=CLIPS, shortest_seconds=0.8, longest_seconds=0.9
        )
        write_corpus(folder / "mirror", settings, jobs=1)
        path, place = voice_activity_weights
        (folder / "mirror" / place).parent.mkdir(parents=True)
        shutil.copy(path, folder / "mirror" / place)
        write_affectnet(folder / "affectnet", SyntheticAffectNetSettings(pictures=60))
        write_tables(folder / "theirs")

    return made_once(tmp_path_factory, "tiny_inputs", make)


def write_tables(folder: Path) -> None:
    """A table for each fold and part of a model trained elsewhere."""
    folder.mkdir()
    for number, tested in enumerate(FOLDS):
        for actor in ACTORS:
            part = "test" if f"{actor:02d}" in tested else "train"
            with (folder / f"{part}{number}.csv").open("a", newline="") as stream:
                writer = csv.writer(stream)
                if stream.tell() == 0:
                    writer.writerow(["name", *(f"v{value}" for value in range(8))])
                for clip in clips_of_actor(actor, CLIPS):
                    writer.writerow([clip.name, *[0.125] * 8])


def project_with(inputs: Path, folder: Path) -> Project:
    """A fresh copy of the project with a copy of the tiny inputs."""
    fresh = copy_project(folder)
    shutil.copytree(inputs, fresh.folder, dirs_exist_ok=True)
    return fresh


@pytest.fixture
def project(tmp_path, tiny_inputs) -> Project:
    """A project that has not run."""
    return project_with(tiny_inputs, tmp_path / "project")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tiny_inputs) -> Project:
    """A project whose run is complete; all workers read it and nobody changes it."""

    def make(folder: Path) -> None:
        text = project_with(tiny_inputs, folder).run()
        assert "results beside the paper" in text.lower(), text[-3000:]
        (folder / RUN_LOG).write_text(text, "utf-8")

    return Project(made_once(tmp_path_factory, "finished", make))
