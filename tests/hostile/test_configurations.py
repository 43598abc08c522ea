"""Configuration files: complete and usable, or every mistake in a line with its file and key."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mmer.config import Configuration
from mmer.configuration_check import check_configuration, registry_of
from mmer.registry import read_registry
from mmer.runtime.errors import UserError
from tests.plans import SHIPPED, merge, read

from .tries import TRIED, hostile

KEYS = read(SHIPPED)
KINDS = read_registry()


def places(values: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key of the shipped configuration, as a path."""
    for key, value in values.items() if isinstance(values, Mapping) else ():
        yield (*above, key)
        yield from places(value, (*above, key))


DEFAULTS = check_configuration(KEYS, [SHIPPED], KINDS).model_dump(mode="json")
PLACES = sorted(set(places(KEYS)) | {p for p in places(DEFAULTS) if p[0] not in ("paper",)})

SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats()),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from([math.nan, math.inf, -1, 0, 10**30, "cuda:²", "cuda:", "../..", "a\nb", "{x}"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.text(max_size=5), st.integers(), st.none()), inner, max_size=3
        ),
    ),
    max_leaves=5,
)


def checked(overlay: Any) -> Configuration | list[str]:
    """The configuration, or the lines that tell what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mine.yaml"
        file.write_text(yaml.safe_dump(overlay, allow_unicode=True), "utf-8")
        values = merge(read(SHIPPED), read(file))
        try:
            configuration = check_configuration(values, [file], registry_of(values, [file]))
        except UserError as error:
            TRIED["refused"] += 1
            first, *lines = str(error).splitlines()
            if not lines:
                assert first.startswith(f"{file}: ")
                return [first]
            assert first.startswith(f"the configuration has {len(lines)} mistake")
            assert all(line.startswith(f"  {file}: ") for line in lines)
            return lines
    TRIED["accepted"] += 1
    return configuration


def assert_usable(configuration: Configuration) -> None:
    """Everything that steps are told of is sane, and survives the way through JSON."""
    again = type(configuration).model_validate_json(configuration.model_dump_json())
    assert again == configuration
    torch.manual_seed(configuration.seed)
    if configuration.compute.device != "auto":
        torch.device(configuration.compute.device)
    assert len(set(configuration.evaluated())) == len(configuration.evaluated())
    for path in vars(configuration.data).values():
        assert path is None or (path and "\0" not in path and not path.startswith("-"))
    for number in numbers(configuration.model_dump()):
        assert math.isfinite(number)


def numbers(values: Any) -> Iterator[float]:
    """Every number of a configuration."""
    if isinstance(values, Mapping):
        values = list(values.values())
    if isinstance(values, list | tuple):
        for value in values:
            yield from numbers(value)
    elif isinstance(values, float):
        yield values


@hostile(8)
@given(st.sampled_from(PLACES), VALUES)
def test_any_value_of_any_key_is_right_or_refused(place, value):
    overlay = value
    for key in reversed(place):
        overlay = {key: overlay}
    found = checked(overlay)
    if isinstance(found, Configuration):
        assert_usable(found)


@hostile(4)
@given(st.sampled_from([(), *PLACES]), st.text(min_size=1, max_size=8), VALUES)
def test_any_further_key_is_right_or_refused(place, key, value):
    overlay: Any = {key: value}
    for above in reversed(place):
        overlay = {above: overlay}
    found = checked(overlay)
    if isinstance(found, Configuration):
        assert_usable(found)


@pytest.mark.parametrize(
    ("overlay", "reason"),
    [
        ({"data": {"mirror": ""}}, "data.mirror"),
        ({"data": {"ravdess": "a\0b"}}, "data.ravdess"),
        ({"data": {"affectnet": "-rf"}}, "data.affectnet"),
        ({"data": {"downloads": "a{b}"}}, "data.downloads"),
        ({"data": {"downloads": "<results>"}}, "data.downloads"),
        ({"compute": {"device": "cuda:²"}}, "compute.device"),
        ({"seed": -1}, "seed"),
        ({"systems": ["zero_rule", "zero_rule/full"]}, "named 2 times"),
        ({"models": {"zero_rule": {"variants": ["full", "full"]}}}, "each variant once"),
        ({"models": {"human_face": {"accuracy": math.nan}}}, "models.human_face.accuracy"),
        ({"paper": {"vad": {"table": "../elsewhere"}}}, "paper.vad.table"),
        ({"a\nb": 1}, "a\\nb: unknown key"),
        ({7: 1}, "every key is text"),
    ],
)
def test_what_would_only_fail_later_is_refused_at_once(overlay, reason):
    assert any(reason in line for line in checked(overlay))
