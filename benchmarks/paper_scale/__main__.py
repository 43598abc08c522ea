"""Measure every step at the paper's scale, then print and store what the whole paper takes."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import tempfile
from pathlib import Path

import torch
import yaml

from benchmarks.machine import describe_machine
from benchmarks.measure import NotMeasured
from benchmarks.paper_scale import face, late, preparation, speech
from benchmarks.paper_scale.corpus import PaperCorpus, make_corpus
from benchmarks.paper_scale.counts import NOTHING, Count, Size, paper_counts
from benchmarks.paper_scale.measure import Scale, Step, Throughput, throughput_of
from benchmarks.paper_scale.table import Row, as_data, as_markdown
from benchmarks.paper_scale.training import SEED
from benchmarks.voice_activity import verified_weights
from benchmarks.workflow import REPOSITORY, PaperRun, jobs_in
from mmer.acquire.registry import read_registry
from mmer.configuration_check import check_configuration
from mmer.entry import run
from mmer.face.frames_on_device import frames_within
from mmer.plan import Plan
from mmer.store import write_json, writing
from mmer.training.device import choose_device, make_deterministic

log = logging.getLogger(__name__)

SHARES = (0.25, 0.5, 1.0)
"""Of the clips measured, for the growth."""
CONFIGURATION = REPOSITORY / "config.yaml"


def command_line() -> argparse.ArgumentParser:
    """The options of the projection."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper_scale", description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "benchmarks")
    parser.add_argument("--share", type=float, default=1.0, help="of the clips, 0.25 to 1")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each step")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-growth", action="store_true", help="the whole share only")
    parser.add_argument("--only", help="steps whose name holds this; nothing is stored")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Measure, project, print, store."""
    plan = shipped_plan()
    os.environ.update(plan.compute_environment(os.environ))
    make_deterministic(SEED, arguments.threads)
    device = choose_device(arguments.device)
    torch.zeros(1, device=device)  # before a step may hide the GPU
    machine = describe_machine(arguments.threads)
    if device.type == "cpu":
        machine["GPU"] = "none"
    chosen = [step for step in all_steps() if (arguments.only or "") in step.name]
    shares = [arguments.share] if arguments.no_growth else [s * arguments.share for s in SHARES]
    growing: list[dict[str, Throughput | str]] = []
    for share in shares:
        steps = chosen if share == shares[-1] else [step for step in chosen if step.grows]
        with tempfile.TemporaryDirectory() as folder:
            log.info("prepared files of %g of the clips", share)
            corpus = make_corpus(Path(folder), round(60 * share), SEED)
            scale = Scale(corpus, plan, device, verified_weights())
            growing.append({s.name: measured(s, scale, arguments.seconds) for s in steps})
            size = paper_size(corpus, plan)
    counts = paper_counts(plan, size) | {"job_start": jobs_of_the_run()}
    rows = [
        Row(
            step,
            "GPU" if step.on_gpu and device.type == "cuda" else "CPU",
            counts.get(step.name, NOTHING),
            growing[-1][step.name],
        )
        for step in chosen
    ]
    growth = growth_of(growing) if len(shares) > 1 else {}
    page = as_markdown(machine, rows, growth, shares)
    sys.stdout.write(page)
    if arguments.only is None:
        write_json(arguments.out / "paper_scale.json", as_data(machine, rows, growth, shares))
        with writing(arguments.out / "paper_scale.md") as unfinished:
            unfinished.write_text(page, "utf-8")


def all_steps() -> list[Step]:
    """Every step in the order of the workflow."""
    return [step for part in (preparation, speech, face, late) for step in part.steps()]


def measured(step: Step, scale: Scale, seconds: float) -> Throughput | str:
    """The throughput of a step, or why there is none."""
    log.info("%s, %d clips", step.work, scale.corpus.clips)
    torch.manual_seed(SEED)
    try:
        return throughput_of(step.prepare(scale), seconds, scale.device)
    except NotMeasured as reason:
        return str(reason)
    finally:
        gc.collect()
        if scale.device.type == "cuda":
            torch.cuda.empty_cache()


def growth_of(measurements: list[dict[str, Throughput | str]]) -> dict[str, list[float]]:
    """Seconds of a pass at each share, of the steps measured at every one."""
    growth = {}
    for name in measurements[0]:
        of_step = [each[name] for each in measurements]
        if all(isinstance(each, Throughput) for each in of_step):
            growth[name] = [each.pass_seconds for each in of_step]
    return growth


def shipped_plan() -> Plan:
    """The plan of the shipped configuration."""
    written = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    registry = read_registry(REPOSITORY / "resources" / "weights.yaml")
    configuration = check_configuration(written, [CONFIGURATION])
    return Plan(configuration, registry, REPOSITORY / "workflow_scripts")


def paper_size(corpus: PaperCorpus, plan: Plan) -> Size:
    """Clips of the configuration's corpus, and the frames that as many of ours would have."""
    expected = plan.configuration.corpus
    clips = len(expected.actors) * expected.clips_per_actor
    frames, spans = corpus.read("frames"), corpus.spans()
    lengths = frames.offsets[1:] - frames.offsets[:-1]
    kept = sum(
        len(frames_within(spans[name], int(length), frames.rate))
        for name, length in zip(frames.clips, lengths, strict=True)
    )
    factor = clips / corpus.clips
    return Size(clips, {"full": factor * len(frames.values), "vad": factor * kept})


def jobs_of_the_run() -> Count:
    """How many jobs the engine plans for the shipped configuration."""
    with tempfile.TemporaryDirectory() as folder:
        plan = PaperRun.copied_to(Path(folder)).snakemake("-n")
    return Count(jobs_in(plan), jobs_in(plan))


if __name__ == "__main__":
    run(command_line(), main)
