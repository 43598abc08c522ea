"""Lines of the workflow engine: how long a command thinks before it does anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.measure import Contest, Line

REPOSITORY = Path(__file__).parents[1]
PARTS = (
    *("Snakefile", "config.yaml", "config", "envs", "profiles", "resources", "rules"),
    "workflow_scripts",
)
SHELL_JOBS = 40
"""As many as show what one costs beside the engine's start."""

BARE = """
rule all:
    input: expand("made/{{number}}", number=range({jobs}))

rule make:
    output: "made/{{number}}"
    shell: "touch {{output}}"
"""
"""A workflow that knows nothing but as many jobs."""


def lines() -> Iterator[Line]:
    """The plan of the paper's run, and what a job costs."""
    yield Line(
        "plan of the paper's whole run, nothing made yet",
        "the engine alone on as many jobs of one rule",
        *("CPU", None, 3, plan_contest),
    )
    yield Line(
        f"{SHELL_JOBS} jobs that touch a file, run by the engine one after the other",
        "the same commands from a shell: what is more is the engine's overhead",
        *("CPU", None, 3, job_contest),
    )


def plan_contest() -> Contest:
    """Our workflow and a bare one of as many jobs, untouched."""
    ours, theirs = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    copy_project(ours)
    jobs = jobs_in(snakemake(ours, "-n"))
    (theirs / "Snakefile").write_text(BARE.format(jobs=jobs - 1))
    ways = (partial(snakemake, place, "-n", "--quiet", "rules") for place in (ours, theirs))
    return Contest(*ways, f"{jobs} jobs each")


def job_contest() -> Contest:
    """A bare workflow, run from scratch, and a shell loop."""
    place = Path(tempfile.mkdtemp())
    (place / "Snakefile").write_text(BARE.format(jobs=SHELL_JOBS))
    touches = "do sh -c 'touch made/$0' $number; done"
    loop = f"mkdir -p made && for number in $(seq {SHELL_JOBS}); {touches}"
    theirs = partial(subprocess.run, ["sh", "-c", loop], cwd=place, check=True)
    ours = partial(snakemake, place, "--forceall", "--quiet", "all")
    return Contest(ours, theirs, f"{SHELL_JOBS} jobs each")


def copy_project(folder: Path) -> None:
    """Rules and code, at the scale of the paper and without data."""
    for part in PARTS:
        source = REPOSITORY / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy(source, folder / part)


def jobs_in(plan: str) -> int:
    """How many jobs a dry run lists, the default target included."""
    return len(re.findall(r"^(?:local)?rule \w+:$", plan, re.MULTILINE))


def snakemake(folder: Path, *options: str) -> str:
    """What the engine prints, run in a folder."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr
