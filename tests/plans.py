"""The shipped configuration with something laid over it, and the plan of such a run."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mmer.config import Configuration
from mmer.configuration_check import check_configuration, registry_of
from mmer.media.weights_registry import read_registered
from mmer.plan import Plan

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "config.yaml"
WEIGHTS = read_registered(ROOT / "resources" / "weights.yaml")


def merge(into: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Lay values over others as the workflow engine does: mappings deeply, the rest replaced."""
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
    return into


def read(file: Path) -> dict[str, Any]:
    """A configuration file; reading the shipped one again each time would take too long."""
    return yaml.safe_load(file.read_text("utf-8")) if file != SHIPPED else deepcopy(_shipped())


@cache
def _shipped() -> dict[str, Any]:
    return yaml.safe_load(SHIPPED.read_text("utf-8"))


def checked(*overlays: Path | Mapping[str, Any]) -> Configuration:
    """The shipped configuration with files or values laid over it, checked as a run checks it."""
    values, files = read(SHIPPED), [SHIPPED]
    for overlay in overlays:
        merge(values, read(overlay) if isinstance(overlay, Path) else overlay)
        files += [overlay] if isinstance(overlay, Path) else []
    return check_configuration(values, files, registry_of(values, files))


def planned(**sections: Any) -> Plan:
    """The plan of the shipped configuration with other sections; weights from the internet.

    Nothing is fused unless ``fusion`` says so.
    """
    values = {**read(SHIPPED), "fusion": {}, **sections}
    kinds = registry_of(values, [SHIPPED])
    return Plan(
        check_configuration(values, [SHIPPED], kinds), kinds, WEIGHTS, ROOT / "workflow_scripts"
    )
