"""Paths that a user gives, as types of the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

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
