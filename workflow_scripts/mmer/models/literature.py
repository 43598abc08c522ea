"""An accuracy that the literature states, beside what is measured here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mmer.models.base import Family, Modality, ModelEntry, Variant


class LiteratureEntry(ModelEntry):
    """A constant that the literature states."""

    family: Literal["literature"]
    modality: Modality = Field(description="Beside whose models it stands.")
    variants: tuple[Variant, ...] = ("full",)
    accuracy: float = Field(description="In percent.", gt=0, le=100)
    source: str = Field(description="Where it is stated.")


class Literature(Family):
    """A constant: nothing is run."""

    name = "literature"
    Entry = LiteratureEntry
    is_reference = True
    starts_from_weights = False

    def constant(self, entry: LiteratureEntry) -> tuple[float, str]:
        """The accuracy in percent, and where it is stated."""
        return entry.accuracy, entry.source
