"""The faces of items, one for each step of a network, which stay on disk until they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmer.media.speech_spans import SpeechSpan
from mmer.models.base import ModelJob
from mmer.ragged import map_ragged
from mmer.runtime.errors import UserError
from mmer.training.kept_audio import span_of


@dataclass(frozen=True)
class Film:
    """The faces of an item.

    Attributes
    ----------
    faces
        ``(faces, side, side, 3)`` uint8, on disk.
    shown
        ``(steps,)`` int64: which one shows in each step.
    """

    faces: np.ndarray
    shown: np.ndarray

    def __len__(self) -> int:
        return len(self.shown)

    def __getitem__(self, steps: slice) -> Tensor:
        """The faces of some steps, ``(steps, side, side, 3)`` uint8, in memory on the CPU."""
        return torch.from_numpy(np.asarray(self.faces[self.shown[steps]]))


def load_films(
    job: ModelJob,
    names: Sequence[str],
    steps: Sequence[int],
    spans: Mapping[str, SpeechSpan] | None,
) -> list[Film] | None:
    """A film of each named item, as long as its steps, where the job reads faces.

    Steps are as many a second as faces.  Before the film begins its first face shows, after its end
    its last one.

    Raises
    ------
    UserError
        If an item has no faces, or its film and its steps are more than a second apart.
    """
    if "faces" not in job.inputs:
        return None
    found = {}
    for path in job.inputs["faces"]:
        films = map_ragged(path)
        for row, name in enumerate(films.items):
            found[name] = (films.of(row), films.start_s(row), films.rate)
    return [_film(name, found.get(name), n, spans) for name, n in zip(names, steps, strict=True)]


def _film(
    name: str,
    found: tuple[np.ndarray, float, float] | None,
    steps: int,
    spans: Mapping[str, SpeechSpan] | None,
) -> Film:
    if found is None or not len(found[0]):
        raise UserError(f"item {name} has no faces: crop them again")
    faces, start_s, rate = found
    span = span_of(name, spans)
    first = round(((span.start_s if span else 0.0) - start_s) * rate)
    if abs(len(faces) - first - steps) > rate and span is None:
        raise UserError(
            f"item {name} has {len(faces)} faces and {steps} steps, more than a second apart: get "
            "its film again, or mend the traces"
        )
    return Film(faces, np.clip(first + np.arange(steps), 0, len(faces) - 1))


def train_with_films(family: EndToEnd, job: ModelJob) -> None:
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
            targets = padded([self.examples.targets[row][steps] for row, steps in wanted])
        lengths = lengths_of(features)
        seen = padded(faces).to(lengths.device)
        said = self.network(padded(features), lengths, seen)
        return self.task.loss(said, targets, lengths)

    def _said_of(self, rows: Tensor) -> list[Tensor]:
        """Outputs of each item, which is seen alone."""
        said = []
        for row in rows.tolist():
            features = self.examples.features[row][None]
            faces = self.films[row][:][None].to(features.device)
            said.append(self.network(features, lengths_of(features), faces)[0])
        return said
