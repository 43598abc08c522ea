"""Training the spatial transformer on frames or pictures, importing a published one, and scoring.

Source: paper sections 3.3.2, 4.2 and 5.2; every frame inherits the class of its item.  Luna-Jiménez
et al. 2021, Guided Spatial Transformers for Facial Expression Recognition (paper reference 60),
whose code augments nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from mmer.items import read_items
from mmer.models.base import ModelJob
from mmer.models.networks.spatial_transformer import (
    BLOCK,
    GuidedSpatialTransformer,
    move_to,
    run_over,
)
from mmer.models.networks.spatial_transformer_checkpoint import (
    read_published,
    read_spatial_transformer,
    start_from,
)
from mmer.models.networks.voting import vote
from mmer.models.spatial_transformer import SpatialTransformerSettings
from mmer.protocol import TEST, TRAIN
from mmer.ragged import Ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.training.device import prepare_device
from mmer.training.fit import FitPlan, fit, fit_for_each
from mmer.training.frames import FramesOnDevice, load_frames
from mmer.training.job import (
    file_sha256,
    forget_checkpoint,
    forget_if_stale,
    write_history,
    write_network,
    write_training,
)
from mmer.training.labelled import shuffled_batches

log = logging.getLogger(__name__)

FEWEST_PICTURES = 5
"""Of each class of another corpus: one for each fold of the authors' published code."""


def train(job: ModelJob) -> None:
    """Train on the job's split and write; the checkpoint goes when everything else is there.

    On all of another corpus the trainings that held some of it out say for how long, and how good
    such a network is.
    """
    settings = job.settings(SpatialTransformerSettings)
    device = prepare_device(job.seed)
    scores, epochs = None, None
    if "score" in job.inputs:
        scores = pd.concat([pd.read_csv(path) for path in job.inputs["score"]], ignore_index=True)
        log.info("pictures held out: %.2f %% right", scores["accuracy"].mean())
        if settings.stop_on_all == "held_out_epochs":
            epochs = int(scores["epoch"].median())
    network = GuidedSpatialTransformer(job.classes.outputs, settings.dropout)
    initial_weights = "random"
    if "model" in job.inputs:
        start = job.one("model")
        start_from(network, start)
        initial_weights = f"{start.parent.name}, {file_sha256(start)}"
    elsewhere = job.options.get("corpus")
    if elsewhere is not None:
        _require_every_class(job)
    frames = load_frames(job, job.split, device)
    log.info("%d frames of %d items", len(frames.images), len(frames.items))
    training = SpatialTransformerTraining(move_to(network, device), frames, settings)
    forget_if_stale(job, job.checkpoint)
    plan = fit_plan(settings, frames, job.seed or 0, epochs)
    for chooser, kept in fit_for_each(training, plan, job.checkpoint).items():
        split = job.chosen_by[chooser]
        network.load_state_dict(kept.weights)
        part = split.parts_of(frames.items)
        write_training(
            job,
            split,
            network,
            kept.history,
            settings,
            initial_weights,
            corpus=elsewhere,
            target=job.options.get("target"),
            classes=job.classes.names,
            items={str(each): int((part == each).sum()) for each in np.unique(part)},
            kept=next(row for row in kept.history if row["kept"]),
            held_out=None if scores is None else scores.to_dict("records"),
        )
        if "frame_logits" in job.outputs:
            logits = logits_of_frames(network, frames)
            write_ragged(job.output("frame_logits", split.name), logits)
    if scores is not None:
        write_history(job.output("scores"), scores.to_dict("records"))
    forget_checkpoint(job)


def validate(job: ModelJob) -> None:
    """Train on a part of another corpus; write after how many epochs the kept network was best.

    And how many of the tested pictures it names, in percent.
    """
    settings = job.settings(SpatialTransformerSettings)
    device = prepare_device(job.seed)
    network = GuidedSpatialTransformer(job.classes.outputs, settings.dropout)
    _require_every_class(job)
    frames = load_frames(job, job.split, device)
    training = SpatialTransformerTraining(move_to(network, device), frames, settings)
    history = fit(training, fit_plan(settings, frames, job.seed or 0), job.checkpoint)
    logits = torch.cat([output.logits for output in run_over(network, frames)])
    tested = torch.from_numpy(frames.part == TEST).to(device)[frames.item_of_frame]
    right = (logits.argmax(dim=1) == frames.labels[frames.item_of_frame])[tested]
    score = {
        "split": job.split.name,
        "epoch": next(row["epoch"] for row in history if row["kept"]),
        "pictures": len(right),
        "accuracy": 100 * right.double().mean().item(),
    }
    write_history(job.output("score"), [score])
    write_history(job.output("history"), history)
    forget_checkpoint(job)


def _require_every_class(job: ModelJob) -> None:
    """A UserError where another corpus has too few pictures of a class, and so no folds."""
    items, names = read_items(job.one("items")), job.classes.names
    labels = job.classes.labels(items.where(job.classes.labelled(items)))
    counts = np.bincount(labels, minlength=len(names))
    if counts.min() < FEWEST_PICTURES:
        raise UserError(
            f"the listed pictures of {job.options['corpus']} hold {counts.min()} of the class "
            f"{names[int(counts.argmin())]!r}, but training needs {FEWEST_PICTURES} of each: "
            "unpack and prepare the whole corpus"
        )


