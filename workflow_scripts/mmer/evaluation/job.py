"""What an evaluation is told: systems and fusions by name, with the files of their predictions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mmer.evaluation.merged_classes import check_merged
from mmer.evaluation.predictions import System
from mmer.evaluation.settings import EvaluationSettings, PaperRow
from mmer.models.base import Modality
from mmer.protocol import Split
from mmer.runtime.job import Job
from mmer.tasks import Classes, Task

Percent = Annotated[float, Field(ge=0, le=100)]
Concordance = Annotated[float, Field(ge=-1, le=1)]


class _Request(BaseModel):
    """A system by name, with the reason where it was not run.

    ``unlike_paper`` is in what it was made unlike the paper's, by whose number it is not judged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    variant: str = ""
    not_run: str | None = None
    unlike_paper: str | None = None


class SystemRequest(_Request):
    """A system with a table of predictions per split, or the reason why it was not run.

    Or a ``constant`` from the literature, an accuracy in percent or the CCC of each dimension, with
    its ``source``.  ``merged`` are groups of classes that count as one
    (:mod:`mmer.evaluation.merged_classes`); ``note`` is what tables say of it besides.
    """

    modality: Modality
    predictions: dict[str, Path] = {}
    constant: Percent | dict[str, Concordance] | None = None
    source: str | None = None
    merged: tuple[tuple[str, ...], ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _files_or_reason(self) -> SystemRequest:
        given = [bool(self.predictions), self.not_run is not None, self.constant is not None]
        if sum(given) != 1:
            raise ValueError(
                f"system {self.name} needs either predictions or not_run or a constant"
            )
        if (self.constant is None) != (not self.source):
            raise ValueError(f"system {self.name} needs a source with its constant, or neither")
        return self

    def system(self, folds: Mapping[str, Any], note: str = "") -> System:
        """The system with what was read of its predictions, and what is noted besides."""
        told = self.model_dump(exclude={"predictions", "merged"})
        told["note"] = "; ".join(filter(None, [note, self.note]))
        return System(**told, folds=folds)


class FusionRequest(_Request):
    """A pairing ``fed`` with some inputs: its predictions, or the reason why it was not run."""

    fed: str = ""
    predictions: Path | None = None

    @model_validator(mode="after")
    def _file_or_reason(self) -> FusionRequest:
        if (self.predictions is None) == (self.not_run is None):
            raise ValueError(f"fusion {self.name} needs either predictions or not_run")
        return self

    def absent(self) -> System:
        """A pairing that was not run."""
        told = self.model_dump(exclude={"predictions"})
        return System(modality="fusion", folds={}, **told)


class EvaluationJob(Job):
    """What an evaluation is told.

    Attributes
    ----------
    task
        What the systems say of an item; it decides which tables are written.
    traces
        The prepared true traces, a file per speaker; none where the task is classes.
    paper, paper_rows
        The folder of a paper's tables, None where there is none, and by system where in it its
        number stands.
    groups
        Columns of the item table by which accuracies are shown, with their values in order,
        besides the class and the speaker.
    nested
        The splits of the nested protocol, by name; none where those who are tested choose.
    """

    task: Task
    items: Path
    systems: tuple[SystemRequest, ...]
    fusions: tuple[FusionRequest, ...] = ()
    traces: tuple[Path, ...] = ()
    paper: Path | None = None
    paper_rows: dict[str, PaperRow] = {}
    groups: dict[str, tuple[str, ...]] = {}
    settings: EvaluationSettings = EvaluationSettings()
    nested: dict[str, Split] = {}
    seed: int
    out: Path

    @model_validator(mode="after")
    def _fits_together(self) -> EvaluationJob:
        names = [request.name for request in [*self.systems, *self.fusions]]
        if not names:
            raise ValueError("the evaluation got no system: name one")
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"two systems are called {doubled[0]}: give each its own name")
        strangers = sorted(set(self.paper_rows) - set(names))
        if strangers:
            raise ValueError(f"a paper row is given for {strangers[0]}, which is no system")
        for request in self.systems:
            check_merged(request.merged, self.task)
        for request in self.systems:
            if isinstance(request.constant, dict) and set(request.constant) != set(self.task.names):
                raise ValueError(
                    f"system {request.name} states the CCC of {', '.join(request.constant)}, but "
                    f"the task is of {', '.join(self.task.names)}: state each of these"
                )
        if not isinstance(self.task, Classes):
            if not self.traces:
                raise ValueError("the evaluation got no true traces: name their files")
            if any(fusion.predictions for fusion in self.fusions):
                raise ValueError("fusion needs classes: give not_run in the place of predictions")
        return self
