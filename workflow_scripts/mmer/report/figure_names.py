"""File names of the figures of systems."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mmer.errors import UserError

_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*(/[A-Za-z0-9][A-Za-z0-9_]*)?", re.ASCII)


def file_stems(systems: Iterable[str]) -> dict[str, str]:
    """A file name for every system, ``model/variant`` written as ``model_variant``.

    Raises
    ------
    UserError
        If a name is no name of a system, or two would share a file.
    """
    stems: dict[str, str] = {}
    for system in systems:
        if not _SYSTEM.fullmatch(system):
            raise UserError(
                f"system {system!r} cannot name a figure: use letters, digits and underscores"
            )
        stem = system.replace("/", "_")
        if stem in stems.values():
            raise UserError(f"two systems would write the figure {stem}: rename system {system!r}")
        stems[system] = stem
    return stems
