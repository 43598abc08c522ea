"""Measure, print and store the benchmark's table."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks import (
    choices,
    faces,
    fusion,
    intervals,
    preparation,
    saliency,
    sequence_grid,
    speech,
    voice_activity,
    workflow,
)
from benchmarks.machine import describe_machine
from benchmarks.measure import Line, NotMeasured, measure
from benchmarks.table import ABSENT, Outcome, as_data, as_markdown, key_of, read_data
from mmer.entry import run
from mmer.store import write_json, writing

log = logging.getLogger(__name__)

FAMILIES = (
    preparation,
    voice_activity,
    speech,
    choices,
    saliency,
    faces,
    sequence_grid,
    fusion,
    intervals,
    workflow,
)
"""Modules that offer lines, in the order of the table."""


def command_line() -> argparse.ArgumentParser:
    """The options of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to store")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", help="lines whose text holds this; the others keep their figures")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Measure every line, then print and store the table."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    machine = describe_machine(arguments.threads)
    kept = {} if arguments.only is None else read_data(arguments.out / "results.json")
    measured = [
        (line, outcome_of(line) if chosen(line, arguments.only) else kept.get(key_of(line), ABSENT))
        for line in all_lines()
    ]
    page = as_markdown(machine, measured)
    sys.stdout.write(page)
    write_json(arguments.out / "results.json", as_data(machine, measured))
    with writing(arguments.out / "results.md") as unfinished:
        unfinished.write_text(page, "utf-8")


def chosen(line: Line, only: str | None) -> bool:
    """Whether a line is to be measured."""
    return (only or "") in f"{line.work} {line.device}"


def all_lines() -> Iterator[Line]:
    """Every line of the table."""
    for family in FAMILIES:
        yield from family.lines()


def outcome_of(line: Line) -> Outcome:
    """The figures of a line, or why it has none."""
    log.info("%s, %s", line.work, line.device)
    try:
        return measure(line.prepare(), line.repetitions)
    except NotMeasured as reason:
        return str(reason)
    finally:
        gc.collect()


if __name__ == "__main__":
    run(command_line(), main)
