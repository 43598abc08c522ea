"""What every training step shares: its results and their origin."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import torch
from torch import Tensor, nn

from mmer.models.base import PREDICTIONS, ModelJob
from mmer.predictions import Predictions, write_predictions
from mmer.protocol import Split
from mmer.runtime.writing import writing
from mmer.settings import Settings
from mmer.training.checkpoint import write_model
from mmer.training.fit import FitPlan, Training, fit_for_each

log = logging.getLogger(__name__)


class PredictingTraining(Training, Protocol):
    """A training that can say what its network thinks of every item."""

    def predictions(self) -> Predictions:
        """Predictions of every item, training ones too, from the network as it is."""


def train_and_write(
    job: ModelJob,
    training: PredictingTraining,
    plan: FitPlan,
    settings: Settings,
    initial_weights: str,
) -> None:
    """Train, then write ``model``, ``history`` and ``predictions`` of every split of the job."""
    millions = sum(parameter.numel() for parameter in training.network.parameters()) / 1e6
    log.info("%s: %.2f million parameters", job.model, millions)
    forget_if_stale(job, job.checkpoint)
    for part, kept in fit_for_each(training, plan, job.checkpoint).items():
        split = job.chosen_by[part]
        training.network.load_state_dict(kept.weights)
        write_training(job, split, training.network, kept.history, settings, initial_weights)
        said = training.predictions()
        of_split = replace(said, part=split.parts_of(said.items))
        write_predictions(job.output(PREDICTIONS, split.name), of_split)
    forget_checkpoint(job)


def write_training(
    job: ModelJob,
    split: Split,
    network: nn.Module,
    history: list[dict[str, float]],
    settings: Settings,
    initial_weights: str,
    **more_provenance: Any,
) -> None:
    """Write the outputs ``model``, with where it comes from, and ``history`` of a training.

    ``initial_weights`` is ``random``, or where the training started from; ``more_provenance`` is
    what else is to be said of the weights.
    """
    given = job.weights
    digest = None if given is None else given.sha256 or file_sha256(given.path)
    provenance = {
        "initial_weights": initial_weights,
        "initial_weights_sha256": digest,
        "variant": job.variant,
        "split": split.model_dump(mode="json"),
        "seed": job.seed,
        "settings": settings.model_dump(mode="json"),
        **more_provenance,
    }
    write_network(job.output("model", split.name), network.state_dict(), provenance)
    write_history(job.output("history", split.name), history)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write the learning curve as CSV."""
    with writing(path) as unfinished:
        pd.DataFrame(history).to_csv(unfinished, index=False)


def write_network(path: Path, state: Mapping[str, Tensor], provenance: dict[str, Any]) -> None:
    """Write weights with where they come from, and torch's version, in the file's header."""
    # One key: safetensors writes several in random order, and equal models have equal bytes.
    described = {"provenance": json.dumps({**provenance, "torch": torch.__version__})}
    write_model(path, state, described)


def forget_if_stale(job: ModelJob, kept: Path | None) -> None:
    """Remove a checkpoint, or a folder of them, older than a file that the job reads.

    A killed training whose data have changed since begins anew, as it saw other data.
    """
    if kept is None or not kept.exists():
        return
    saved_at = kept.stat().st_mtime
    for path in itertools.chain.from_iterable(job.inputs.values()):
        if path.stat().st_mtime > saved_at:
            log.info("training begins anew: %s is newer than its checkpoint", path)
            shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
            return


def forget_checkpoint(job: ModelJob) -> None:
    """Remove the checkpoint once every result of the training is written."""
    if job.checkpoint is not None:
        job.checkpoint.unlink(missing_ok=True)
