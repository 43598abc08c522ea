"""Runs that are killed at a chosen moment, as a machine or a scheduler kills them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from safetensors import safe_open

from .project import Project

_PROGRESS = re.compile(r"^(\d+) of (\d+) steps")
_STARTED = re.compile(r"^(?:local)?rule (\w+):$")
_FINISHED = re.compile(r"^Finished jobid: \d+ \(Rule: (\w+)\)")


@dataclass(frozen=True)
class Moment:
    """When a run is killed: so long after so many of its jobs are done."""

    jobs_done: int
    seconds_later: float


@dataclass(frozen=True)
class Killed:
    """What a kill met.

    Attributes
    ----------
    moment
        When it came.
    running
        Rules of the jobs that were running then.
    done
        Jobs that this run had finished.
    """

    moment: Moment
    running: tuple[str, ...]
    done: int

    def __str__(self) -> str:
        when = f"{self.done} jobs + {self.moment.seconds_later:.2f} s"
        return f"killed after {when}, while running: {', '.join(self.running) or 'nothing'}"


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Start a run as the leader of a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_group(process: subprocess.Popen[str]) -> None:
    """SIGKILL to a run and all its jobs, and wait until the last of them is gone."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 30
    while _group_lives(process.pid):
        assert time.monotonic() < deadline, "a job outlived SIGKILL"
        time.sleep(0.02)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def run_and_kill(project: Project, moment: Moment, *arguments: str) -> Killed | None:
    """Run until a moment, then kill; None where the run ended before it."""
    process = start(project, *arguments)
    running: list[str] = []
    done = 0
    reached = moment.jobs_done == 0
    for line in [] if reached else process.stdout:
        if match := _STARTED.match(line):
            running.append(match[1])
        elif match := _FINISHED.match(line):
            running.remove(match[1])
        elif match := _PROGRESS.match(line):
            done = int(match[1])
        if done >= moment.jobs_done:
            break
    else:
        if not reached:
            assert process.wait() == 0
            process.stdout.close()
            return None
    time.sleep(moment.seconds_later)
    kill_group(process)
    return Killed(moment, tuple(running), done)


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@contextmanager
def standing_still_at(file: Path) -> Iterator[Callable[[], bool]]:
    """Let whoever reads a file stand still there; gives a function: whether somebody does.

    Meanwhile the file is a pipe into which nobody writes.
    """
    aside = file.rename(file.with_name(f"{file.name}.aside"))
    os.mkfifo(file)
    writers = []

    def is_reached() -> bool:
        try:
            writers.append(os.open(file, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # nobody reads
            return False
        return True

    try:
        yield is_reached
    finally:
        for writer in writers:
            os.close(writer)
        aside.replace(file)


# Whole files


def _opens_safetensors(path: Path) -> None:
    with safe_open(path, framework="np") as stream:
        for name in stream.keys():  # noqa: SIM118
            stream.get_tensor(name)


def _opens_npz(path: Path) -> None:
    with np.load(path, allow_pickle=False) as archive:
        for name in archive:
            _ = archive[name]


def _opens_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


def _opens_hdf5(path: Path) -> None:
    h5py.File(path).close()


READERS: dict[str, Callable[[Path], object]] = {
    ".csv": pd.read_csv,
    ".hdf5": _opens_hdf5,
    ".npz": _opens_npz,
    ".safetensors": _opens_safetensors,
    ".zip": _opens_zip,
}


def read_all_files(project: Project) -> int:
    """Open every file of results and downloads that has its final name; their number.

    A file that is not whole raises its reader's error.
    """
    files = [
        file
        for folder in ("results", "downloads")
        for file in (project.folder / folder).rglob("*")
        if file.suffix in READERS and not file.name.startswith(".")
    ]
    for file in files:
        READERS[file.suffix](file)
    return len(files)