def score(job: ModelJob) -> None:
    """Logits of every frame of every item by a trained network that is not fine-tuned."""
    device = prepare_device(job.seed)
    frames = load_frames(job, None, device)
    network = read_spatial_transformer(job.one("model"), device)
    write_ragged(job.output("frame_logits"), logits_of_frames(network, frames))


def import_published(job: ModelJob) -> None:
    """Check a published network, convert and write all layers, the last one too."""
    assert job.weights is not None, "registered weights to import"
    network = read_published(job.weights.path, job.weights.sha256)
    corpus, target = job.options["corpus"], job.options["target"]
    if network.fc2.out_features != job.classes.outputs:
        raise UserError(
            f"{job.weights.path} tells {network.fc2.out_features} classes apart, but {corpus}'s "
            f"{target} has {job.classes.outputs}: name weights of that target under published"
        )
    provenance = {
        "published_checkpoint": job.weights.path.name,
        "sha256": file_sha256(job.weights.path),
        "corpus": corpus,
        "target": target,
    }
    write_network(job.output("model"), network.state_dict(), provenance)


def fit_plan(
    settings: SpatialTransformerSettings,
    frames: FramesOnDevice,
    seed: int,
    epochs: int | None = None,
) -> FitPlan:
    """What the settings ask of the fit loop; the training accuracy stops where nobody chooses.

    ``epochs`` are how many it takes whatever the scores; None lets them decide.
    """
    if epochs is not None:
        return FitPlan(None, "last", "train_accuracy", seed, max_epochs=epochs)
    watch = "train_accuracy" if TRAIN in frames.choosing_parts else settings.watch
    return FitPlan.of(settings, watch, seed)


def smallest_over_count(labels: Tensor, classes: int) -> Tensor:
    """Class weights ``(classes,)``: items of the smallest class over items of each.

    A class without items gets the weight 0.
    """
    counts = torch.bincount(labels, minlength=classes).float()
    present = counts > 0
    return torch.where(present, counts[present].min() / counts.clamp(min=1), 0.0)


class SpatialTransformerTraining:
    """A spatial transformer that learns the classes of one split from single frames."""

    def __init__(
        self,
        network: GuidedSpatialTransformer,
        frames: FramesOnDevice,
        settings: SpatialTransformerSettings,
    ) -> None:
        self.network = network
        self.frames = frames
        self.settings = settings
        self.optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
        self._train_rows = frames.frame_rows(TRAIN, settings.frame_stride)
        self._labels = frames.labels[frames.item_of_frame]
        self._weights = None
        if settings.class_weights == "smallest_over_count":
            labels = self._labels[self._train_rows.to(frames.device)]
            self._weights = smallest_over_count(labels, frames.task.outputs)
        self._right: list[Tensor] = []

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Training frames in random order."""
        return shuffled_batches(self._train_rows, self.settings.batch_size, generator)

    def loss(self, batch: Tensor) -> Tensor:
        """Weighted cross-entropy of a batch of frames."""
        images, saliency = self.frames.pair(batch)
        labels = self._labels[batch.to(self.frames.device, non_blocking=True)]
        logits = self.network(images, saliency).logits
        self._right.append((logits.detach().argmax(dim=1) == labels).sum())
        return functional.cross_entropy(logits, labels, weight=self._weights)

    def scores(self) -> dict[str, dict[str, float]]:
        """Accuracy while training, over the frames since the last call, and those of who chooses.

        Of each part of these: accuracy and loss over frames, and accuracy over items by max
        voting.  Checkpoints are written right after a call, so a resumed training counts the same
        frames.
        """
        right = torch.stack(self._right).sum().item() if self._right else 0
        self._right.clear()
        scores = {"train_accuracy": right / len(self._train_rows)}
        parts = self.frames.choosing_parts
        return {part: scores | ({} if part == TRAIN else self._scores_of(part)) for part in parts}

    def _scores_of(self, part: str) -> dict[str, float]:
        items, rows = self.frames.rows(part).numpy(), self.frames.frame_rows(part)
        lengths = np.diff(self.frames.offsets)[items].tolist()
        blocks = rows.split(BLOCK if self.frames.are_pictures else lengths)
        by_item = [self.network(*self.frames.pair(block)).logits for block in blocks]
        logits = torch.cat(by_item)
        if self.frames.are_pictures:
            voted = logits.argmax(dim=1).cpu().numpy()
        else:
            voted = np.array([vote(of_item.cpu().numpy()).argmax() for of_item in by_item])
        labels = self._labels[rows.to(self.frames.device)]
        return {
            "frame_accuracy": (logits.argmax(dim=1) == labels).double().mean().item(),
            "item_accuracy": float((voted == self.frames.labels.cpu().numpy()[items]).mean()),
            "loss": functional.cross_entropy(logits, labels, weight=self._weights).item(),
        }


def logits_of_frames(network: GuidedSpatialTransformer, frames: FramesOnDevice) -> Ragged:
    """Logits of every frame of every item, ``(frames, classes)`` float32."""
    blocks = [output.logits.cpu().numpy() for output in run_over(network, frames)]
    return Ragged(frames.items.names, np.concatenate(blocks), frames.offsets, frames.rate)
