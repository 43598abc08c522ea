"""Training a network of one's own: what stands behind ``NetworkFamily``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot
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
from mmer.training.standardised import Standardised


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


def train(family: NetworkFamily, job: ModelJob, kind: type[NetworkTraining] | None = None) -> None:
    """Train the family's network on one split and write model, history and predictions.

    ``kind`` is what trains it, where that is not :class:`NetworkTraining` itself.  A UserError if
    traces are to be mixed or smoothed, which only classes can be.
    """
    settings = job.settings(family.Entry.model_fields["settings"].annotation)
    if isinstance(job.task, Traces) and (settings.mixup_alpha or settings.label_smoothing):
        raise UserError(
            f"models.{job.model}: only classes are mixed and smoothed, and this task has traces: "
            "set mixup_alpha and label_smoothing to 0"
        )
    device = prepare_device(job.seed)
    examples = load_examples(family, job, settings, device)
    training = (kind or NetworkTraining)(family, job, examples, settings)
    plan = replace(
        FitPlan.of(settings, job.task.watch, job.seed),
        schedule=settings.schedule,
        average_decay=settings.average_decay,
    )
    train_and_write(job, training, plan, settings, training.initial_weights)


def load_examples(
    family: NetworkFamily, job: ModelJob, settings: NetworkSettings, device: torch.device
) -> Examples:
    """Features and targets of every item of the split that has a class or a trace.

    A UserError if an item comes twice, is broken, or lies more than a second beside its trace; or
    if traces, which follow whole items, are asked for of speech alone.
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
    """A family's network that learns the task of one split; the fit loop trains it.

    Attributes
    ----------
    initial_weights
        What the network starts from.
    """

    initial_weights: str

    def __init__(
        self, family: NetworkFamily, job: ModelJob, examples: Examples, settings: NetworkSettings
    ) -> None:
        self.family = family.name
        self.task = job.task
        self.examples = examples
        self.settings = settings
        self.augment = family.augment
        self.choosing = {part: examples.rows(part) for part in job.chosen_by}
        self.sequences = list(self._sequences())
        features = [examples.features[row] for row in examples.rows(TRAIN)]
        width, device = features[0].shape[1], features[0].device
        network = family.network(width, job.task, settings)
        family.load(network, settings, job.weights)
        self.initial_weights = getattr(settings, "weights", "random")
        if settings.standardise:
            network = Standardised(network, torch.cat(features))
        self.network = network.to(device)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    def _sequences(self) -> Iterator[tuple[int, slice]]:
        """The row and the steps of everything to train on: training items, whole or cut."""
        for row in self.examples.rows(TRAIN).tolist():
            steps = len(self.examples.features[row])
            size = self.settings.sequence_steps
            if size is None or isinstance(self.task, Classes):
                size = steps
            for start in range(0, steps, size):
                yield row, slice(start, start + size)

    def batches(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Places among the sequences to train on, in random order."""
        places = torch.arange(len(self.sequences))
        return shuffled_batches(places, self.settings.batch_size, generator)

    def loss(self, batch: Tensor) -> Tensor:
        """The task's loss of a batch of sequences, mixed and smoothed if the settings say so."""
        wanted = [self.sequences[place] for place in batch]
        seen = [
            self.augment(self.examples.features[row][steps], self.settings) for row, steps in wanted
        ]
        features, lengths = _padded(seen), _lengths(seen)
        if isinstance(self.task, Classes):
            targets = self._targets(torch.tensor([row for row, _ in wanted]))
        else:
            targets = _padded([self.examples.targets[row][steps] for row, steps in wanted])
        if self.settings.mixup_alpha or self.settings.label_smoothing:
            targets = self._shares(targets)
        if self.settings.mixup_alpha:
            features, targets, lengths = self._mixed(features, targets, lengths)
        said = self._outputs(features, lengths, *self.shown(wanted))
        return self.task.loss(said, targets, lengths)

    def shown(self, sequences: list[tuple[int, slice]]) -> tuple[Tensor, ...]:
        """What the network is given of rows and their steps after features and lengths: nothing."""
        return ()

    def _shares(self, labels: Tensor) -> Tensor:
        """The share of each class in a target, ``(batch, classes)`` float32, smoothed."""
        spread = self.settings.label_smoothing
        whole = one_hot(labels, self.task.outputs).float()
        return whole * (1 - spread) + spread / self.task.outputs

    def _mixed(
        self, features: Tensor, targets: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A batch, each item mixed with another one of it in one proportion for all."""
        alpha = torch.tensor(self.settings.mixup_alpha)
        share = torch.distributions.Beta(alpha, alpha).sample().item()
        other = torch.randperm(len(features)).to(features.device)
        return (
            features.lerp(features[other], 1 - share),
            targets.lerp(targets[other], 1 - share),
            lengths.maximum(lengths[other]),
        )

    def scores(self) -> dict[str, dict[str, float]]:
        """The task's scores, and its loss, on the items of each part that chooses."""
        return {part: self._scores_of(rows) for part, rows in self.choosing.items()}

    def _scores_of(self, rows: Tensor) -> dict[str, float]:
        outputs, targets = _padded(self._said_of(rows)), self._targets(rows)
        lengths = _lengths([self.examples.features[row] for row in rows])
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
        """Outputs of each item, ``(classes,)`` or ``(steps, dimensions)``.

        Each is seen alone, without padding, so that nothing depends on what else is in a batch.
        """
        said = []
        for row in rows.tolist():
            features = self.examples.features[row][None]
            shown = self.shown([(row, slice(None))])
            said.append(self._outputs(features, _lengths(features), *shown)[0])
        return said

    def _outputs(self, features: Tensor, lengths: Tensor, *shown: Tensor) -> Tensor:
        """What the network says of padded features ``(batch, frames, width)``."""
        outputs = self.network(features, lengths, *shown)
        frames = () if isinstance(self.task, Classes) else (features.shape[1],)
        expected = (len(features), *frames, self.task.outputs)
        if tuple(outputs.shape) != expected:
            raise UserError(
                f"the network of the family {self.family} gives {tuple(outputs.shape)} of features "
                f"{tuple(features.shape)}, but the task needs {expected}: mend its forward"
            )
        return outputs

    def _targets(self, rows: Tensor) -> Tensor:
        """Classes ``(rows,)``, or padded traces ``(rows, steps, dimensions)``."""
        targets = [self.examples.targets[row] for row in rows]
        return torch.stack(targets) if isinstance(self.task, Classes) else _padded(targets)


def _padded(parts: Sequence[Tensor]) -> Tensor:
    """Tensors of equal width one below the other, with zeros after the shorter ones."""
    return pad_sequence(list(parts), batch_first=True)


def _lengths(parts: Sequence[Tensor]) -> Tensor:
    """Frames of some items, ``(items,)`` int64 on their device."""
    return torch.tensor([len(each) for each in parts], device=parts[0].device)
