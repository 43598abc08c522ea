"""Where the numbers of a run come from: weights, corpus, protocol, seed, versions."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from mmer.report.corpus_label import is_synthetic

LIBRARIES = (
    "torch",
    "torchaudio",
    "torchvision",
    "tensorflow",
    "inaSpeechSegmenter",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "statsmodels",
    "librosa",
    "opencv-python-headless",
    "av",
    "espeakng-loader",
    "h5py",
    "safetensors",
    "pydantic",
    "matplotlib",
    "snakemake",
)
"""Distributions whose version can change a number, and the workflow's own engine."""

RANDOM = "random initialisation"
"""The source of weights that nobody trained before."""


@dataclass(frozen=True)
class Weights:
    """Weights that a model started from.

    Attributes
    ----------
    name
        The model or network.
    source
        Where the file came from, or :data:`RANDOM`.
    sha256
        Of the file; None where there is no file or its hash is not pinned.
    licence
        Of the file; None where there is no file or it is not known.
    """

    name: str
    source: str
    sha256: str | None = None
    licence: str | None = None

    @property
    def checked(self) -> str:
        """The hash in words."""
        if self.source == RANDOM:
            return "no file"
        return self.sha256 or "not pinned"


def describe(
    configuration: dict[str, Any], corpus_label: str, weights: Sequence[Weights], workflow: Path
) -> dict[str, Any]:
    """Everything about a run that a reader needs to repeat it.

    Parameters
    ----------
    configuration
        The resolved configuration.
    corpus_label
        What the numbers were measured on.
    weights
        What every network started from.
    workflow
        The folder of the workflow, asked for its git commit.
    """
    return {
        "run": configuration.get("run"),
        "corpus": {
            "label": corpus_label,
            "synthetic": is_synthetic(corpus_label),
            **{key: value for key, value in _group(configuration, "corpus") if key != "label"},
        },
        "protocol": dict(_group(configuration, "protocol")),
        "seed": configuration.get("seed"),
        "compute": dict(_group(configuration, "compute")),
        "weights": [{**asdict(each), "checked": each.checked} for each in weights],
        "workflow": git_state(workflow),
        "platform": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
        },
        "libraries": library_versions(),
        "configuration": configuration,
    }


def library_versions() -> dict[str, str | None]:
    """The installed version of each library, None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def git_state(folder: Path) -> dict[str, Any]:
    """Commit of the workflow and whether files differ from it; both None outside a checkout."""
    unknown = {"commit": None, "changed_files": None}
    top = _git(folder, "rev-parse", "--show-toplevel")
    # An unpacked release may lie inside somebody's own repository: that commit is not ours.
    if top is None or Path(top).resolve() != folder.resolve():
        return unknown
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "commit": _git(folder, "rev-parse", "HEAD"),
        "changed_files": None if changed is None else len(changed.splitlines()),
    }


def _git(folder: Path, *words: str) -> str | None:
    """What git prints, None where git or the answer is missing."""
    program = shutil.which("git")
    if program is None:
        return None
    command = [program, "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _group(configuration: dict[str, Any], name: str) -> list[tuple[str, Any]]:
    group = configuration.get(name)
    return list(group.items()) if isinstance(group, dict) else []
