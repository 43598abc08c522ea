"""Lines of the workflow itself: how long a command thinks before it does anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from benchmarks.measure import Contest, Line

REPOSITORY = Path(__file__).parents[1]
PARTS = ("Snakefile", "config.yaml", "config", "envs", "profiles", "resources", "rules")
SHELL_JOBS = 40
"""As many as show what one costs beside the engine's start."""
NOTHING_TO_DO = "Nothing to be done"
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "1")

BARE = """
rule all:
    input: expand("made/{{number}}", number=range({jobs}))

rule make:
    output: "made/{{number}}"
    shell: "touch {{output}}"
"""
"""A workflow that knows nothing but as many jobs."""


def lines() -> Iterator[Line]:
    """The plan of the paper's run, then its second start."""
    for work, prepare in (
        ("plan of the paper's whole run, nothing made yet", partial(contest, complete=False)),
        ("the paper's run again, complete: nothing to do", partial(contest, complete=True)),
    ):
        yield Line(
            work=work,
            against="the engine alone on as many jobs of one rule",
            device="CPU",
            goal=None,
            repetitions=3,
            prepare=prepare,
        )
    yield Line(
        work=f"{SHELL_JOBS} jobs that touch a file, run by the engine one after the other",
        against="the same commands from a shell: what is more is the engine's overhead",
        device="CPU",
        goal=None,
        repetitions=3,
        prepare=job_contest,
    )


def job_contest() -> Contest:
    """A bare workflow, run from scratch, and a shell loop."""
    folder = tempfile.TemporaryDirectory()
    place = Path(folder.name)
    (place / "Snakefile").write_text(BARE.format(jobs=SHELL_JOBS))

    def ours(kept: tempfile.TemporaryDirectory = folder) -> None:
        assert kept.name  # the folder lives as long as the contest
        _run(place, "--forceall", "--quiet", "all")

    def theirs() -> None:
        touches = "do sh -c 'touch made/$0' $number; done"
        loop = f"mkdir -p made && for number in $(seq {SHELL_JOBS}); {touches}"
        subprocess.run(["sh", "-c", loop], cwd=place, check=True)

    return Contest(ours, theirs, f"{SHELL_JOBS} jobs each", torch.device("cpu"))


@dataclass(frozen=True)
class PaperRun:
    """The project in a folder of its own, at the scale of the paper and without data."""

    folder: Path

    @classmethod
    def copied_to(cls, folder: Path) -> PaperRun:
        """Copy rules and code."""
        for part in PARTS:
            source = REPOSITORY / part
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / part)
        without_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(
            REPOSITORY / "workflow_scripts", folder / "workflow_scripts", ignore=without_caches
        )
        return cls(folder)

    def snakemake(self, *options: str) -> str:
        """What a command prints."""
        return _run(self.folder, *options)

    def fake_results(self) -> int:
        """Make every file of the run, empty, and have the engine believe in them; how many jobs."""
        plan = self.snakemake("-n")
        for listed in re.findall(r"^    output: (.*)$", plan, re.MULTILINE):
            for name in listed.split(", "):
                path = self.folder / name
                if re.fullmatch(r".*/clips/Actor_\d\d", name):
                    path.mkdir(parents=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
        self.snakemake("--touch", "--forceall")
        return jobs_in(plan)


def jobs_in(plan: str) -> int:
    """How many jobs a dry run lists, the default target included."""
    return len(re.findall(r"^(?:local)?rule \w+:$", plan, re.MULTILINE))


def contest(complete: bool) -> Contest:
    """Our workflow and a bare one of as many jobs, both complete or both untouched."""
    folder = tempfile.TemporaryDirectory()
    ours, theirs = Path(folder.name) / "ours", Path(folder.name) / "theirs"
    ours.mkdir()
    theirs.mkdir()
    paper = PaperRun.copied_to(ours)
    jobs = paper.fake_results() if complete else jobs_in(paper.snakemake("-n"))
    (theirs / "Snakefile").write_text(BARE.format(jobs=jobs - 1))
    if complete:
        (theirs / "made").mkdir()
        for number in range(jobs - 1):
            (theirs / "made" / str(number)).touch()
        _run(theirs, "--touch", "--forceall")
    kept = folder  # the files live as long as the contest

    def way(place: Path) -> Callable[[], None]:
        def plan() -> None:
            assert kept.name
            assert (NOTHING_TO_DO in _run(place, "-n", "--quiet", "rules")) == complete

        return plan

    return Contest(way(ours), way(theirs), f"{jobs} jobs each", torch.device("cpu"))


def _run(folder: Path, *options: str) -> str:
    """What the engine prints, run in a folder."""
    done = subprocess.run(
        [*SNAKEMAKE, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr
