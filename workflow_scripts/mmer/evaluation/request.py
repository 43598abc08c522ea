"""What an evaluation is asked for: systems and fusions by name, with the files of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from mmer.errors import UserError
from mmer.evaluation.best_fusion import best_fusion
from mmer.evaluation.merged_classes import check_groups, merge_classes, merge_note
from mmer.evaluation.paper import PaperRow
from mmer.evaluation.predictions import Constant, System, from_posteriors
from mmer.fusion.tables import read_predictions
from mmer.posteriors import read_posteriors


class _Request(BaseModel):
    """Typed, immutable, and refuses unknown keys; no settings, since a workflow writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    not_run: str | None = None


class SystemRequest(_Request):
    """A system with one posteriors file per split, or the reason why it was not run.

    Or a ``constant``: an accuracy in percent from the literature, with its ``source``.  ``merged``
    are groups of emotions that count as one (:mod:`mmer.evaluation.merged_classes`).
    """

    modality: Literal["speech", "face", "fusion"]
    variant: str
    posteriors: dict[str, Path] = {}
    constant: float | None = Field(None, ge=0, le=100)
    source: str | None = None
    merged: list[list[str]] = []

    @field_validator("merged")
    @classmethod
    def _groups(cls, merged: list[list[str]]) -> list[list[str]]:
        check_groups(merged)
        return merged

    @model_validator(mode="after")
    def _files_or_reason(self) -> SystemRequest:
        given = [bool(self.posteriors), self.not_run is not None, self.constant is not None]
        if sum(given) != 1:
            raise ValueError(f"system {self.name} needs either posteriors or not_run or a constant")
        if (self.constant is None) != (not self.source):
            raise ValueError(f"system {self.name} needs a source with its constant, or neither")
        return self

    def load(self) -> System:
        """Read the posteriors."""
        constant = None
        if self.constant is not None:
            constant = Constant(self.constant, self.source or "")
        folds = {
            split: merge_classes(
                from_posteriors(self.name, split, read_posteriors(path)), self.merged
            )
            for split, path in self.posteriors.items()
        }
        return System(
            name=self.name,
            title=self.title,
            modality=self.modality,
            variant=self.variant,
            folds=folds,
            not_run=self.not_run,
            constant=constant,
            note=merge_note(self.merged),
        )


class FusionRequest(_Request):
    """A pairing with its table of predictions, or the reason why it was not run."""

    variant: str = ""
    predictions: Path | None = None

    @model_validator(mode="after")
    def _file_or_reason(self) -> FusionRequest:
        if (self.predictions is None) == (self.not_run is None):
            raise ValueError(f"fusion {self.name} needs either predictions or not_run")
        return self

    def load(self) -> System:
        """Read the predictions and keep the best candidate."""
        if self.predictions is None:
            return System(self.name, self.title, "fusion", self.variant, {}, self.not_run)
        return best_fusion(self.name, self.title, self.variant, read_predictions(self.predictions))


def read_requests(
    systems: str, fusions: str, paper_rows: str
) -> tuple[Sequence[SystemRequest | FusionRequest], dict[str, PaperRow]]:
    """Read the three JSON texts of the command line.

    Raises
    ------
    UserError
        If a text has another form, there is no system, a name is used twice, or a paper row
        belongs to no system.
    """
    try:
        requests = [
            *TypeAdapter(list[SystemRequest]).validate_json(systems),
            *TypeAdapter(list[FusionRequest]).validate_json(fusions),
        ]
        rows = TypeAdapter(dict[str, PaperRow]).validate_json(paper_rows)
    except ValidationError as error:
        raise UserError(f"the evaluation's request is not understood: {error}") from error
    names = [request.name for request in requests]
    if not names:
        raise UserError("the evaluation got no system: name one")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UserError(f"two systems are called {doubled[0]}: give each its own name")
    strangers = sorted(set(rows) - set(names))
    if strangers:
        raise UserError(f"a paper row is given for {strangers[0]}, which is no system: remove it")
    return requests, rows
