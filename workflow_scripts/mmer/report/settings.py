"""Settings of the report."""

from __future__ import annotations

from pydantic import Field, field_validator

from mmer.settings import Settings, from_source


class ReportSettings(Settings):
    """What the report shows beyond the tables and figures that every run has."""

    items: tuple[str, ...] = Field(
        (),
        description="Items to draw frame by frame, besides those chosen after figures of the paper "
        "beside the corpus.",
    )
    item_system: str = from_source(
        "stn_max_voting/full",
        "System whose frames vote and are shown so; where it is not evaluated there are none.",
        "paper appendix C",
    )

    @field_validator("items")
    @classmethod
    def _once(cls, items: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(items)) < len(items):
            raise ValueError("name each item once")
        return items
