"""Measure what a run waits for against other ways, and project the paper's whole run."""

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
    cnn14,
    encoders,
    end_to_end,
    engine,
    faces,
    preparation,
    projection,
    saliency,
)
from benchmarks.measure import Line, NotMeasured, measure
from benchmarks.table import Outcome, as_markdown, machine
from mmer.runtime.writing import writing

log = logging.getLogger(__name__)

PARTS = (preparation, cnn14, encoders, end_to_end, faces, saliency, engine)
"""Modules that offer lines, in the order of the table."""

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("--out", type=Path, help="page to write; else it is only printed")
parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
parser.add_argument("--only", default="", help="lines whose text holds this")


def main(arguments: argparse.Namespace) -> None:
    """Measure, project, print, store."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    facts = machine(arguments.threads)
    chosen = [line for line in all_lines() if arguments.only in f"{line.work} {line.device}"]
    page = as_markdown(facts, [(line, outcome_of(line)) for line in chosen])
    if arguments.only in projection.TITLE:
        page = f"{page}\n{projection.page()}"
    sys.stdout.write(page)
    if arguments.out is not None:
        with writing(arguments.out) as unfinished:
            unfinished.write_text(page, "utf-8")


def all_lines() -> Iterator[Line]:
    """Every line of the table."""
    for part in PARTS:
        yield from part.lines()


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
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    main(parser.parse_args())
