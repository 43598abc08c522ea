"""Known vulnerabilities of pinned packages, asked of the OSV database.

Source: https://osv.dev, which holds the Python Packaging Advisory Database among others; its batch
query takes names and versions and answers with the numbers of advisories.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from mmer.errors import UserError

DATABASE = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 10.0
LARGEST_BATCH = 1000
"""Queries at once that the database takes."""

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.!+_-]+)", re.ASCII | re.MULTILINE)


class DatabaseUnreachable(Exception):
    """The database cannot be asked, which says nothing of the packages."""


@dataclass(frozen=True)
class Pin:
    """A package at one version."""

    name: str
    version: str


def read_pins(lock: Path) -> list[Pin]:
    """The pins of a lock, sorted; several versions of one package are several pins.

    Raises
    ------
    UserError
        If the lock cannot be read or holds none.
    """
    try:
        found = {Pin(*match) for match in _PIN.findall(lock.read_text("utf-8"))}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{lock} cannot be read ({error}): run make lock") from error
    if not found:
        raise UserError(f"{lock} pins nothing: run make lock")
    return sorted(found, key=lambda pin: (pin.name, pin.version))


def known_vulnerabilities(
    pins: Sequence[Pin], database: str = DATABASE
) -> dict[Pin, tuple[str, ...]]:
    """The advisories of those pins that have any.

    Raises
    ------
    DatabaseUnreachable
        If there is no answer, or one that is not of the database's form.
    """
    found = {}
    for start in range(0, len(pins), LARGEST_BATCH):
        batch = pins[start : start + LARGEST_BATCH]
        for pin, numbers in zip(batch, _ask(batch, database), strict=True):
            if numbers:
                found[pin] = numbers
    return found


def _ask(pins: Sequence[Pin], database: str) -> list[tuple[str, ...]]:
    """The advisories of each pin."""
    queries = [
        {"package": {"name": pin.name, "ecosystem": "PyPI"}, "version": pin.version} for pin in pins
    ]
    try:
        response = requests.post(database, json={"queries": queries}, timeout=TIMEOUT_S)
        response.raise_for_status()
        results = response.json()["results"]
        if len(results) != len(pins):
            raise ValueError(f"{len(results)} answers to {len(pins)} questions")
        return [
            tuple(str(advisory["id"]) for advisory in (result.get("vulns") or ()))
            for result in results
        ]
    except (requests.RequestException, LookupError, TypeError, ValueError, AttributeError) as error:
        raise DatabaseUnreachable(f"{database} ({type(error).__name__})") from error
