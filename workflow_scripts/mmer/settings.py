"""The base of every group of settings, and where each default comes from.

Each package declares its settings beside the code that reads them; :mod:`mmer.config` joins them
into the one configuration.  A default is either stated by the paper (or by a published recipe) or
decided here because the paper is silent; the second kind carries its reason and is listed on the
page ``docs/decisions.md``, which is generated from these declarations.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Typed, immutable settings that refuse unknown keys and numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def from_source(default: Any, meaning: str, source: str, **limits: Any) -> Any:
    """A setting whose default is stated in a source.

    Parameters
    ----------
    meaning
        What the key does, with its unit.
    source
        Where it is stated, for example ``paper section 4.1``.
    limits
        Passed on to pydantic: ``gt``, ``ge``, ``le``, ...
    """
    return Field(default, description=meaning, json_schema_extra={"source": source}, **limits)


def decided(default: Any, meaning: str, reason: str, **limits: Any) -> Any:
    """A setting on which the paper is silent: its default, and why this one.

    Parameters are those of :func:`from_source`, with ``reason`` in the place of ``source``.
    """
    return Field(default, description=meaning, json_schema_extra={"reason": reason}, **limits)
