"""Published weights as a job is told them."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Weights(BaseModel):
    """Published weights that a step reads.

    Attributes
    ----------
    sha256
        Its checksum, whole or its first digits; None where none is published.
    beside
        Further files of its folder, without which it is of no use.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: Path
    sha256: str | None = None
    beside: tuple[Weights, ...] = ()
