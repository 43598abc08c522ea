"""The base of every group of settings, where each default comes from, and paths as settings.

Each package declares its settings beside the code that reads them; :mod:`mmer.config` joins them
into the one configuration.  A default is either stated by the paper (or by a published recipe) or
decided here because the paper is silent; the second kind carries its reason and is listed on the
page ``docs/decisions.md``, which is generated from these declarations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


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


def settings_within(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every settings class within a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from settings_within(argument)


PATTERN_LETTERS = "{}<>"
"""What the workflow engine reads as patterns in the paths of inputs and outputs."""


def _path(text: str) -> str:
    """A path that a command line and a file system can carry."""
    if not text or "\0" in text or text.startswith("-"):
        raise ValueError("a path is not empty, holds no NUL and does not begin with '-'")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a path is made of whole characters") from None
    return text


def _no_pattern(text: str) -> str:
    """A path that the workflow engine takes for itself and for no pattern of several."""
    if set(text.replace("{fold}", "")) & set(PATTERN_LETTERS):
        raise ValueError("the workflow engine reads {, }, < and > as patterns; rename it")
    return text


PathText = Annotated[str, AfterValidator(_path)]
"""A path or address that the user gives; spaces, quotes and line breaks in it are carried."""

FilePath = Annotated[PathText, AfterValidator(_no_pattern)]
"""A path that becomes an input or output of a step."""
