"""The projection's table as text and as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from benchmarks.paper_scale.counts import Count
from benchmarks.paper_scale.measure import Step, Throughput

HEADER = (
    "Step",
    "On",
    "Units per second",
    "Units in the paper",
    "Hours, at least",
    "at most",
    "PFLOP at most",
)
GOALS = {"CNN-14": None, "everything but CNN-14": 0.5, "the whole paper": 6.0}
"""Hours on one data-centre GPU."""
SUSTAINED = 20e12
"""Operations per second that a data-centre GPU is taken to sustain where none could be measured:
under a third of the 67e12 in float32 that NVIDIA specifies for an H100 or H200."""
LINEAR = 1.1
"""Exponents up to this one count as linear: clocks waver."""
BY_ITS_NATURE = {"support_vector": "a kernel has a value for every two clips"}
"""Steps that compare every clip with every other, by name, and why."""

EXPLANATION = """\
Made by `make bench-scale`. Each step is measured on prepared files of RAVDESS's size and random
weights with the settings of the shipped configuration, for some seconds; its throughput times the
configuration's counts is its time in the whole paper. *At least* and *at most* differ where
training may stop early: one good epoch and the patience after it, or every epoch. Not in it:
downloads, AffectNet (which needs a licence), voting and drawing. All steps are laid end to end,
though a run does several at a time: jobs on the CPU share its cores, and bi-LSTMs of one grid
train side by side. The largest bi-LSTM of a grid is measured, on whole clips; the clips of all
others count by their multiplications. PFLOP are 10^15 operations of matrix products and
convolutions, as torch counts them.
"""


@dataclass(frozen=True)
class Row:
    """One step of the table; ``throughput`` is a reason in words where it was not measured."""

    step: Step
    device: str
    count: Count
    throughput: Throughput | str

    @property
    def hours(self) -> tuple[float, float]:
        """At least and at most; nothing where the step was not measured."""
        if isinstance(self.throughput, str):
            return 0.0, 0.0
        return (
            self.throughput.hours_for(self.count.at_least),
            self.throughput.hours_for(self.count.at_most),
        )

    @property
    def operations(self) -> float:
        """Floating-point operations at most; nothing where the step was not measured."""
        if isinstance(self.throughput, str):
            return 0.0
        return self.throughput.operations_per_unit * self.count.at_most


def projected(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """Hours of CNN-14's fine-tuning, of everything else, and of both."""
    cnn14 = [row for row in rows if row.step.name in ("cnn14_training", "cnn14_evaluation")]
    other = [row for row in rows if row not in cnn14]
    parts = (cnn14, other, rows)
    return {name: _sum(part) for name, part in zip(GOALS, parts, strict=True)}


def _sum(rows: Sequence[Row]) -> tuple[float, float]:
    least, most = zip(*(row.hours for row in rows), strict=True) if rows else ((), ())
    return sum(least), sum(most)


def dominating(rows: Sequence[Row]) -> Row:
    """The row with the most hours."""
    return max(rows, key=lambda row: row.hours[1])


Growth = Mapping[str, Sequence[float]]
"""Seconds of a pass by step's name, at each share of the clips from small to large."""


def exponent(seconds: Sequence[float], shares: Sequence[float]) -> float:
    """The power of the number of clips with which the time grows, between the ends."""
    return log2(seconds[-1] / seconds[0]) / log2(shares[-1] / shares[0])


def as_markdown(
    machine: Mapping[str, str], rows: Sequence[Row], growth: Growth, shares: Sequence[float]
) -> str:
    """The whole page."""
    facts = [f"- {name}: {value}" for name, value in machine.items()]
    table = _table(HEADER, [_cells(row) for row in rows])
    parts = ["# The whole paper, projected", "", EXPLANATION, *facts, "", *table, ""]
    parts += [*_sums(rows, machine), ""]
    if growth:
        parts += ["## How time grows with the clips", "", *_growth(rows, growth, shares), ""]
    return "\n".join(parts)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]


