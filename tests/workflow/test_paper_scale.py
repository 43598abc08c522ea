"""The paper's configuration at full scale, files faked: a command thinks for under five seconds."""

from __future__ import annotations

import re
import resource

import pytest

from .project import Project, copy_project

pytestmark = [pytest.mark.slow, pytest.mark.long]

FEWEST_JOBS = 190
"""At the scale of the paper; how many of which rule stands in the test of dry runs."""

MOST_SECONDS = 5
"""Of one processor, so that other work on the machine does not count."""


def seconds_of(project: Project, *options: str) -> tuple[float, str]:
    """Processor time of one command, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = project.snakemake(*options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, done.stdout + done.stderr


def fake(project: Project, plan: str) -> None:
    """Make every file of a plan, empty, and have the engine believe in them."""
    for listed in re.findall(r"^    output: (.*)$", plan, re.MULTILINE):
        for path in map(project.folder.joinpath, listed.split(", ")):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent.name == "clips":
                path.mkdir()
            else:
                path.touch()
    project.snakemake("--touch", "--forceall")


def test_the_whole_plan_and_a_complete_run_take_under_five_seconds(tmp_path):
    project = copy_project(tmp_path / "project")
    seconds, plan = seconds_of(project, "-n")
    assert len(re.findall(r"^(?:local)?rule \w+:$", plan, re.MULTILINE)) > FEWEST_JOBS
    assert seconds < MOST_SECONDS
    fake(project, plan)
    seconds, text = seconds_of(project)
    assert "Nothing to be done" in text
    assert seconds < MOST_SECONDS
