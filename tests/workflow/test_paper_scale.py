"""The paper's configuration at full scale, files faked: a command thinks for under five seconds."""

from __future__ import annotations

import resource

import pytest
from benchmarks.workflow import NOTHING_TO_DO, PaperRun, jobs_in

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dry")]

FEWEST_JOBS = 200
"""At the scale of the paper; how many of which rule stands in the test of dry runs."""

MOST_SECONDS = 5
"""Of one processor, so that other work on the machine does not count."""


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> PaperRun:
    return PaperRun.copied_to(tmp_path_factory.mktemp("paper"))


def seconds_of(paper: PaperRun, *options: str) -> tuple[float, str]:
    """Processor time of one command, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = paper.snakemake(*options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, text


def test_the_whole_plan_takes_under_five_seconds(paper):
    seconds, text = seconds_of(paper, "-n")
    assert jobs_in(text) > FEWEST_JOBS
    assert seconds < MOST_SECONDS


def test_a_complete_run_again_plans_nothing_in_under_five_seconds(paper):
    assert paper.fake_results() > FEWEST_JOBS
    seconds, text = seconds_of(paper)
    assert NOTHING_TO_DO in text
    assert seconds < MOST_SECONDS
