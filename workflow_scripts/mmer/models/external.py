"""Models trained elsewhere: their tables of posteriors, brought into this project's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from mmer.models.base import (
    PREDICTIONS,
    TRAINED,
    Family,
    Modality,
    ModelEntry,
    ModelJob,
    Origin,
    Step,
    Variant,
)
from mmer.settings import FilePath, Settings, decided

_STATED_BY_USER = "differs from table to table, so the user states it"


class ExternalLayout(Settings):
    """What one family of tables looks like.

    The values of an item, one for each class, lie either in columns (``values_prefix`` followed by
    0, 1, 2 and so on, which needs a header) or in one column as a bracketed list (``list_column``).
    A column is named by its title, or by its number from 0.
    """

    separator: str = decided(
        ",", "the character between columns", "what CSV means", min_length=1, max_length=1
    )
    header: bool = decided(True, "whether the first row holds column titles", "the common case")
    item_column: str | int = decided(..., "the column with the item's name", _STATED_BY_USER)
    item_suffix: str = decided(
        "", "an ending to take off the items' names, such as .csv", "most tables have none"
    )
    values_prefix: str | None = decided(
        None, "titles of the value columns without their number", _STATED_BY_USER
    )
    list_column: str | int | None = decided(
        None, "the column with the bracketed list of values", _STATED_BY_USER
    )
    class_order: Literal["task", "alphabetical"] | tuple[str, ...] = decided(
        ...,
        "order of the values: that of the task's classes, alphabetical, or a list of the classes",
        _STATED_BY_USER,
    )
    values: Literal["logit", "probability"] = decided(
        ..., "values before the softmax, or probabilities", _STATED_BY_USER
    )

    @field_validator("separator")
    @classmethod
    def _separates(cls, separator: str) -> str:
        if separator in '"\r\n\0':
            raise ValueError("a quotation mark, a line's end or NUL separates no columns")
        return separator

    @model_validator(mode="after")
    def _columns_fit_together(self) -> ExternalLayout:
        if (self.values_prefix is None) == (self.list_column is None):
            raise ValueError("give one of values_prefix and list_column")
        if not self.header and self.values_prefix is not None:
            raise ValueError("values_prefix needs titles: set header to true, or use list_column")
        if not self.header and any(
            isinstance(column, str) for column in (self.item_column, self.list_column)
        ):
            raise ValueError("without a header, columns are numbers from 0")
        return self


class ExternalEntry(ModelEntry):
    """A model trained elsewhere, which enters as tables of posteriors."""

    family: Literal["external"]
    modality: Modality
    variants: tuple[Variant, ...] = ("full",)
    train: FilePath | None = Field(
        None, description="Address or path of the table of the rows that are not tested on."
    )
    test: FilePath = Field(description="Address or path of the table of the rows tested on.")
    first_fold: int = Field(0, description="What {fold} in addresses begins with.", ge=0)
    licence: str | None = Field(None, description="Of the tables.")
    layout: ExternalLayout


class External(Family):
    """Posteriors that somebody else's model gave."""

    name = "external"
    Entry = ExternalEntry
    only_paper_splits = (
        "its posteriors exist for the paper's splits only, in which those who are tested chose"
    )
    takes = (Step("assemble", "split", {PREDICTIONS: TRAINED[PREDICTIONS]}, seeded=False),)

    def origin(self, entry: ExternalEntry, has: frozenset[str]) -> Origin:
        """The tables."""
        return Origin(f"posteriors of {entry.test}", entry.licence)

    def files(self, entry: ExternalEntry, split: int | None) -> Mapping[str, str]:
        """The tables ``train``, where there is one, and ``test``."""
        assert split is not None, "tables are of a split"
        places = {"train": entry.train, "test": entry.test}
        fold = str(split + entry.first_fold)
        return {kind: place.replace("{fold}", fold) for kind, place in places.items() if place}

    def assemble(self, job: ModelJob) -> None:
        """Read the tables of a split, check them against it, write predictions."""
        from mmer.external.assembly import assemble
        from mmer.external.tables import read_external_table
        from mmer.items import read_items
        from mmer.predictions import write_predictions

        layout, task = ExternalLayout.model_validate(job.options["layout"]), job.classes
        tables = {
            kind: read_external_table(job.one(kind), layout, task)
            for kind in ("train", "test")
            if job.inputs.get(kind)
        }
        found = assemble(
            job.split,
            layout,
            task,
            read_items(job.one("items")),
            tables.get("train"),
            tables["test"],
        )
        write_predictions(job.output(PREDICTIONS), found)
