"""GPUs are given out among processes; none is there, since only their numbers matter."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmer.runtime.gpu_places import take_gpu

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"


@pytest.fixture
def job(tmp_path):
    """A function that starts a command on a GPU; every command is ended afterwards."""
    started = []

    def start(command: str, gpus: str = "0,1", places: int = 1, of: int = 1) -> subprocess.Popen:
        words = [
            *(sys.executable, "-m", "run_on_gpu", "--gpus", gpus, "--folder", str(tmp_path)),
            *("--places-per-gpu", str(of), "--places", str(places)),
            *("--", "sh", "-c", command),
        ]
        started.append(
            subprocess.Popen(
                words,
                env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


TELL_AND_STAY = "echo $CUDA_VISIBLE_DEVICES; exec sleep 60"


def told(process: subprocess.Popen) -> str:
    """The GPU that a job sees, as soon as it runs."""
    return process.stdout.readline().strip()


def test_jobs_that_run_at_once_see_one_gpu_each_and_never_the_same(job):
    assert {told(job(TELL_AND_STAY)), told(job(TELL_AND_STAY))} == {"0", "1"}


def test_a_job_waits_until_a_gpu_is_free(job):
    first = job(TELL_AND_STAY, gpus="0")
    assert told(first) == "0"
    second = job(TELL_AND_STAY, gpus="0")
    assert "waiting" in second.stderr.readline()
    first.kill()
    assert told(second) == "0"


def test_a_killed_job_frees_its_gpu(job, tmp_path):
    held = job(TELL_AND_STAY, gpus="0")
    assert told(held) == "0"
    assert take_gpu(["0"], 1, 1, tmp_path) is None
    held.kill()
    held.wait()
    assert take_gpu(["0"], 1, 1, tmp_path) == "0"


def test_the_commands_own_status_is_the_jobs(job):
    assert job("exit 7").wait() == 7


def test_small_jobs_share_a_gpu_up_to_its_places(tmp_path):
    taken = [take_gpu(["0", "1"], 2, 1, tmp_path) for _ in range(5)]
    assert taken == ["0", "0", "1", "1", None]


def test_a_job_that_wants_a_gpu_for_itself_takes_an_empty_one(tmp_path):
    assert take_gpu(["0", "1"], 2, 1, tmp_path) == "0"
    assert take_gpu(["0", "1"], 2, 2, tmp_path) == "1"
    assert take_gpu(["0", "1"], 2, 2, tmp_path) is None
    assert take_gpu(["0", "1"], 2, 1, tmp_path) == "0"


def test_looking_for_a_gpu_in_vain_holds_nothing(tmp_path):
    assert take_gpu(["0"], 2, 1, tmp_path) == "0"
    assert take_gpu(["0"], 2, 2, tmp_path) is None
    assert take_gpu(["0"], 2, 1, tmp_path) == "0"


def test_waiting_costs_no_processor_time(job):
    assert told(job(TELL_AND_STAY, gpus="0")) == "0"
    waiting = job(TELL_AND_STAY, gpus="0")
    waiting.stderr.readline()
    before = _processor_seconds(waiting.pid)
    time.sleep(1.5)
    assert _processor_seconds(waiting.pid) - before < 0.2


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
