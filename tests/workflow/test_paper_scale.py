"""The paper's configuration at full scale, files faked: how long a command thinks, what is added.

Another protocol or seed repeats nothing of what a complete run has.
"""

from __future__ import annotations

import re
import resource

import pytest

from .planned_jobs import Jobs, read_plan
from .project import Project, copy_project

pytestmark = [pytest.mark.slow, pytest.mark.long]

FEWEST_JOBS = 190
"""At the scale of the paper; how many of which rule stands in the test of dry runs."""

MOST_SECONDS = 5
"""Of one processor, so that other work on the machine does not count."""

CONFIGURED = {"write_configuration", "describe_run"}
"""What shows the configuration as a whole."""


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


@pytest.fixture(scope="module")
def complete(tmp_path_factory) -> tuple[Project, float]:
    """A complete run, and the seconds that its plan took."""
    project = copy_project(tmp_path_factory.mktemp("paper") / "project")
    seconds, plan = seconds_of(project, "-n")
    assert len(re.findall(r"^(?:local)?rule \w+:$", plan, re.MULTILINE)) > FEWEST_JOBS
    fake(project, plan)
    return project, seconds


def added(complete: tuple[Project, float], setting: str) -> Jobs:
    """The jobs that a setting adds to the complete run."""
    project, _ = complete
    return read_plan(project.dry_run("--config", setting, configuration="config.yaml"))


def test_the_whole_plan_and_a_complete_run_take_under_five_seconds(complete):
    project, first = complete
    assert first < MOST_SECONDS
    seconds, text = seconds_of(project)
    assert "Nothing to be done" in text
    assert seconds < MOST_SECONDS


def test_the_nested_protocol_repeats_no_job_of_the_papers(complete):
    found = added(complete, "protocol={kind: both}")
    weighed = {"tell_choices", "weigh_choices", "tabulate_choices"}
    assert {rule for rule in found if not rule.endswith("_nested")} == weighed | CONFIGURED
    # Ten trainings in the place of five; of bi-LSTMs, whose trainings share a job, as many jobs.
    assert {rule: len(jobs) for rule, jobs in found.items() if rule.startswith("train")} == {
        "train_alexnet_nested": 20,
        "train_cnn14_nested": 20,
        "train_spatial_transformer_nested": 30,
        "train_bilstm_nested": 10,
    }


def test_another_seed_trains_its_own_alone(complete):
    found = added(complete, "seeds=[2020, 7]")
    compared = {"compare_seeds", "tabulate_seeds"}
    own = {rule: jobs for rule, jobs in found.items() if rule not in compared | CONFIGURED}
    assert {rule: len(jobs) for rule, jobs in own.items()} == {
        "train_alexnet": 10,
        "train_cnn14": 10,
        "train_spatial_transformer": 15,
        "train_bilstm": 10,
        "vote_max_voting": 3,
        "fuse_predictions": 6,
        "evaluate_systems": 1,
    }
    assert all("seed7/" in values for jobs in own.values() for values in jobs)
