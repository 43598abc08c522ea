"""Where the numbers of a run come from: weights, corpus, splits, seed, versions."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict

from mmer.protocol import Split
from mmer.report.corpus_label import is_synthetic
from mmer.report.pages import render
from mmer.report.table import NOTHING, Column, Table

LIBRARIES = (
    *("torch", "torchaudio", "torchvision", "tensorflow", "inaSpeechSegmenter", "numpy", "scipy"),
    *("pandas", "scikit-learn", "statsmodels", "librosa", "opencv-python-headless", "av", "h5py"),
    *("espeakng-loader", "opensmile", "safetensors", "pydantic", "matplotlib", "snakemake"),
)
"""Distributions whose version can change a number, and the workflow's own engine."""

RANDOM = "random initialisation"
"""The source of weights that nobody trained before."""


class Weights(BaseModel):
    """Weights that a model started from: where the file came from, or :data:`RANDOM`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
    configuration: dict[str, Any],
    label: str,
    splits: Mapping[str, Split],
    weights: Sequence[Weights],
    workflow: Path,
) -> dict[str, Any]:
    """Everything about a run that a reader needs to repeat it."""
    return {
        "run": configuration.get("run"),
        "corpus": {
            "name": configuration.get("corpus"),
            "label": label,
            "synthetic": is_synthetic(label),
        },
        "splits": {name: split.model_dump(mode="json") for name, split in splits.items()},
        "seed": configuration.get("seed"),
        "seeds": configuration.get("seeds") or [],
        "compute": configuration.get("compute", {}),
        "weights": [{**each.model_dump(), "checked": each.checked} for each in weights],
        "workflow": git_state(workflow),
        "platform": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
        },
        "libraries": library_versions(),
        "configuration": configuration,
    }


def provenance_page(described: dict[str, Any]) -> str:
    """A self-contained page of what :func:`describe` gathered."""
    label = described["corpus"]["label"]
    weights = pd.DataFrame(
        described["weights"], columns=["name", "source", "checked", "licence"], dtype=object
    )
    columns = (
        Column("Network", "name"),
        Column("Starts from", "source"),
        Column("SHA-256", "checked"),
        Column("Licence", "licence"),
    )
    return render(
        "provenance",
        "Where the numbers come from",
        label,
        sections={
            "Run": _pairs(label, _run_rows(described)),
            "Weights": Table("", label, columns, weights),
            "Libraries": _pairs(label, described["libraries"]),
        },
        configuration=json.dumps(described["configuration"], indent=2, ensure_ascii=False),
    )


def tested_groups(splits: Mapping[str, Split]) -> str:
    """Who is tested together, in words; several splits may test the same."""
    return "; ".join(", ".join(tested) for tested in dict.fromkeys(s.test for s in splits.values()))


def seeds_words(described: Mapping[str, Any]) -> str:
    """The run's seed; of several ones, which of them tables and figures show."""
    seeds = list(map(str, described.get("seeds") or [described["seed"]]))
    shown = f"; one seed's tables and figures are those of {seeds[0]}" if seeds[1:] else ""
    return ", ".join(seeds) + shown


def _run_rows(described: dict[str, Any]) -> dict[str, Any]:
    workflow = described["workflow"]
    commit = workflow["commit"] or "not a git checkout"
    if workflow["changed_files"]:
        commit += f", with {workflow['changed_files']} changed files"
    splits = {name: Split(**split) for name, split in described["splits"].items()}
    return {
        "run": described["run"],
        "corpus": described["corpus"]["label"],
        "tested together": tested_groups(splits),
        "seed": seeds_words(described),
        "device": described["compute"].get("device"),
        "threads": described["compute"].get("threads"),
        "workflow commit": commit,
        "Python": described["platform"]["python"],
        "platform": described["platform"]["system"],
    }


def _pairs(label: str, pairs: Mapping[str, Any]) -> Table:
    shown = [(key, NOTHING if value is None else str(value)) for key, value in pairs.items()]
    rows = pd.DataFrame(shown, columns=["key", "value"])
    return Table("", label, (Column("What", "key"), Column("Value", "value")), rows)


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
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
