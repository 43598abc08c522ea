"""What every training step shares: its device, its speech spans, its results and their origin."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import torch
from torch import Tensor, nn

from mmer.media.speech_spans import SpeechSpan, read_spans
from mmer.models.base import PREDICTIONS, ModelJob
from mmer.predictions import Predictions, write_predictions
from mmer.runtime.job import Compute
from mmer.runtime.writing import writing
from mmer.settings import Settings
from mmer.training.checkpoint import write_model
from mmer.training.device import choose_device, make_deterministic
from mmer.training.fit import FitPlan, Training, fit

log = logging.getLogger(__name__)


class PredictingTraining(Training, Protocol):
    """A training that can say what its network thinks of every item."""

    def predictions(self) -> Predictions:
        """Predictions of every item, training ones too, from the network as it is."""


def prepare_device(job: ModelJob, compute: Compute) -> torch.device:
    """The device to compute on, after seeding torch with the job's seed.

    Raises
    ------
    UserError
        If a GPU is asked for and torch sees none.
    """
    device = choose_device(compute.device)
    make_deterministic(job.seed or 0, compute.threads)
    return device


def spans_of(job: ModelJob) -> dict[str, SpeechSpan] | None:
    """The speech spans of all items for the variant ``vad``, None for whole items."""
    return read_spans(job.inputs["speech"]) if job.variant == "vad" else None


def train_and_write(
    job: ModelJob,
    training: PredictingTraining,
    plan: FitPlan,
    settings: Settings,
    initial_weights: str,
) -> None:
    """Train, then write the outputs ``model``, ``history`` and ``predictions``.

    Parameters are those of :func:`~mmer.training.fit.fit` and :func:`write_training`.
    """
    millions = sum(parameter.numel() for parameter in training.network.parameters()) / 1e6
    log.info("%s: %.2f million parameters", job.model, millions)
    history = fit(training, plan, job.checkpoint)
    write_training(job, training.network, history, settings, initial_weights)
    write_predictions(job.output(PREDICTIONS), training.predictions())
    forget_checkpoint(job)


def write_training(
    job: ModelJob,
    network: nn.Module | Mapping[str, Tensor],
    history: list[dict[str, float]],
    settings: Settings,
    initial_weights: str,
    **more_provenance: Any,
) -> None:
    """Write the outputs ``model``, with where it comes from, and ``history`` of a training.

    Parameters
    ----------
    job
        What the step was told.
    network
        A network, or weights by name.
    history
        A row per evaluation.
    settings
        Of the training.
    initial_weights
        ``random``, or where the training started from.
    more_provenance
        What else is to be said of the weights.
    """
    provenance = {
        "initial_weights": initial_weights,
        "initial_weights_sha256": _digest_of_weights(job),
        "variant": job.variant,
        "split": job.split.model_dump(mode="json") if job.splits else None,
        "seed": job.seed,
        "settings": settings.model_dump(mode="json"),
        **more_provenance,
    }
    state = network.state_dict() if isinstance(network, nn.Module) else network
    write_network(job.output("model"), state, provenance)
    write_history(job.output("history"), history)


def _digest_of_weights(job: ModelJob) -> str | None:
    """The published checksum of the initial weights, or their file's own where none is given."""
    if job.weights is None:
        return None
    return job.weights.sha256 or file_sha256(job.weights.path)


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


def forget_checkpoint(job: ModelJob) -> None:
    """Remove the checkpoint once every result of the training is written."""
    if job.checkpoint is not None:
        job.checkpoint.unlink(missing_ok=True)
