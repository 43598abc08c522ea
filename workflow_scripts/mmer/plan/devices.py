"""GPUs: how many jobs have, what each takes of them, and through what it gets its own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmer.config import ComputeSettings

ALL_GPUS = 1000
"""What the resource ``gpu_share`` of all jobs at once adds up to; profiles state the same total.
A fixed one, because a profile cannot count a machine's GPUs."""


def visible_gpus(present: Mapping[str, str], devices: Path = Path("/dev")) -> tuple[str, ...]:
    """The GPUs of this machine that a job may use, by the numbers that CUDA knows them by.

    Asking torch would cost seconds at every start.

    Parameters
    ----------
    present
        The environment; ``CUDA_VISIBLE_DEVICES`` in it narrows the choice.
    devices
        Where the system lists its devices.
    """
    narrowed = present.get("CUDA_VISIBLE_DEVICES")
    if narrowed is not None:
        numbers = [number.strip() for number in narrowed.split(",") if number.strip()]
        return () if "-1" in numbers else tuple(numbers)
    return tuple(map(str, range(len(list(devices.glob("nvidia[0-9]*"))))))


@dataclass(frozen=True)
class Gpus:
    """The GPUs that the jobs of a run share.

    Attributes
    ----------
    numbers
        One per GPU, as CUDA knows them; empty where everything computes on the CPU.
    jobs_per_gpu
        How many small trainings share one.
    """

    numbers: tuple[str, ...]
    jobs_per_gpu: int

    @classmethod
    def of(cls, settings: ComputeSettings, visible: tuple[str, ...]) -> Gpus:
        """Those that the configuration names, or those that are visible.

        A run that insists on ``cuda`` counts on one also where this machine has none: a cluster's
        jobs run elsewhere.
        """
        kind, _, number = settings.device.partition(":")
        if kind == "cpu":
            numbers: tuple[str, ...] = ()
        elif number:
            numbers = (number,)
        elif settings.gpus is None:
            numbers = visible or (("0",) if kind == "cuda" else ())
        elif settings.gpus <= len(visible):
            numbers = visible[: settings.gpus]
        else:
            numbers = tuple(map(str, range(settings.gpus)))
        return cls(numbers, settings.jobs_per_gpu)

    def share(self, jobs_per_gpu: int = 1) -> int:
        """What a job takes of :data:`ALL_GPUS` where that many of its kind share a GPU."""
        return ALL_GPUS // (len(self.numbers) * jobs_per_gpu) if self.numbers else 0

    def launcher(self, present: Mapping[str, str], shared: bool) -> str:
        """Words before a command that give it a GPU of its own, or a place on one.

        Empty where there is nothing to give out: on the CPU, and inside a job of SLURM, which has
        given out devices already.
        """
        if not self.numbers or "SLURM_JOB_ID" in present:
            return ""
        places = self.jobs_per_gpu
        return shlex.join(
            [
                *("python", "-m", "run_on_gpu", "--gpus", ",".join(self.numbers)),
                *("--places-per-gpu", str(places), "--places", str(1 if shared else places), "--"),
            ]
        )
