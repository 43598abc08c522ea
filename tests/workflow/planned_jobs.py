"""Sets of jobs, by rule and by wildcard values, and those that the workflow engine plans."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product

Jobs = dict[str, set[tuple[str, ...]]]
"""By rule, the wildcard values of its jobs in the order of the rule's outputs; ``()`` without.

An empty value, which stands for the run's own corpus, is left out."""

_RULE = re.compile(r"^(?:local)?rule (\w+):$", re.MULTILINE)
_WILDCARDS = re.compile(r"^    wildcards: (.*)$", re.MULTILINE)


def jobs(rule: str, *values: str | Iterable[str]) -> Jobs:
    """The jobs of one rule: every combination of the values of its wildcards."""
    choices = [[each] if isinstance(each, str) else list(each) for each in values]
    return {rule: set(product(*choices))}


def together(*parts: Jobs) -> Jobs:
    """The union of several sets of jobs."""
    union: Jobs = {}
    for part in parts:
        for rule, wildcards in part.items():
            union.setdefault(rule, set()).update(wildcards)
    return union


def read_plan(text: str) -> Jobs:
    """The jobs that a dry run lists, without the default target."""
    parts = _RULE.split(text)[1:]
    found: Jobs = {}
    for rule, described in zip(parts[::2], parts[1::2], strict=True):
        # What follows a blank line belongs to the engine's closing words.
        match = _WILDCARDS.search(described.partition("\n\n")[0])
        pairs = match[1].split(", ") if match else []
        values = (pair.partition("=")[2] for pair in pairs)
        found.setdefault(rule, set()).add(tuple(value for value in values if value))
    found.pop("all", None)
    return found
