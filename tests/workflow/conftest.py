"""A copy of the project with a tiny synthetic corpus, driven by the real workflow engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mmer.acquire.registry import read_registry
from mmer.corpus.synthetic.affectnet import write_affectnet
from mmer.corpus.synthetic.archive import write_corpus
from mmer.corpus.synthetic.settings import SyntheticAffectNetSettings, SyntheticCorpusSettings

REPOSITORY = Path(__file__).parents[2]
PARTS = ["Snakefile", "config.yaml", "config", "envs", "profiles", "resources", "rules"]
ACTORS = (1, 2, 3, 5)
CLIPS = 8

TINY_ARCHITECTURES = [
    {"layers": 1, "units": 4, "attention_layers": 1},
    {"layers": 2, "units": 2, "attention_layers": 2},
]

TINY = {
    "run": "tiny",
    "data": {"mirror": "mirror", "downloads": "downloads", "affectnet": "affectnet"},
    "corpus": {"label": "synthetic test corpus", "actors": list(ACTORS), "clips_per_actor": CLIPS},
    "protocol": {"folds": [[1, 2], [3, 5]]},
    "compute": {"device": "cpu", "threads": 1},
    "saliency": {"method": "spectral_residual"},
    "fusion": {
        "settings": {
            "classifiers": {
                "logistic_regression": {"C": [1]},
                "svm_linear": {"C": [1]},
                "svm_rbf": {"C": [1]},
                "knn": {"k": [3]},
            }
        }
    },
    "models": {
        "deepspectrum_alexnet_fc7": {"settings": {"weights": "random", "width": 0.0625}},
        "panns_cnn14_embedding": {"settings": {"weights": "random", "width": 0.03125}},
        "alexnet_fine_tuned": {
            "settings": {"weights": "random", "trainable": "all", "width": 0.0625, "max_epochs": 2}
        },
        "cnn14_fine_tuned": {
            "settings": {
                "weights": "random",
                "width": 0.03125,
                "clip_seconds": 0.9,
                "batch_size": 4,
                "max_iterations": 4,
                "evaluate_every": 2,
            }
        },
        **{
            name: {"settings": {"max_epochs": 2}}
            for name in (
                *("affectnet_valence", "affectnet_emotion"),
                *("stn_from_scratch", "stn_fine_tuned"),
            )
        },
        **{
            f"{network}_bilstm_{layer}": {
                "settings": {"architectures": TINY_ARCHITECTURES, "max_epochs": 2}
            }
            for network, layer in (
                *(("affectnet", "posteriors7"), ("affectnet", "fc50"), ("affectnet", "flatten810")),
                *(("stn", "posteriors8"), ("stn", "fc50"), ("stn", "flatten810")),
            )
        },
    },
}


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a user, without what the tests add to it."""
        kept = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
        kept.pop("PYTHONPATH", None)
        return kept

    def snakemake(self, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess[str]:
        """Run the workflow engine as a user would."""
        return self.command(sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments)

    def command(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run any command in the project's folder."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
        )

    def run(self, *targets: str, configuration: str = "tiny.yaml") -> str:
        """Run and give what was printed, whether it went well or not."""
        done = self.snakemake(*targets, "--configfile", configuration)
        return done.stdout + done.stderr

    def planned(self, configuration: str = "tiny.yaml") -> list[str]:
        """The rules that a run would execute now, sorted, one entry per job."""
        done = self.snakemake("-n", "--configfile", configuration)
        assert done.returncode == 0, done.stdout + done.stderr
        rules = re.findall(r"^(?:local)?rule (\w+):$", done.stdout + done.stderr, re.MULTILINE)
        return sorted(rule for rule in rules if rule != "all")

    def configure(self, name: str = "tiny.yaml", **sections: object) -> None:
        """Write the tiny configuration with some sections replaced."""
        (self.folder / name).write_text(yaml.safe_dump({**TINY, **sections}))

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a source file; the old text must be there."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


def copy_project(folder: Path) -> Project:
    """The project without its history and results."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = REPOSITORY / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "workflow_scripts", folder / "workflow_scripts", ignore=ignored)
    project = Project(folder)
    project.configure()
    return project


@pytest.fixture(scope="session")
def voice_activity_weights() -> tuple[Path, str]:
    """The real weights of the voice activity network and their place in a mirror."""
    entry = read_registry(REPOSITORY / "resources" / "weights.yaml")["speech_music_noise_vad"]
    path = REPOSITORY / "results" / "demo" / "mirror" / entry.place
    if not path.is_file():
        pytest.skip("the voice activity weights are not here; make test brings them")
    return path, entry.place


@pytest.fixture(scope="session")
def tiny_mirror(tmp_path_factory, voice_activity_weights) -> Path:
    """A mirror with a corpus of four actors, four short clips each, and the real VAD weights."""
    mirror = tmp_path_factory.mktemp("corpus") / "mirror"
    settings = SyntheticCorpusSettings(
        actors=ACTORS, clips_per_actor=CLIPS, shortest_seconds=0.8, longest_seconds=0.9
    )
    write_corpus(mirror, settings, jobs=1)
    path, place = voice_activity_weights
    (mirror / place).parent.mkdir(parents=True)
    shutil.copy(path, mirror / place)
    return mirror


@pytest.fixture(scope="session")
def tiny_affectnet(tmp_path_factory) -> Path:
    """A small synthetic folder of AffectNet's layout."""
    folder = tmp_path_factory.mktemp("pictures") / "affectnet"
    write_affectnet(folder, SyntheticAffectNetSettings(pictures=60))
    return folder


@pytest.fixture
def project(tmp_path, tiny_mirror, tiny_affectnet) -> Project:
    """A fresh copy of the project with a copy of the tiny mirror."""
    fresh = copy_project(tmp_path / "project")
    shutil.copytree(tiny_mirror, fresh.folder / "mirror")
    shutil.copytree(tiny_affectnet, fresh.folder / "affectnet")
    return fresh


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tiny_mirror, tiny_affectnet) -> Project:
    """A project whose run is complete; tests must leave it as they find it."""
    complete = copy_project(tmp_path_factory.mktemp("finished") / "project")
    shutil.copytree(tiny_mirror, complete.folder / "mirror")
    shutil.copytree(tiny_affectnet, complete.folder / "affectnet")
    text = complete.run()
    assert "results beside the paper" in text.lower(), text[-3000:]
    return complete