def _cells(row: Row) -> tuple[str, ...]:
    count, unit = row.count, row.step.unit
    units = f"{count.at_most:,.0f} {unit}"
    if count.at_least != count.at_most:
        units = f"{count.at_least:,.0f} to {units}"
    if isinstance(row.throughput, str):
        return (row.step.work, row.device, row.throughput, units, "", "", "")
    speed = f"{row.throughput.per_second:,.3g} {unit}"
    operations = f"{row.operations / 1e15:,.3g}" if row.operations else ""
    hours = (f"{each:.3f}" for each in row.hours)
    return (row.step.work, row.device, speed, units, *hours, operations)


def _sums(rows: Sequence[Row], machine: Mapping[str, str]) -> list[str]:
    lines = []
    for name, (least, most) in projected(rows).items():
        goal = GOALS[name]
        words = f"- {name}: {least:.2f} to {most:.2f} hours"
        if goal is not None and machine["GPU"] == "none":
            words += f" (the goal of {goal:g} is for a data-centre GPU, and this is a CPU)"
        elif goal is not None:
            words += f" (goal {goal:g}, {'reached' if most <= goal else 'missed'} at most)"
        lines.append(words)
    top = dominating(rows)
    share = top.hours[1] / max(projected(rows)["the whole paper"][1], 1e-12)
    lines.append(f"- the step that dominates: {top.step.work}, {100 * share:.0f} % of the most")
    if machine["GPU"] == "none":
        lines.append(_on_a_gpu(rows))
    absent = [row.step.work for row in rows if isinstance(row.throughput, str)]
    if absent:
        lines.append(f"- not measured and not in the sums: {', '.join(absent)}")
    return lines


def _on_a_gpu(rows: Sequence[Row]) -> str:
    """What arithmetic says of a GPU that nobody measured: operations over an assumed rate."""
    there = sum(row.operations for row in rows if row.step.on_gpu) / SUSTAINED / 3600
    beside = sum(row.hours[1] for row in rows if not row.step.on_gpu)
    return (
        f"- no GPU here, so arithmetic stands in: at an assumed {SUSTAINED / 1e12:g} TFLOP/s the "
        f"steps that use a GPU take {there:.2f} hours at most, if nothing else holds them up, and "
        f"the other steps {beside:.2f} hours on this CPU; an estimate and no measurement"
    )


def _growth(rows: Sequence[Row], growth: Growth, shares: Sequence[float]) -> list[str]:
    cells = []
    for row in rows:
        if row.step.name in growth:
            seconds = growth[row.step.name]
            power = exponent(seconds, shares)
            verdict = "linear or less" if power <= LINEAR else "faster than linear"
            if row.step.name in BY_ITS_NATURE and power > LINEAR:
                verdict += f": {BY_ITS_NATURE[row.step.name]}"
            times = [f"{value:.3g} s" for value in seconds]
            cells.append((row.step.work, *times, f"{power:.2f}", verdict))
    header = ["A pass over the data", *(f"{share:g} of the clips" for share in shares)]
    return _table([*header, "Exponent", ""], cells)


def as_data(
    machine: Mapping[str, str], rows: Sequence[Row], growth: Growth, shares: Sequence[float]
) -> dict[str, Any]:
    """Everything that was measured, for programs."""
    return {
        "machine": dict(machine),
        "steps": [_as_data(row) for row in rows],
        "hours": projected(rows),
        "dominating": dominating(rows).step.name,
        "shares": list(shares),
        "pass_seconds": {name: list(seconds) for name, seconds in growth.items()},
    }


def _as_data(row: Row) -> dict[str, Any]:
    told = {
        "name": row.step.name,
        "work": row.step.work,
        "unit": row.step.unit,
        "device": row.device,
        "count": [row.count.at_least, row.count.at_most],
    }
    if isinstance(row.throughput, str):
        return {**told, "not_measured": row.throughput}
    measured = {"units": row.throughput.units, "seconds": row.throughput.seconds}
    return {**told, **measured, "hours": list(row.hours), "operations": row.operations}
