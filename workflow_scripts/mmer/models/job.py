"""What a step of a family is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from mmer.protocol import Split, choosing_parts
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.settings import Settings
from mmer.tasks import Classes, Task
from mmer.weights import Weights

Variant = Literal["full", "vad"]
Chosen = TypeVar("Chosen", bound=Settings)


class ModelJob(Job):
    """What a family's step is told.

    Attributes
    ----------
    options
        The model's entry in the configuration, but for what only readers see.
    base_task
        What the model named by ``of`` says; None where there is none.
    variant
        None for a step that trains on another corpus.
    splits
        Those of one training for a job per split (one, or the two of a nested training), all for a
        job that looks at all; none for others.
    seed
        Of everything random; None where nothing is.
    inputs
        Files by kind: ``items``, media, ``speech`` (spans, for the variant ``vad``), outputs of
        other steps; those of another model's splits in the order of ``splits``, or one for all.
    outputs
        Files by name and split; where a file is not of a split, its only key is empty.
    weights
        Registered weights to start from; None for random ones, or none at all.
    checkpoint
        Where an interrupted training goes on; the name is unique to all that is told.
    """

    family: str
    step: str
    model: str
    options: dict[str, Any] = {}
    task: Task
    base_task: Task | None = None
    variant: Variant | None = None
    splits: dict[str, Split] = {}
    seed: int | None = None
    inputs: dict[str, tuple[Path, ...]] = {}
    outputs: dict[str, dict[str, Path]]
    weights: Weights | None = None
    checkpoint: Path | None = None

    @property
    def split(self) -> Split:
        """The split of a job that trains once; where two share the training, the first."""
        return next(iter(self.chosen_by.values()))

    @property
    def chosen_by(self) -> dict[str, Split]:
        """Splits of a job that trains once, by the part of the first one that chooses for each."""
        return choosing_parts(self.splits.values())

    @property
    def classes(self) -> Classes:
        """The task, for a step that names classes."""
        if not isinstance(self.task, Classes):
            raise UserError(
                f"models.{self.model}: the family {self.family} names classes and cannot say "
                f"{', '.join(self.task.names)}: choose a family that can, or a task of classes"
            )
        return self.task

    def settings(self, kind: type[Chosen]) -> Chosen:
        """The model's settings."""
        return kind.model_validate(self.options["settings"])

    def one(self, kind: str) -> Path:
        """The only input of a kind."""
        (path,) = self.inputs[kind]
        return path

    def of_splits(self, kind: str) -> dict[str, Path]:
        """An input for each split: its own, or the one that all share."""
        paths = self.inputs[kind]
        paths = paths * len(self.splits) if len(paths) == 1 else paths
        return dict(zip(self.splits, paths, strict=True))

    def output(self, name: str, split: str = "") -> Path:
        """A file to write; that of the job's only split needs no name."""
        by_split = self.outputs[name]
        return by_split[""] if "" in by_split else by_split[split or self.split.name]
