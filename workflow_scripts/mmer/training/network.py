"""Training a network of one's own: what stands behind ``NetworkFamily``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mmer.items import Items, read_items
from mmer.models.base import ModelJob
from mmer.models.network import NetworkFamily, NetworkSettings
from mmer.predictions import Predictions, TracePredictions, posteriors_of
from mmer.protocol import TRAIN
from mmer.ragged import Ragged, read_ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes, Traces
from mmer.training.device import prepare_device
from mmer.training.fit import FitPlan
from mmer.training.job import train_and_write
from mmer.training.kept_audio import kept_samples, rows_of_split, spans_of
from mmer.training.labelled import shuffled_batches


@dataclass(frozen=True)
class Examples:
    """The items of a split as a network sees them.

    Attributes
    ----------
    items, part
        Rows of the item table, sorted by name, and the part of each.
    features
        Of each item, ``(frames, width)`` float32 on the device.
    targets
        Of each item: its class ``()`` int64, or its traces ``(frames, dimensions)`` float32.
    """

    items: Items
    part: np.ndarray
    features: list[Tensor]
    targets: list[Tensor]

    def rows(self, part: str) -> Tensor:
        """Rows of one part, ``(rows,)`` int64 on the CPU."""
        return torch.from_numpy(np.flatnonzero(self.part == part))


def train(family: NetworkFamily, job: ModelJob) -> None:
    """Train the family's network on one split and write model, history and predictions."""
    settings = job.settings(family.Entry.model_fields["settings"].annotation)
    device = prepare_device(job.seed)
    examples = load_examples(family, job, settings, device)
    training = NetworkTraining(family, job, examples, settings)
    plan = FitPlan.of(settings, job.task.watch, job.seed)
    train_and_write(job, training, plan, settings, "random")


def load_examples(
    family: NetworkFamily, job: ModelJob, settings: NetworkSettings, device: torch.device
) -> Examples:
    """Features and targets of every item of the split that has a class or a trace.

    Raises
    ------
    UserError
        If an item comes twice, is broken, or lies more than a second beside its trace; or if
        traces, which follow whole items, are asked for of speech alone.
    """
    if isinstance(job.task, Traces) and job.variant == "vad":
        raise UserError(
            f"models.{job.model}: traces follow whole items, not their speech alone: set its "
            "variants to [full]"
        )
    audio, items = read_ragged(job.inputs["audio"]), read_items(job.one("items"))
    rows, chosen, part = rows_of_split(audio.items, items, job.split, job.task)
    spans = spans_of(job)
    features = [
        family.features(kept_samples(audio, row, spans, family.shortest_seconds), settings)
        for row in rows
    ]
    if isinstance(job.task, Classes):
        classes = torch.from_numpy(job.task.labels(chosen)).to(device)
        return Examples(chosen, part, [each.to(device) for each in features], list(classes))
    true = read_ragged(job.inputs["traces"])
    traces = {name: torch.from_numpy(true.of(row)) for row, name in enumerate(true.items)}
    followed = np.array([name in traces for name in chosen.names])
    seen = {
        name: _of_length(each, len(traces[name]), job.task, name).to(device)
        for name, each in zip(chosen.names, features, strict=True)
        if name in traces
    }
    targets = [traces[name].to(device) for name in seen]
    return Examples(chosen.where(followed), part[followed], list(seen.values()), targets)


def _of_length(features: Tensor, steps: int, task: Traces, name: str) -> Tensor:
    """Features cut, or their last frame repeated, to the steps of a trace."""
    if abs(len(features) - steps) > task.rate:
        raise UserError(
            f"item {name} has {len(features)} frames of features and {steps} steps of traces, more "
            f"than a second apart: give {task.rate:g} frames a second, or mend the traces"
        )
    last = features[-1:].expand(max(steps - len(features), 0), -1)
    return torch.cat([features[:steps], last])


class NetworkTraining:
    """A family's network that learns the task of one split; the fit loop trains it."""

    def __init__(
        self, family: NetworkFamily, job: ModelJob, examples: Examples, settings: NetworkSettings
    ) -> None:
        self.family = family.name
        self.task = job.task
        self.examples = examples
        self.batch_size = settings.batch_size
        self.choosing = examples.rows(job.split.choosing_part)
        features = examples.features[0]
        self.network = family.network(features.shape[1], job.task, settings).to(features.device)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Rows of training items in random order."""
        return shuffled_batches(self.examples.rows(TRAIN), self.batch_size, generator)

    def loss(self, batch: Tensor) -> Tensor:
        """The task's loss of a batch of rows."""
        outputs, lengths = self._outputs(batch)
        return self.task.loss(outputs, self._targets(batch), lengths)

    def scores(self) -> dict[str, float]:
        """The task's scores, and its loss, on the items by which weights are chosen."""
        outputs = _padded(self._said_of(self.choosing))
        targets, lengths = self._targets(self.choosing), self._lengths(self.choosing)
        loss = self.task.loss(outputs, targets, lengths).item()
        return {**self.task.scores(outputs, targets, lengths), "loss": loss}

    @torch.inference_mode()
    def predictions(self) -> Predictions:
        """What the network as it is says of every item, training ones too."""
        self.network.eval()
        said = self._said_of(torch.arange(len(self.examples.items)))
        values = [each.double().cpu().numpy() for each in said]
        items, part = self.examples.items, self.examples.part
        if isinstance(self.task, Classes):
            return posteriors_of(self.task, items, part, np.stack(values))
        traces = Ragged.join(items.names, values, self.task.rate)
        return TracePredictions(self.task, items, part, traces)

    def _said_of(self, rows: Tensor) -> list[Tensor]:
        """Outputs of each item without padding, ``(classes,)`` or ``(steps, dimensions)``."""
        found: list[Tensor] = []
        for batch in rows.split(self.batch_size):
            outputs, lengths = self._outputs(batch)
            if isinstance(self.task, Classes):
                found += outputs
            else:
                found += [each[:length] for each, length in zip(outputs, lengths, strict=True)]
        return found

    def _outputs(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """What the network says of a batch, and the lengths of its items."""
        features = _padded([self.examples.features[row] for row in rows])
        lengths = self._lengths(rows)
        outputs = self.network(features, lengths)
        frames = () if isinstance(self.task, Classes) else (features.shape[1],)
        expected = (len(rows), *frames, self.task.outputs)
        if tuple(outputs.shape) != expected:
            raise UserError(
                f"the network of the family {self.family} gives {tuple(outputs.shape)} of features "
                f"{tuple(features.shape)}, but the task needs {expected}: mend its forward"
            )
        return outputs, lengths

    def _lengths(self, rows: Tensor) -> Tensor:
        """Frames of some items, ``(rows,)`` int64 on the device."""
        features = [self.examples.features[row] for row in rows]
        return torch.tensor([len(each) for each in features], device=features[0].device)

    def _targets(self, rows: Tensor) -> Tensor:
        """Classes ``(rows,)``, or padded traces ``(rows, steps, dimensions)``."""
        targets = [self.examples.targets[row] for row in rows]
        return torch.stack(targets) if isinstance(self.task, Classes) else _padded(targets)


def _padded(parts: Sequence[Tensor]) -> Tensor:
    """Tensors of equal width one below the other, with zeros after the shorter ones."""
    return pad_sequence(list(parts), batch_first=True)
