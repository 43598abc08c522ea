"""Settings of the report."""

from __future__ import annotations

from pydantic import Field, field_validator

from mmer.corpus.clips import Clip
from mmer.errors import UserError
from mmer.settings import Settings, from_source


class ReportSettings(Settings):
    """What the report shows beyond the tables and figures that every run has."""

    clips: tuple[str, ...] = Field(
        (),
        description="Clips to draw frame by frame, besides those chosen after the paper's figures "
        "A1 to A3.",
    )
    clip_system: str = from_source(
        "stn_max_voting/full",
        "Max-voting system whose frames and posteriors those figures show; where it is not "
        "evaluated there are none.",
        "paper appendix C",
    )

    @field_validator("clips")
    @classmethod
    def _clip_names(cls, clips: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for name in clips:
                Clip.parse(name)
        except UserError as error:
            raise ValueError(str(error)) from error
        if len(set(clips)) < len(clips):
            raise ValueError("name each clip once")
        return clips
