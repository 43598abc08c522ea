"""The page of decisions: every setting on which the paper is silent, and every one it states.

Generated from the declarations of the settings, so that page and code cannot drift apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mmer.settings import settings_within

_HEAD = """# Decisions

Where the paper is silent, the workflow decides in the open: each choice is a key of the
configuration with a default and a reason.  This page is generated from the settings' declarations
(`make decisions`); a test fails when it is out of date.
"""


def decisions_page(configuration: type[BaseModel]) -> str:
    """The page as Markdown: decided settings first, then those that a source states."""
    decided, stated = [], []
    for key, field in _settings(configuration, ""):
        extra = field.json_schema_extra or {}
        if "reason" in extra:
            decided.append((key, _default(field), field.description, extra["reason"]))
        elif "source" in extra:
            stated.append((key, _default(field), field.description, extra["source"]))
    return (
        f"{_HEAD}\n## Decided here\n\n{_table(decided, 'Reason')}\n\n"
        f"## Stated by the paper or a published recipe\n\n{_table(stated, 'Source')}\n"
    )


def configuration_schema(configuration: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of the configuration, by which editors complete and check it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **configuration.model_json_schema(),
    }


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Every leaf setting with its key; entries of a mapping are written ``<name>``."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        deeper = list(settings_within(field.annotation))
        if not deeper or "reason" in (field.json_schema_extra or {}):
            yield key, field
        if get_origin(field.annotation) is dict and not any(
            "family" in m.model_fields for m in deeper
        ):
            key = f"{key}.<name>"
        for inner in deeper:
            family = inner.model_fields.get("family")
            place = f"{key}.<{get_args(family.annotation)[0]}>" if family else key
            yield from _settings(inner, f"{place}.")


def _default(field: FieldInfo) -> str:
    """A default in YAML's words."""
    if field.default is PydanticUndefined:
        return "none, must be given"
    # A mapping of settings is told by what tells its entries apart, single settings in full.
    brief = not isinstance(field.default, BaseModel)
    value = TypeAdapter(Any).dump_python(field.default, mode="json", exclude_unset=brief)
    if value is None or isinstance(value, bool):
        value = json.dumps(value)
    return f"`{value}`"


def _table(rows: list[tuple[str, str, str | None, str]], last: str) -> str:
    """A Markdown table whose cells are not padded: a changed one is the only changed line."""
    lines = [f"| Key | Default | Meaning | {last} |", "|---|---|---|---|"]
    for key, default, meaning, why in rows:
        cells = [f"`{key}`", default, meaning or "", why]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
