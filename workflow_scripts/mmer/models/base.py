"""What a family of models is: its settings, what it reads and puts out, and the steps it takes.

A family is one file in this folder, or a user's own, that defines a subclass of :class:`Family`.
Plan, rules and report ask it and never compare its name.  The workflow's planning imports every
such file, so one that needs torch imports it inside its steps; its network lies under ``networks``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field, field_validator

from mmer.protocol import Split
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.settings import Settings
from mmer.tasks import Classes, Task
from mmer.weights import Weights

Variant = Literal["full", "vad"]
Modality = Literal["speech", "face", "text", "fusion"]
Medium = Literal["audio", "frames", "saliency", "traces"]
"""What is prepared of a corpus, a file per speaker.  Speech spans come with the variant ``vad``."""
Per = Literal["model", "variant", "split"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]

PREDICTIONS = "predictions"
"""The output by which a model can be evaluated and fused."""

Chosen = TypeVar("Chosen", bound=Settings)


class ModelEntry(Settings):
    """What every entry under ``models`` has; a family adds its own."""

    family: str
    title: str = Field(description="What tables and figures call it.")
    modality: Modality = Field("speech", description="What it hears, sees or reads.")
    variants: tuple[Variant, ...] = Field(
        ("full", "vad"), description="Whole items, or first to last speech.", min_length=1
    )
    of: Name | None = Field(None, description="The model that it reads, where it reads one.")

    @field_validator("variants")
    @classmethod
    def _each_once(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if len(set(variants)) < len(variants):
            raise ValueError("name each variant once")
        return variants


@dataclass(frozen=True)
class Output:
    """A file that a step writes.

    Attributes
    ----------
    file
        Its name.
    per
        One for the model, for each variant, or for each variant and split.
    """

    file: str
    per: Per


@dataclass(frozen=True)
class Resources:
    """What a step asks of a machine; a cluster's profile may say otherwise.

    Attributes
    ----------
    gpu
        ``none``; ``shared``, where a small one may leave room for others; or ``whole``.
    memory_mb, minutes
        At most, on RAVDESS.
    """

    gpu: Literal["none", "shared", "whole"] = "none"
    memory_mb: int = 4000
    minutes: int = 10


@dataclass(frozen=True)
class Step:
    """One step of a family: a method of it, which a rule runs.

    Attributes
    ----------
    verb
        The method's name; with the family's it names the rule: ``train_cnn14``.
    per
        One job for the model, for each variant, or for each variant and split.
    outputs
        Files by name.  A job for a variant may write files per split: it then looks at all splits
        at once.
    media
        What it reads of a corpus.
    of_base
        Outputs that it reads of the model named by ``of``.
    own
        Outputs of an earlier step of the same model that it reads.
    corpus
        The corpus whose items it reads; None for that of the run.
    uses_weights
        Whether it reads registered weights.
    seeded
        Whether anything in it is random.
    resources
        What it asks of a machine.
    """

    verb: str
    per: Per
    outputs: Mapping[str, Output]
    media: tuple[Medium, ...] = ()
    of_base: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    corpus: str | None = None
    uses_weights: bool = False
    seeded: bool = True
    resources: Resources = field(default_factory=Resources)

    @property
    def looks_at_splits(self) -> bool:
        """Whether the step is told splits: its own one, or all."""
        trains_elsewhere = self.corpus is not None and self.per == "model"
        return trains_elsewhere or any(output.per == "split" for output in self.outputs.values())


class ModelJob(Job):
    """What a family's step is told.

    Attributes
    ----------
    family, step, model
        Which step of which model.
    options
        The model's entry in the configuration, but for what only readers see.
    task
        What is to be said of the items.
    base_task
        What the model named by ``of`` says; None where there is none.
    variant
        None for a step that trains on another corpus.
    splits
        One for a job per split, all for a job that looks at all; none for others.
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
        """The split of a job that has one."""
        assert len(self.splits) == 1, "this step looks at several splits"
        return next(iter(self.splits.values()))

    @property
    def classes(self) -> Classes:
        """The task, for a step that names classes.

        Raises
        ------
        UserError
            If it is another one.
        """
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
        return by_split[split] if split or "" in by_split else by_split[self.split.name]


@dataclass(frozen=True)
class Origin:
    """Where the weights that a model starts from come from, where no registered file is meant.

    Attributes
    ----------
    source
        In words.
    licence
        None where it is not known.
    """

    source: str
    licence: str | None = None


class Family(ABC):
    """A kind of model.

    Attributes
    ----------
    name
        As ``models.<name>.family`` writes it.
    Entry
        Its entry in the configuration, with its settings.
    gives
        Names of everything that its steps may put out.
    needs
        Names of the outputs that it reads of the model named by ``of``; empty where it reads none.
    is_reference
        Whether it is no recogniser but what one is compared with.
    starts_from_weights
        Whether it begins with weights at all, published or random.
    passes_on
        Whether it only passes on what the model named by ``of`` says, and so cannot tell apart what
        that one cannot.
    """

    name: ClassVar[str]
    Entry: ClassVar[type[ModelEntry]]
    gives: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[frozenset[str]] = frozenset()
    is_reference: ClassVar[bool] = False
    starts_from_weights: ClassVar[bool] = True
    passes_on: ClassVar[bool] = False

    @abstractmethod
    def steps(self, entry: Any, has: frozenset[str]) -> tuple[Step, ...]:
        """The steps of a model, in order.

        Parameters
        ----------
        entry
            Its entry in the configuration.
        has
            Corpora, besides that of the run, whose folder the user names.
        """

    def weights(self, entry: Any, has: frozenset[str]) -> str | None:
        """The registered weights that a model starts from; None for random ones, or none."""
        name = getattr(getattr(entry, "settings", None), "weights", "random")
        return None if name == "random" else name

    def starts_at_random(self, entry: Any) -> bool:
        """Whether a model is a network of random weights where published ones are usual.

        It is then named so in every title; a model that reads it inherits the word.
        """
        return getattr(getattr(entry, "settings", None), "weights", None) == "random"

    def cannot_run(self, entry: Any, has: frozenset[str]) -> str | None:
        """Why a model cannot be had with what the user names, but for weights; None if it can."""
        return None

    def origin(self, entry: Any, has: frozenset[str]) -> Origin | None:
        """Where a model starts from, where that is neither registered weights nor random ones."""
        return None

    def constant(self, entry: Any) -> tuple[float, str] | None:
        """An accuracy in percent and its source, where the family measures nothing here."""
        return None

    def files(self, entry: Any, split: int) -> Mapping[str, str]:
        """Further inputs of the step of a split, counted from 0: addresses or paths by kind."""
        return {}

    def run(self, job: ModelJob) -> None:
        """Do one step."""
        getattr(self, job.step)(job)
