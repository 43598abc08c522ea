"""The steps of the spatial transformer: train it, import a published one, score frames with it."""

from __future__ import annotations

import logging

import numpy as np

from mmer.models.base import ModelJob
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.models.networks.spatial_transformer_checkpoint import (
    read_published,
    read_spatial_transformer,
    start_from,
)
from mmer.models.networks.spatial_transformer_training import (
    SpatialTransformerTraining,
    fit_plan,
    logits_of_frames,
)
from mmer.models.spatial_transformer import SpatialTransformerSettings
from mmer.ragged import write_ragged
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.training.fit import fit
from mmer.training.frames import FramesOnDevice, load_frames
from mmer.training.job import (
    file_sha256,
    forget_checkpoint,
    prepare_device,
    write_network,
    write_training,
)

log = logging.getLogger(__name__)

FEWEST_PICTURES = 5
"""Of each class of another corpus: one for each fold of the authors' published code."""


def train(job: ModelJob) -> None:
    """Train on the job's split and write; the checkpoint goes when everything else is there."""
    settings = job.settings(SpatialTransformerSettings)
    device = prepare_device(job, Compute.from_environment())
    network = GuidedSpatialTransformer(job.classes.outputs, settings.dropout)
    initial_weights = "random"
    if "model" in job.inputs:
        start = job.one("model")
        start_from(network, start)
        initial_weights = f"{start.parent.name}, {file_sha256(start)}"
    frames = load_frames(job, job.split, device)
    elsewhere = job.options.get("corpus")
    if elsewhere is not None:
        _require_every_class(frames, elsewhere)
    log.info("%d frames of %d items", len(frames.images), len(frames.items))
    training = SpatialTransformerTraining(move_to(network, device), frames, settings)
    history = fit(training, fit_plan(settings, frames, job.seed or 0), job.checkpoint)
    write_training(
        job,
        network,
        history,
        settings,
        initial_weights,
        corpus=elsewhere,
        target=job.options.get("target"),
        classes=job.classes.names,
        items={str(part): int((frames.part == part).sum()) for part in np.unique(frames.part)},
        kept=next(row for row in history if row["kept"]),
    )
    if "frame_logits" in job.outputs:
        write_ragged(job.output("frame_logits"), logits_of_frames(network, frames))
    forget_checkpoint(job)


def _require_every_class(frames: FramesOnDevice, corpus: str) -> None:
    """A UserError where another corpus has too few pictures of a class."""
    names = frames.task.names
    counts = np.bincount(frames.labels.cpu().numpy(), minlength=len(names))
    if counts.min() < FEWEST_PICTURES:
        raise UserError(
            f"the prepared pictures of {corpus} hold {counts.min()} of the class "
            f"{names[int(counts.argmin())]!r}, but training needs {FEWEST_PICTURES} of each: "
            "unpack and prepare the whole corpus"
        )


def score(job: ModelJob) -> None:
    """Logits of every frame of every item by a trained network that is not fine-tuned."""
    device = prepare_device(job, Compute.from_environment())
    frames = load_frames(job, None, device)
    network = read_spatial_transformer(job.one("model"), device)
    write_ragged(job.output("frame_logits"), logits_of_frames(network, frames))


def import_published(job: ModelJob) -> None:
    """Check a published network, convert and write all layers, the last one too."""
    assert job.weights is not None, "registered weights to import"
    network = read_published(job.weights.path, job.weights.sha256)
    provenance = {
        "published_checkpoint": job.weights.path.name,
        "sha256": file_sha256(job.weights.path),
        "corpus": job.options["corpus"],
        "target": job.options["target"],
    }
    write_network(job.output("model"), network.state_dict(), provenance)
