"""Layouts: how somebody else's table of posteriors is to be read."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from mmer.corpus.labels import CLASS_COUNT, EMOTIONS
from mmer.settings import Settings, decided

ALPHABETICAL: tuple[str, ...] = tuple(sorted(EMOTIONS))

_STATED_BY_USER = "differs from table to table, so the user states it"


class ExternalLayout(Settings):
    """What one family of tables looks like.

    The eight values of a clip lie either in eight columns (``values_prefix`` followed by 0 to 7,
    which needs a header) or in one column as a bracketed list (``list_column``).  A column is
    named by its title, or by its number from 0.
    """

    separator: str = decided(
        ",", "the character between columns", "what CSV means", min_length=1, max_length=1
    )
    header: bool = decided(True, "whether the first row holds column titles", "the common case")
    clip_column: str | int = decided(..., "the column with the clip name", _STATED_BY_USER)
    clip_suffix: str = decided(
        "", "an ending to take off the clip names, such as .csv", "most tables have none"
    )
    values_prefix: str | None = decided(
        None, "titles of the eight value columns without their number", _STATED_BY_USER
    )
    list_column: str | int | None = decided(
        None, "the column with the bracketed list of eight values", _STATED_BY_USER
    )
    class_order: Literal["ravdess", "alphabetical"] | tuple[str, ...] = decided(
        ..., "order of the eight values, by name or as a list of emotions", _STATED_BY_USER
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

    @field_validator("class_order")
    @classmethod
    def _all_emotions(cls, order: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not isinstance(order, str) and sorted(order) != list(ALPHABETICAL):
            raise ValueError(f"must name each of {', '.join(EMOTIONS)} once")
        return order

    @model_validator(mode="after")
    def _columns_fit_together(self) -> ExternalLayout:
        if (self.values_prefix is None) == (self.list_column is None):
            raise ValueError("give one of values_prefix and list_column")
        if not self.header and self.values_prefix is not None:
            raise ValueError("values_prefix needs titles: set header to true, or use list_column")
        if not self.header and any(
            isinstance(column, str) for column in (self.clip_column, self.list_column)
        ):
            raise ValueError("without a header, columns are numbers from 0")
        return self

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotion of each of the eight values."""
        if self.class_order == "ravdess":
            return EMOTIONS
        return ALPHABETICAL if self.class_order == "alphabetical" else tuple(self.class_order)

    @property
    def to_ravdess_order(self) -> list[int]:
        """Position in the table of each emotion in RAVDESS order: ``ravdess = values[these]``."""
        return [self.emotions.index(emotion) for emotion in EMOTIONS]

    @property
    def value_titles(self) -> list[str]:
        """Titles of the eight value columns."""
        assert self.values_prefix is not None
        return [f"{self.values_prefix}{number}" for number in range(CLASS_COUNT)]
