"""The benchmark's table as text, with the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmarks.measure import Line, Measured

HEADER = (
    "What",
    "Against",
    "On",
    "Ours",
    "Theirs",
    "Times as fast (spread)",
    "Goal",
    "Peak memory, ours / theirs",
    "Agreement",
)
EXPLANATION = """\
Made by `make bench`. Each line does the same work in two ways, by turns in one process. Times are
medians; *times as fast* is their median over ours, with the smallest and largest ratio of two
calls that followed each other. Peak memory is what one call needs beyond what both hold ready.
"""

Outcome = Measured | str
"""The figures of a line, or why it has none."""


def machine(threads: int) -> dict[str, str]:
    """What one must know of a machine to read its figures, in words."""
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in facts if "model name" in line), "")
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "CPU": f"{model}, {len(os.sched_getaffinity(0))} cores, {threads} threads used",
        "memory": size(memory),
        "GPU": ", ".join(gpus) or "none",
        "load before": f"{os.getloadavg()[0]:.1f} (other work on the machine)",
        "torch": torch.__version__,
        "Python": platform.python_version(),
    }


def as_markdown(facts: Mapping[str, str], lines: Sequence[tuple[Line, Outcome]]) -> str:
    """The page with the machine and the table."""
    told = [f"- {name}: {value}" for name, value in facts.items()]
    rows = table(HEADER, [cells(line, outcome) for line, outcome in lines])
    return "\n".join(["# Benchmark", "", EXPLANATION, *told, "", *rows, ""])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]


def cells(line: Line, outcome: Outcome) -> tuple[str, ...]:
    """One row of the table."""
    goal = "" if line.goal is None else f"≥ {line.goal:g}"
    if isinstance(outcome, str):
        return (line.work, line.against, line.device, outcome, "", "", goal, "", "")
    if line.goal is not None:
        goal += ", reached" if outcome.ratio >= line.goal else ", missed"
    low, high = outcome.spread
    return (
        line.work,
        line.against,
        line.device,
        duration(statistics.median(outcome.ours_seconds)),
        duration(statistics.median(outcome.theirs_seconds)),
        f"{outcome.ratio:.2f} ({low:.2f} to {high:.2f})",
        goal,
        f"{size(outcome.ours_peak)} / {size(outcome.theirs_peak)}",
        outcome.agreement,
    )


def duration(seconds: float) -> str:
    """Seconds or milliseconds with three digits."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def size(count: int) -> str:
    """Bytes as MiB or GiB."""
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
