"""A number that the literature states, beside what is measured here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mmer.models.base import Family, Modality, ModelEntry, Variant


class LiteratureEntry(ModelEntry):
    """A constant that the literature states."""

    family: Literal["literature"]
    modality: Modality = Field(description="Beside whose models it stands.")
    variants: tuple[Variant, ...] = ("full",)
    accuracy: float | None = Field(None, description="Of classes, in percent.", gt=0, le=100)
    ccc: dict[str, float] | None = Field(
        None, description="Of traces: the CCC of each dimension, -1 to 1."
    )
    protocol: Literal["paper", "nested"] | None = Field(
        None,
        description="Under which protocol it was found: in the tables of another one its title "
        "says so.  Null where none applies, as to human perception.",
    )
    source: str = Field(description="Where it is stated.")

    @model_validator(mode="after")
    def _one_of_them(self) -> LiteratureEntry:
        if (self.accuracy is None) == (self.ccc is None):
            raise ValueError("give either accuracy, of classes, or ccc, of traces")
        if self.ccc and not all(-1 <= value <= 1 for value in self.ccc.values()):
            raise ValueError("a CCC lies between -1 and 1")
        return self


class Literature(Family):
    """A constant: nothing is run."""

    name = "literature"
    Entry = LiteratureEntry
    is_reference = True
    starts_from_weights = False

    def constant(self, entry: LiteratureEntry) -> tuple[float | dict[str, float], str]:
        """The accuracy in percent or the CCC by dimension, and where it is stated."""
        return entry.accuracy if entry.ccc is None else entry.ccc, entry.source
