"""Does CNN-14 recognise as well in bfloat16 as in float32?  On the demo corpus's voices.

Each precision is trained twice, from the same two seeds, on every split.  What another seed changes
is the measure for what the precision changes.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.demo_speech import speech_of
from benchmarks.machine import describe_machine
from mmer.corpus.folds import PAPER_FOLDS, Split, one_fold_out
from mmer.entry import run
from mmer.evaluation.actor_bootstrap import paired_differences
from mmer.evaluation.metrics import pooled_accuracy
from mmer.evaluation.predictions import FoldPredictions, System, from_posteriors
from mmer.evaluation.settings import SignificanceSettings
from mmer.evaluation.significance import compare
from mmer.speech.clips_on_device import ClipsOnDevice
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network, fit_plan
from mmer.speech.log_mels_on_device import load_log_mels
from mmer.store import Ragged, write_json, writing
from mmer.training.device import choose_device, make_deterministic
from mmer.training.fit import fit

log = logging.getLogger(__name__)

ACTORS = (1, 2, 3, 4, 5, 6, 8, 10, 11, 17)
"""Of the demo, two of each of the paper's folds."""
CLIPS = 60
"""Of each actor, as many as RAVDESS has; the demo's 16 teach a network of this size nothing."""
SECONDS = 3.0
PRECISIONS, SEEDS = ("float32", "bfloat16"), (2020, 2021)
RESAMPLES = 10_000


def command_line() -> argparse.ArgumentParser:
    """The options of the comparison."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to store")
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--width", type=float, default=0.125)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Train, compare, print, store."""
    device = choose_device(arguments.device)
    speech = voices()
    splits = one_fold_out(PAPER_FOLDS, ACTORS)
    settings = Cnn14Settings(
        weights="random",
        width=arguments.width,
        clip_seconds=SECONDS,
        max_iterations=arguments.iterations,
        evaluate_every=arguments.iterations,
        loss="nll",
        mixup_alpha=0,
        spec_augment=False,
        keep="last",
    )
    folds: dict[str, dict[str, FoldPredictions]] = {}
    for split in splits.values():
        make_deterministic(0, arguments.threads)
        clips = load_log_mels(speech, None, split, SECONDS, device)
        for precision, seed in itertools.product(PRECISIONS, SEEDS):
            name = f"{precision}, seed {seed}"
            log.info("%s, %s", split.name, name)
            chosen = settings.model_copy(update={"precision": precision})
            trained = predictions(clips, split, chosen, seed)
            folds.setdefault(name, {})[split.name] = trained
    systems = [System(name, name, "speech", "full", of) for name, of in folds.items()]
    found = {
        "machine": describe_machine(arguments.threads),
        "settings": settings.model_dump(mode="json", exclude={"precision"}),
        "accuracies": {system.name: pooled_accuracy(system) for system in systems},
        "pairs": pairs(systems),
    }
    page = as_markdown(found)
    sys.stdout.write(page)
    write_json(arguments.out / "precision.json", found)
    with writing(arguments.out / "precision.md") as unfinished:
        unfinished.write_text(page, "utf-8")


def voices() -> Ragged:
    """All clips of all actors."""
    spoken = {}
    for actor in ACTORS:
        speech = speech_of(actor, CLIPS)
        spoken |= {name: speech.of(row) for row, name in enumerate(speech.clips)}
    names = sorted(spoken)
    return Ragged.join(names, [spoken[name] for name in names], speech.rate)


def predictions(
    clips: ClipsOnDevice, split: Split, settings: Cnn14Settings, seed: int
) -> FoldPredictions:
    """What a network trained on one split says of the held-out clips."""
    torch.manual_seed(seed)
    network = build_network(settings).to(clips.labels.device)
    task = Cnn14FineTuning(network, clips, settings)
    fit(task, fit_plan(settings, seed), checkpoint=None)
    return from_posteriors("cnn14", split.name, task.posteriors())


def pairs(systems: Sequence[System]) -> list[dict[str, Any]]:
    """Every two of them: difference with its interval over actors, and McNemar's test."""
    differences = paired_differences(systems, RESAMPLES, seed=0)
    return [
        {
            "systems": list(test.systems),
            "difference": differences[test.systems].value,
            "low": differences[test.systems].low,
            "high": differences[test.systems].high,
            "mcnemar_p": test.p_value,
        }
        for test in compare(systems, SignificanceSettings())
        if test.test == "mcnemar"
    ]


def as_markdown(found: dict[str, Any]) -> str:
    """The page with the two tables."""
    settings = found["settings"]
    lines = [
        "# CNN-14 in float32 and in bfloat16",
        "",
        f"Made by `make bench-precision`: CNN-14 at width {settings['width']:g} from random "
        f"weights, {settings['max_iterations']} iterations of {settings['batch_size']} clips, on "
        f"the demo corpus's voices ({len(ACTORS)} actors, {CLIPS} clips each, the paper's five "
        "folds, chance 12.5 %). Differences in percentage points, with 95 % intervals over actors. "
        "The two seeds of one precision show what chance alone does.",
        "",
        *(f"- {name}: {value}" for name, value in found["machine"].items()),
        "",
        "| Trained in | Accuracy %, held-out actors |",
        "| --- | --- |",
        *(f"| {name} | {value:.1f} |" for name, value in found["accuracies"].items()),
        "",
        "| First | Second | First − second | 95 % interval | McNemar's p |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {pair['systems'][0]} | {pair['systems'][1]} | {pair['difference']:+.1f} | "
            f"{pair['low']:+.1f} to {pair['high']:+.1f} | {pair['mcnemar_p']:.2g} |"
            for pair in found["pairs"]
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run(command_line(), main)
