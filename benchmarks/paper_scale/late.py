"""Steps after the models: fusion, evaluation, and the start of every job."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.fusion import said_of
from benchmarks.paper_scale.measure import Scale, Step, Work
from benchmarks.paper_scale.training import SEED, repeated
from mmer.corpus.folds import one_fold_out
from mmer.evaluation import tables
from mmer.evaluation.predictions import System, from_posteriors
from mmer.evaluation.significance_table import significance_table
from mmer.evaluation.summary_table import summary_table
from mmer.fusion.grid import fuse

TRAINING_IMPORTS = "import torch, pandas, sklearn, mmer.face.sequence_grid, mmer.speech.fine_tuning"


def steps() -> Iterator[Step]:
    """In the order of the workflow."""
    yield Step("fusion", "fusion's grid", "splits", False, True, fuse_split)
    yield Step("evaluation", "statistics of all systems", "evaluations", False, True, evaluate)
    yield Step("job_start", "start of a job: Python and its libraries", "jobs", False, False, start)


def clip_names(scale: Scale) -> tuple[str, ...]:
    """All clips, sorted."""
    return tuple(sorted(scale.corpus.read("audio").clips))


def fuse_split(scale: Scale) -> Work:
    """The whole grid on one split, with one thread."""
    names, split = clip_names(scale), scale.split
    systems = {
        name: {split.name: said_of(names, split, seed)}
        for seed, name in enumerate(("speech", "face"))
    }
    settings = scale.plan.configuration.fusion.settings
    return repeated(lambda: fuse(systems, settings), 1)


def evaluate(scale: Scale) -> Work:
    """Every table of the evaluation over as many systems as the run has."""
    plan, names = scale.plan, clip_names(scale)
    splits = one_fold_out(plan.configuration.protocol.folds, scale.corpus.actors)
    run = [system for system in plan.systems if "posteriors" in system]
    fused = [system for system in plan.fusions if "predictions" in system]
    modalities = [s["modality"] for s in run] + ["fusion" for _ in fused]
    systems = [
        System(
            name=f"system{number}",
            title=f"system {number}",
            modality=modality,
            variant="full",
            folds={
                name: from_posteriors(f"system{number}", name, said_of(names, split, number))
                for name, split in splits.items()
            },
        )
        for number, modality in enumerate(modalities)
    ]
    return repeated(lambda: all_tables(systems, scale), 1)


def all_tables(systems: list[System], scale: Scale) -> None:
    """The seven tables of the step that evaluates."""
    settings, seed = scale.plan.configuration.evaluation, SEED
    summary_table(systems, {}, settings, seed)
    significance_table(systems, settings, seed)
    tables.accuracies_table(systems)
    tables.confusion_table(systems)
    tables.groups_table(systems)
    tables.calibration_table(systems, settings)
    tables.predictions_table(systems)


def start(scale: Scale) -> Work:
    """A Python that imports what a training imports."""
    scripts = str(scale.plan.scripts)
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {scripts!r}); " + TRAINING_IMPORTS,
    ]
    return repeated(lambda: subprocess.run(command, check=True), 1)
