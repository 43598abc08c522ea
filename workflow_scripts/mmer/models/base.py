"""What a family of models is: its settings, what it reads and puts out, and the steps it takes.

A family is one file in this folder, or a user's own, that defines a subclass of :class:`Family`.
Plan, rules and report ask it and never compare its name.  The workflow's planning imports every
such file, so one that needs torch imports it inside its steps; its network lies under ``networks``.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from mmer.models.job import ModelJob, Variant
from mmer.settings import Settings

Modality = Literal["speech", "face", "text", "fusion"]
Medium = Literal["audio", "frames", "faces", "saliency", "traces", "text", "films"]
"""What is prepared of a corpus, a file per speaker, or the films themselves.

Speech spans come with the variant ``vad``.
"""
Per = Literal["model", "variant", "split"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]

PREDICTIONS = "predictions"
"""The output by which a model can be evaluated and fused."""


class ModelEntry(Settings):
    """What every entry under ``models`` has; a family adds its own."""

    family: str
    title: str = Field(description="What tables and figures call it.")
    modality: Modality = Field("speech", description="What it hears, sees or reads.")
    variants: tuple[Variant, ...] = Field(
        ("full", "vad"), description="Whole items, or first to last speech.", min_length=1
    )
    of: Name | None = Field(None, description="The model that it reads, where it reads one.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The models that it reads."""
        return () if self.of is None else (self.of,)

    @field_validator("variants")
    @classmethod
    def _each_once(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if len(set(variants)) < len(variants):
            raise ValueError("name each variant once")
        return variants


@dataclass(frozen=True)
class Output:
    """A file that a step writes.

    There is one ``per`` model, per variant, or per variant and split.
    """

    file: str
    per: Per


TRAINED = {
    "model": Output("model.safetensors", "split"),
    "history": Output("history.csv", "split"),
    PREDICTIONS: Output("predictions.csv", "split"),
}
"""What a network leaves that is trained on each split."""


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
        One job for the model, for each variant, or for each variant and split; with ``corpus``, for
        each split of that corpus.
    outputs
        Files by name.  A job for a variant may write files per split: it then looks at all splits
        at once.
    media
        What it reads of a corpus.
    of_base
        Outputs that it reads of the models that its entry reads, in their order.
    own
        Outputs of an earlier step of the same model that it reads.
    corpus
        The corpus whose items it reads; None for that of the run.  A job for the model is then told
        one split, in which everybody trains.
    uses_weights
        Whether it reads registered weights.
    seeded
        Whether anything in it is random.
    ignores
        Names of settings that it does not use, so that another value does not repeat it.
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
    ignores: frozenset[str] = frozenset()
    resources: Resources = field(default_factory=Resources)

    @property
    def reads_recordings(self) -> bool:
        """Whether it reads what is prepared of recordings, which words are not."""
        return any(medium != "text" for medium in self.media)

    @property
    def looks_at_splits(self) -> bool:
        """Whether the step is told splits: those of its training, or all."""
        trains_elsewhere = self.corpus is not None and self.per == "model"
        return trains_elsewhere or any(output.per == "split" for output in self.outputs.values())

    @property
    def has_protocol(self) -> bool:
        """Whether who learns from whom in it is the run's protocol; else all protocols share it."""
        return self.corpus is None and self.looks_at_splits


LEARN = Step("train", "split", TRAINED, media=("audio",), uses_weights=True)
"""What a network does that learns from the voices of each split."""


@dataclass(frozen=True)
class Origin:
    """Where the weights that a model starts from come from, where no registered file is meant.

    ``licence`` is None where it is not known.
    """

    source: str
    licence: str | None = None


class Family(ABC):
    """A kind of model.

    Attributes
    ----------
    name
        As ``models.<name>.family`` writes it.
    takes
        The steps of every model of the family, in order, where they are the same for all.
    needs
        Names of the outputs that it reads of the model named by ``of``; empty where it reads none.
    is_reference
        Whether it is no recogniser but what one is compared with.
    starts_from_weights
        Whether it begins with weights at all, published or random.
    only_paper_splits
        Why its predictions exist for the splits of the paper's protocol alone, else None.
    passes_on
        Whether it only passes on what the model named by ``of`` says, and so cannot tell apart what
        that one cannot.
    """

    name: ClassVar[str]
    Entry: ClassVar[type[ModelEntry]]
    takes: ClassVar[tuple[Step, ...]] = ()
    needs: ClassVar[frozenset[str]] = frozenset()
    is_reference: ClassVar[bool] = False
    starts_from_weights: ClassVar[bool] = True
    only_paper_splits: ClassVar[str | None] = None
    passes_on: ClassVar[bool] = False

    @property
    def gives(self) -> frozenset[str]:
        """Names of everything that its steps may put out."""
        return frozenset(name for step in self.takes for name in step.outputs)

    def steps(self, entry: Any, has: frozenset[str]) -> tuple[Step, ...]:
        """The steps of a model, in order.

        ``has`` are corpora, besides that of the run, whose folder the user names.
        """
        return self.takes

    def weights(self, entry: Any, has: frozenset[str]) -> str | None:
        """The registered weights that a model starts from; None for random ones, or none."""
        name = getattr(getattr(entry, "settings", None), "weights", "random")
        return None if name == "random" else name

    def starts_at_random(self, entry: Any) -> bool:
        """Whether a model is a network of random weights where published ones are usual.

        It is then named so in every title; a model that reads it inherits the word.
        """
        return getattr(getattr(entry, "settings", None), "weights", None) == "random"

    def unlike_paper(self, entry: Any) -> str | None:
        """In what a model is by its settings another one than a paper's of its kind, else None.

        It is then not judged by the paper's number.
        """
        weights = getattr(getattr(entry, "settings", None), "weights", None)
        return "random initial weights" if weights == "random" else None

    def cannot_run(self, entry: Any, has: frozenset[str]) -> str | None:
        """Why a model cannot be had with what the user names, but for weights; None if it can."""
        return None

    def origin(self, entry: Any, has: frozenset[str]) -> Origin | None:
        """Where a model starts from, where that is neither registered weights nor random ones."""
        return None

    def constant(self, entry: Any) -> tuple[float | Mapping[str, float], str] | None:
        """An accuracy in percent, or the CCC of each dimension, where nothing is measured here.

        With it comes its source.
        """
        return None

    def files(self, entry: Any, split: int) -> Mapping[str, str]:
        """Further inputs of every step on the run's corpus: addresses or paths by kind.

        Splits are counted from 0; None is given for a step of no single training.
        """
        return {}

    def kept_state(self, job: ModelJob, split: str) -> Mapping[str, Tensor]:  # noqa: F821
        """What stands for a finished model: by default the weights that its step left, if any.

        Parameters
        ----------
        job
            What the step was told that leaves a model, or else the last one.
        split
            Whose weights; empty where they are of no split.
        """
        if "model" not in job.outputs:
            return {}
        import torch

        from mmer.training.checkpoint import read_model

        return read_model(job.output("model", split), torch.device("cpu"))

    def for_new_recordings(self, kept: KeptModel) -> Predictor | None:  # noqa: F821
        """What a finished model says of recordings that are in no corpus; None if it cannot.

        A UserError if the weights are not its own.
        """
        return None

    def run(self, job: ModelJob) -> None:
        """Do one step."""
        getattr(self, job.step)(job)
