"""A copy of the project in a folder of its own, driven by the real workflow engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from .tiny import OWN_FAMILY, TINY

REPOSITORY = Path(__file__).parents[2]
PARTS = ["Snakefile", "config.yaml", "config", "envs", "profiles", "resources", "rules"]


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    folder: Path

    @property
    def results(self) -> Path:
        """What the tiny run makes."""
        return self.folder / "results" / "tiny"

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

    def dry_run(self, *arguments: str, configuration: str = "tiny.yaml") -> str:
        """What the engine says that it would do."""
        chosen = [] if "--configfile" in arguments else ["--configfile", configuration]
        done = self.snakemake("-n", *arguments, *chosen)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, configuration: str = "tiny.yaml") -> list[str]:
        """The rules that a run would execute now, sorted, one entry per job."""
        text = self.dry_run(configuration=configuration)
        rules = re.findall(r"^(?:local)?rule (\w+):$", text, re.MULTILINE)
        return sorted(rule for rule in rules if rule != "all")

    def refused(self, *arguments: str) -> str:
        """What is said of a command that stops before anything runs, in plain words."""
        done = self.snakemake("-n", *arguments)
        text = done.stdout + done.stderr
        assert done.returncode != 0 and "Traceback" not in text, text
        return text

    def configure(self, name: str = "tiny.yaml", **sections: object) -> None:
        """Write the tiny configuration with some sections replaced."""
        (self.folder / name).write_text(yaml.safe_dump({**TINY, **sections}))

    def copied_to(self, folder: Path) -> Project:
        """The same with everything made, times included, so that nothing in it is stale."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)


def copy_project(folder: Path) -> Project:
    """The project without its history and results."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = REPOSITORY / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "workflow_scripts", folder / "workflow_scripts", ignore=ignored)
    shutil.copy(Path(__file__).with_name(OWN_FAMILY), folder)
    project = Project(folder)
    project.configure()
    return project
