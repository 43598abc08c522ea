"""The machine that the figures are of."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import torch


def describe_machine(threads: int) -> dict[str, str]:
    """What one must know of a machine to read its figures, in words."""
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "CPU": f"{_cpu_model()}, {len(os.sched_getaffinity(0))} cores, {threads} threads used",
        "memory": f"{_memory_gibibytes():.0f} GiB",
        "GPU": ", ".join(gpus) or "none",
        "load before": f"{os.getloadavg()[0]:.1f} (other work on the machine)",
        "torch": torch.__version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_gibibytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
