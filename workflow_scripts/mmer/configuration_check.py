"""Check a configuration and tell every mistake at once, with the file and the key."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mmer.config import Configuration, configuration_class
from mmer.configuration_references import Mistake, reference_errors
from mmer.registry import Registry, read_registry
from mmer.runtime.errors import UserError
from mmer.settings import settings_within

_ON_OTHER_VALUES = ("protocol", "task", "fusion.settings")
"""Keys whose mistakes depend on values of other sections, and not on names alone."""


def registry_of(values: Mapping[str, Any], files: Sequence[Path]) -> Registry:
    """The registry with the plug-ins that the merged values of some files name.

    A UserError if they name none in a list of paths, or one cannot be imported.
    """
    plugins = values.get("plugins") or ()
    if not isinstance(plugins, list | tuple) or not all(isinstance(file, str) for file in plugins):
        text = f"a list of paths is wanted, but it is {plugins!r}"
        raise _mistakes([(["plugins"], text)], files)
    return read_registry(tuple(map(Path, plugins)))


def check_configuration(
    values: Mapping[str, Any], files: Sequence[Path], registry: Registry
) -> Configuration:
    """Validate the merged values of all configuration files.

    A UserError with one line per mistake: file, key, what is wrong, what to do.

    Of the ``files`` it was merged from later ones win.
    """
    if not all(isinstance(key, str) for key in values):
        raise UserError(f"{files[-1] if files else 'configuration'}: every key is text: mend it")
    values = _without_removed(values)
    kind = configuration_class(registry)
    try:
        configuration = kind.model_validate(values)
    except ValidationError as error:
        found = [(_key_path(values, item["loc"]), _sentence(item, kind)) for item in error.errors()]
        more = _in_what_is_right(values, error, kind, registry)
        found += [(key.split("."), text) for key, text in more]
        raise _mistakes(found, files) from error
    errors = reference_errors(configuration, registry)
    if errors:
        raise _mistakes([(key.split("."), text) for key, text in errors], files)
    return configuration


def _in_what_is_right(
    values: Mapping[str, Any], wrong: ValidationError, kind: type[Configuration], registry: Registry
) -> list[Mistake]:
    """Unknown names and the like, as far as wrong values beside them let them be seen."""
    right = copy.deepcopy(dict(values))
    places = dict.fromkeys(tuple(_key_path(values, item["loc"])[:2]) for item in wrong.errors())
    for section, *key in reversed(places):  # of a list the last one first
        part = right.get(section)
        if key and isinstance(part, dict):
            part.pop(key[0], None)
        elif key and isinstance(part, list):
            right[section] = [value for row, value in enumerate(part) if str(row) != key[0]]
        else:
            right.pop(section, None)
    try:
        configuration = kind.model_validate(right)
    except ValidationError:  # too little is left
        return []
    broken = {key[0] for section, *key in places if section == "models" and key}
    mistakes = reference_errors(configuration, registry, broken)
    return [(key, text) for key, text in mistakes if not key.startswith(_ON_OTHER_VALUES)]


def _without_removed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without entries that a later file set to null to remove them.

    Only named entries can be removed: models, pairings and rows of the paper.
    """
    kept = dict(values)
    for name in ("models", "paper"):
        if isinstance(kept.get(name), Mapping):
            kept[name] = _present(kept[name])
    fusion = kept.get("fusion")
    if isinstance(fusion, Mapping) and isinstance(fusion.get("pairings"), Mapping):
        kept["fusion"] = {**fusion, "pairings": _present(fusion["pairings"])}
    return kept


def _present(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in entries.items() if entry is not None}


def _mistakes(found: list[tuple[list[str], str]], files: Sequence[Path]) -> UserError:
    """One error that lists all mistakes."""
    contents = {file: yaml.safe_load(file.read_text("utf-8")) for file in files}
    lines = [
        _one_line(f"{_origin(path, contents)}: {'.'.join(path)}: {text}") for path, text in found
    ]
    count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
    return UserError(
        "\n".join([f"the configuration has {count}:", *(f"  {line}" for line in lines)])
    )


def _one_line(text: str) -> str:
    """The text with line breaks and the like written as in Python."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _key_path(values: Any, location: Sequence[str | int]) -> list[str]:
    """The keys of a mistake as the user wrote them, without pydantic's names of alternatives."""
    path = []
    for part in location:
        if isinstance(values, Mapping) and part not in values and part == values.get("family"):
            continue
        path.append(str(part))
        if isinstance(values, Mapping):
            values = values.get(part)
        elif isinstance(values, Sequence) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            values = None
    return path


def _sentence(item: Any, kind: type[Configuration]) -> str:
    """What is wrong, and the nearest known key where one is unknown."""
    if item["type"] == "extra_forbidden":
        unknown = str(item["loc"][-1])
        known = _siblings(kind, unknown, item["loc"][:-1])
        near = difflib.get_close_matches(unknown, known, n=1)
        return f"unknown key; did you mean {near[0]}?" if near else "unknown key; remove it"
    if item["type"] == "missing":
        return "is missing; add it"
    text = item["msg"].removeprefix("Value error, ")
    given = item.get("input")
    return f"{text[0].lower()}{text[1:]}, but it is {given!r}"


def _siblings(kind: type[Configuration], unknown: str, location: Sequence[str | int]) -> list[str]:
    """The keys known at a place of the configuration."""
    models: list[Any] = [kind]
    for part in location:
        models = [deeper for model in models for deeper in _deeper(model, part)]
    names = {name for model in models for name in getattr(model, "model_fields", {})}
    return sorted(names - {unknown})  # another family may have it


def _deeper(model: Any, part: str | int) -> Iterator[Any]:
    """The settings classes reached from one by a key, a name in a mapping or an alternative."""
    fields = getattr(model, "model_fields", {})
    if part in fields:
        yield from settings_within(fields[part].annotation)
    elif fields.get("family") is not None or not isinstance(part, str) or not fields:
        yield model


def _origin(path: Sequence[str], contents: Mapping[Path, Any]) -> str:
    """The last file that holds a key, or as much of its path as any file does."""
    for depth in range(len(path), 0, -1):
        for file, content in reversed(contents.items()):
            for part in path[:depth]:
                content = content.get(part) if isinstance(content, Mapping) else None
            if content is not None:
                return str(file)
    return str([*contents][-1]) if contents else "configuration"
