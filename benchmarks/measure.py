"""Two ways of doing the same, measured side by side: time, peak memory, agreement."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

CPU = torch.device("cpu")


class NotMeasured(Exception):
    """Why a line of the table has no figures on this machine."""


@dataclass(frozen=True)
class Contest:
    """Two ways of doing the same, ready to run.

    Attributes
    ----------
    ours, theirs
        Each call does the whole work once.
    agreement
        How far the two results lie apart, in words.
    device
        Where they compute.
    """

    ours: Callable[[], object]
    theirs: Callable[[], object]
    agreement: str
    device: torch.device = CPU


@dataclass(frozen=True)
class Line:
    """A line of the table, before it is measured.

    Attributes
    ----------
    work
        What is done, with its size.
    against
        What one would do otherwise.
    device
        ``CPU`` or ``GPU``, as the table says it.
    goal
        How many times as fast as the other way we want to be; None where there is no goal.
    repetitions
        Calls of each way that are timed.
    prepare
        Makes both ways ready; raises :class:`NotMeasured` where that cannot be.
    """

    work: str
    against: str
    device: str
    goal: float | None
    repetitions: int
    prepare: Callable[[], Contest]


@dataclass(frozen=True)
class Measured:
    """The figures of a line.

    Attributes
    ----------
    ours_seconds, theirs_seconds
        Seconds of each timed call; the calls of one place followed each other directly.
    ours_peak, theirs_peak
        Bytes by which memory rose during one call above where it stood before.
    agreement
        As in :class:`Contest`.
    """

    ours_seconds: tuple[float, ...]
    theirs_seconds: tuple[float, ...]
    ours_peak: int
    theirs_peak: int
    agreement: str

    @property
    def ratio(self) -> float:
        """How many times as fast we are: the median time of the others over our median time."""
        return statistics.median(self.theirs_seconds) / statistics.median(self.ours_seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of calls that followed each other directly."""
        pairs = zip(self.theirs_seconds, self.ours_seconds, strict=True)
        ratios = [theirs / ours for theirs, ours in pairs]
        return min(ratios), max(ratios)


def measure(contest: Contest, repetitions: int) -> Measured:
    """Measure both ways: one call each to warm up, one for memory, then timed calls by turns.

    Who goes first alternates, so that neither profits from what the other left in the caches and a
    load that comes and goes meets both.
    """
    for way in (contest.ours, contest.theirs):
        way()
    peaks = [peak_memory(way, contest.device) for way in (contest.ours, contest.theirs)]
    ours, theirs = [], []
    for repetition in range(repetitions):
        turns = [(contest.ours, ours), (contest.theirs, theirs)]
        for way, seconds in turns if repetition % 2 == 0 else reversed(turns):
            seconds.append(seconds_of(way, contest.device))
    return Measured(tuple(ours), tuple(theirs), *peaks, contest.agreement)


def seconds_of(way: Callable[[], object], device: torch.device) -> float:
    """Seconds of one call, until the device has finished."""
    _wait_for(device)
    start = time.perf_counter()
    way()
    _wait_for(device)
    return time.perf_counter() - start


def peak_memory(way: Callable[[], object], device: torch.device) -> int:
    """Bytes by which the device's memory rises during one call above where it stood before.

    On the CPU that is the resident memory of this process, as the kernel counts it.
    """
    if device.type == "cuda":
        _wait_for(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        way()
        _wait_for(device)
        return torch.cuda.max_memory_allocated(device) - before
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _status("VmRSS")
    way()
    return max(0, _status("VmHWM") - before)


def _status(key: str) -> int:
    """A size of this process in bytes, from the kernel."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (size,) = (line.split()[1] for line in lines if line.startswith(f"{key}:"))
    return int(size) * 1024


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
