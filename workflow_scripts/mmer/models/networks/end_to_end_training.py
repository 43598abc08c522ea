"""Training the end-to-end networks that see faces."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mmer.models.base import ModelJob
from mmer.models.end_to_end import EndToEnd, EndToEndSettings
from mmer.models.networks.end_to_end import begin_with
from mmer.models.networks.end_to_end_face import changed
from mmer.runtime.errors import UserError
from mmer.tasks import Classes
from mmer.training.device import prepare_device
from mmer.training.films import load_films
from mmer.training.fit import FitPlan
from mmer.training.job import train_and_write
from mmer.training.kept_audio import spans_of
from mmer.training.network import Examples, NetworkTraining, load_examples


def train(family: EndToEnd, job: ModelJob) -> None:
    """Train a network that sees faces on one split and write model, history and predictions.

    Raises
    ------
    UserError
        If items are to be mixed, whose faces are not.
    """
    settings = job.settings(family.Entry.model_fields["settings"].annotation)
    if settings.mixup_alpha:
        raise UserError(f"models.{job.model}: faces are not mixed: set mixup_alpha to 0")
    device = prepare_device(job.seed)
    examples = load_examples(family, job, settings, device)
    training = FilmedTraining(family, job, examples, settings)
    plan = replace(
        FitPlan.of(settings, job.task.watch, job.seed),
        schedule=settings.schedule,
        average_decay=settings.average_decay,
    )
    train_and_write(job, training, plan, settings, begin_with(training.network, job))


class FilmedTraining(NetworkTraining):
    """A family's network that is shown a face with each frame of its features.

    It is called with faces ``(batch, frames, side, side, 3)`` in the third place, uint8, or float32
    in [0, 1] where training changed them.
    """

    def __init__(
        self, family: EndToEnd, job: ModelJob, examples: Examples, settings: EndToEndSettings
    ) -> None:
        super().__init__(family, job, examples, settings)
        steps = [len(features) for features in examples.features]
        self.films = load_films(job, examples.items.names, steps, spans_of(job))

    def loss(self, batch: Tensor) -> Tensor:
        """The task's loss of a batch of sequences."""
        wanted = [self.sequences[place] for place in batch]
        features = [self.examples.features[row][steps] for row, steps in wanted]
        faces = [changed(self.films[row][steps], self.settings) for row, steps in wanted]
        if isinstance(self.task, Classes):
            targets = self._targets(torch.tensor([row for row, _ in wanted]))
            if self.settings.label_smoothing:
                targets = self._shares(targets)
        else:
            targets = _padded([self.examples.targets[row][steps] for row, steps in wanted])
        lengths = _lengths(features)
        seen = _padded(faces).to(lengths.device)
        said = self.network(_padded(features), lengths, seen)
        return self.task.loss(said, targets, lengths)

    def _said_of(self, rows: Tensor) -> list[Tensor]:
        """Outputs of each item, which is seen alone."""
        said = []
        for row in rows.tolist():
            features = self.examples.features[row][None]
            faces = self.films[row][:][None].to(features.device)
            said.append(self.network(features, _lengths(features), faces)[0])
        return said


def _padded(parts: list[Tensor]) -> Tensor:
    """Tensors of equal width one below the other, with zeros after the shorter ones."""
    return pad_sequence(parts, batch_first=True)


def _lengths(parts: list[Tensor] | Tensor) -> Tensor:
    """Steps of some items, ``(items,)`` int64 on their device."""
    return torch.tensor([len(each) for each in parts], device=parts[0].device)
