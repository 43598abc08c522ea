"""A step that is measured for some seconds: how much it does in that time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.paper_scale.corpus import PaperCorpus
from mmer.corpus.folds import Split, one_fold_out
from mmer.plan import Plan


@dataclass(frozen=True)
class Scale:
    """What steps are measured on.

    Attributes
    ----------
    corpus
        Prepared files.
    plan
        Of the run whose settings count.
    device
        Of the steps that use a GPU where there is one.
    voice_activity
        The verified weights, or None where they are not at hand.
    """

    corpus: PaperCorpus
    plan: Plan
    device: torch.device
    voice_activity: Path | None

    @property
    def split(self) -> Split:
        """The first split of the protocol."""
        folds = self.plan.configuration.protocol.folds
        return next(iter(one_fold_out(folds, self.corpus.actors).values()))


@dataclass(frozen=True)
class Work:
    """A step made ready.

    Attributes
    ----------
    chunks
        Each call starts one pass over the data; each item is how many units were done since the
        one before.
    units_per_pass
        Of a whole pass, however much of it is measured.
    """

    chunks: Callable[[], Iterator[float]]
    units_per_pass: float


@dataclass(frozen=True)
class Step:
    """A step of the workflow.

    Attributes
    ----------
    name
        Of its count in :func:`benchmarks.paper_scale.counts.paper_counts`.
    work
        What is done, for the table.
    unit
        What is counted.
    on_gpu
        Whether it uses a GPU where there is one.
    grows
        Whether a pass touches all clips, so that its growth with their number says something.
    prepare
        Makes it ready; raises :class:`benchmarks.measure.NotMeasured` where that cannot be.
    """

    name: str
    work: str
    unit: str
    on_gpu: bool
    grows: bool
    prepare: Callable[[Scale], Work]


@dataclass(frozen=True)
class Throughput:
    """What was measured of a step.

    Attributes
    ----------
    units, seconds
        Done, and how long it took.
    units_per_pass
        As in :class:`Work`.
    operations_per_unit
        Floating-point operations of torch's matrix products and convolutions.
    """

    units: float
    seconds: float
    units_per_pass: float
    operations_per_unit: float = 0.0

    @property
    def per_second(self) -> float:
        """Units per second."""
        return self.units / self.seconds

    @property
    def pass_seconds(self) -> float:
        """How long a whole pass takes."""
        return self.units_per_pass / self.per_second

    def hours_for(self, units: float) -> float:
        """How long so many units take."""
        return units / self.per_second / 3600


TOO_LONG = 4
"""Times the seconds of a step, after which its first chunk is not repeated."""


def throughput_of(work: Work, seconds: float, device: torch.device) -> Throughput:
    """Work for some seconds after a first chunk to warm up, whose operations are counted.

    A first chunk that takes several times that long is counted itself: what it spends on warming
    up is little of that.
    """
    chunks = itertools.chain.from_iterable(work.chunks() for _ in itertools.repeat(None))
    start = time.perf_counter()
    with FlopCounterMode(display=False) as counter:
        done = next(chunks)
    _wait_for(device)
    operations = counter.get_total_flops() / done
    if (first := time.perf_counter() - start) >= TOO_LONG * seconds:
        return Throughput(done, first, work.units_per_pass, operations)
    start, done = time.perf_counter(), 0.0
    while time.perf_counter() - start < seconds:
        done += next(chunks)
        _wait_for(device)
    return Throughput(done, time.perf_counter() - start, work.units_per_pass, operations)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
