"""The workflow on a real SLURM, with a job and the node's daemon killed midway."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..workflow.conftest import project_with
from ..workflow.project import REPOSITORY, Project
from ..workflow.tiny import TINY
from .local_slurm import LocalSlurm

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

SMALL = {
    "systems": ["zero_rule", "cnn14_fine_tuned/full", "stn_bilstm_flatten810/vad"],
    "fusion": {**TINY["fusion"], "pairings": {"vad": None, "full": None}},
    "report": {},
}
"""One system of each kind: trained speech, a chain of trained face models, none trained."""

PROFILE = ["--workflow-profile", "slurm", "--latency-wait", "5"]
QUICK_POLLING = ["--slurm-init-seconds-before-status-checks", "3"]


@dataclass(frozen=True)
class Finished:
    """What a disturbed run leaves.

    Attributes
    ----------
    project
        Its folder.
    status
        The engine's exit status.
    text
        What the engine printed.
    cancelled, lost
        SLURM's numbers of the job that was cancelled, and of those that ran when the node died.
    jobs
        SLURM's number and comment of every job.
    restarts
        How often SLURM started each lost job again.
    """

    project: Project
    status: int
    text: str
    cancelled: str
    lost: list[str]
    jobs: dict[str, str]
    restarts: dict[str, int]


def small_project(folder: Path, inputs: Path) -> Project:
    """The tiny project with few systems."""
    project = project_with(inputs, folder)
    project.configure("small.yaml", **SMALL)
    return project


@pytest.fixture(scope="module")
def local(tmp_path_factory, tiny_inputs) -> Project:
    """The same run on this machine, undisturbed."""
    project = small_project(tmp_path_factory.mktemp("local") / "p", tiny_inputs)
    done = project.snakemake("--configfile", "small.yaml")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return project


@pytest.fixture(scope="module")
def disturbed(slurm, tmp_path_factory, tiny_inputs) -> Finished:
    """A run through the profile as it is shipped, in which a job and then the node dies."""
    project = small_project(tmp_path_factory.mktemp("cluster") / "p", tiny_inputs)
    output = project.folder / "engine.log"
    command = [sys.executable, "-m", "snakemake", *PROFILE, *QUICK_POLLING]
    with output.open("w") as stream:
        engine = subprocess.Popen(
            [*command, "--configfile", "small.yaml"],
            cwd=project.folder,
            env={k: v for k, v in slurm.environment.items() if k != "PYTHONPATH"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            cancelled = _once(lambda: training(slurm, "train_cnn14"), engine)
            slurm.command("scancel", cancelled)
            _once(lambda: training(slurm, "train_spatial_transformer"), engine)
            time.sleep(3)  # until it is at work
            slurm.kill_node()
            lost = slurm.jobs("RUNNING")
            _once(lambda: slurm.node_state().startswith("down"), engine)
            slurm.start_node()
            status = engine.wait(900)
        finally:
            engine.kill()
    return Finished(
        project,
        status,
        output.read_text(),
        cancelled,
        lost,
        comments(slurm),
        {job: restarts(slurm, job) for job in lost},
    )


def training(slurm: LocalSlurm, rule: str) -> str | None:
    """A job of a rule that runs now."""
    running = slurm.jobs("RUNNING")
    return next(
        (job for job, what in comments(slurm).items() if rule in what and job in running), None
    )


def comments(slurm: LocalSlurm) -> dict[str, str]:
    """What every job says that it does, by SLURM's number."""
    lines = slurm.command("squeue", "--noheader", "--states=all", "--format=%i %k").splitlines()
    return dict(line.split(maxsplit=1) for line in lines)


def restarts(slurm: LocalSlurm, job: str) -> int:
    """How often SLURM started a job again."""
    found = re.search(r"Restarts=(\d+)", slurm.command("scontrol", "show", "job", job))
    return int(found[1]) if found else 0


def _once(found: Callable[[], object], engine: subprocess.Popen[bytes], seconds: float = 300):
    """What is found, as soon as it is; fails where the engine ends before."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert engine.poll() is None, "the workflow ended before it could be disturbed"
        assert time.monotonic() < end, "what was to be disturbed did not run in time"
        time.sleep(0.3)
    return value


def test_the_workflow_finishes_in_spite_of_both_failures(disturbed):
    assert disturbed.status == 0, disturbed.text[-5000:]


def test_predictions_are_those_of_a_local_run_byte_for_byte(disturbed, local):
    folder = local.results / "predictions"
    tables = sorted(path.relative_to(local.folder) for path in folder.rglob("*.csv"))
    assert len(tables) == 6
    for table in tables:
        here, there = local.folder / table, disturbed.project.folder / table
        assert here.read_bytes() == there.read_bytes(), table


def test_a_cancelled_job_is_tried_again(disturbed):
    what = disturbed.jobs[disturbed.cancelled]
    assert f"SLURM-job '{disturbed.cancelled}' failed" in disturbed.text
    assert list(disturbed.jobs.values()).count(what) == 2


def test_jobs_of_a_dead_node_are_started_again_by_slurm(disturbed):
    assert disturbed.lost
    assert all(count >= 1 for count in disturbed.restarts.values()), disturbed.restarts


def test_the_log_of_a_failed_job_is_kept_and_named(disturbed):
    logs = disturbed.project.folder / "results" / "slurm_logs"
    kept = [path for path in logs.rglob("*.log") if path.stem == disturbed.cancelled]
    assert len(kept) == 1
    assert str(kept[0]) in disturbed.text


def test_small_steps_share_jobs(disturbed):
    shared = Counter(what.split("_")[1] for what in disturbed.jobs.values())
    assert shared["speakers"] == 2
    assert shared["results"] == 1
    assert len(disturbed.jobs) < 20


def test_a_job_that_wants_a_gpu_gets_its_number(slurm, tmp_path):
    shutil.copytree(REPOSITORY / "profiles", tmp_path / "profiles")
    (tmp_path / "Snakefile").write_text(
        'rule ask:\n    output: "number"\n    resources: gpu=1\n'
        '    shell: "echo $SLURM_JOB_ID $CUDA_VISIBLE_DEVICES > {output}"\n'
    )
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "report.css").touch()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *PROFILE, *QUICK_POLLING, "number"],
        cwd=tmp_path,
        env=slurm.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    job, number = (tmp_path / "number").read_text().split()
    assert number == "0"
    assert "Partition=gpu" in slurm.command("scontrol", "show", "job", job)
