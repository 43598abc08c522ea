"""The benchmark's table as text and as data."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
ABSENT = "not measured yet"


def as_markdown(machine: Mapping[str, str], lines: Sequence[tuple[Line, Outcome]]) -> str:
    """The page with the machine and the table."""
    facts = [f"- {name}: {value}" for name, value in machine.items()]
    rows = [HEADER, ("---",) * len(HEADER), *(cells(line, outcome) for line, outcome in lines)]
    table = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["# Benchmark", "", EXPLANATION, *facts, "", *table, ""])


def cells(line: Line, outcome: Outcome) -> tuple[str, ...]:
    """One row of the table."""
    goal = "" if line.goal is None else f"≥ {line.goal:g}"
    if isinstance(outcome, str):
        empty = ("",) * (len(HEADER) - 5)
        return (line.work, line.against, line.device, outcome, "", *empty[:1], goal, *empty[2:])
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


def as_data(machine: Mapping[str, str], lines: Sequence[tuple[Line, Outcome]]) -> dict[str, Any]:
    """Everything that was measured, for programs."""
    return {"machine": dict(machine), "lines": [_as_data(*line) for line in lines]}


def key_of(line: Line) -> tuple[str, str, str]:
    """What tells a line from all others."""
    return line.work, line.against, line.device


def read_data(path: Path) -> dict[tuple[str, str, str], Outcome]:
    """What an earlier benchmark stored, by the keys of its lines; nothing where there is none."""
    if not path.exists():
        return {}
    return {
        (told["work"], told["against"], told["device"]): _outcome(told)
        for told in json.loads(path.read_text("utf-8"))["lines"]
    }


def _outcome(told: Mapping[str, Any]) -> Outcome:
    if "not_measured" in told:
        return told["not_measured"]
    return Measured(
        tuple(told["ours_seconds"]),
        tuple(told["theirs_seconds"]),
        told["ours_peak_bytes"],
        told["theirs_peak_bytes"],
        told["agreement"],
    )


def _as_data(line: Line, outcome: Outcome) -> dict[str, Any]:
    told = {"work": line.work, "against": line.against, "device": line.device, "goal": line.goal}
    if isinstance(outcome, str):
        return {**told, "not_measured": outcome}
    return {
        **told,
        "ratio": outcome.ratio,
        "spread": list(outcome.spread),
        "ours_seconds": list(outcome.ours_seconds),
        "theirs_seconds": list(outcome.theirs_seconds),
        "ours_peak_bytes": outcome.ours_peak,
        "theirs_peak_bytes": outcome.theirs_peak,
        "agreement": outcome.agreement,
    }
