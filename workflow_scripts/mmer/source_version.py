"""The version of a step: a digest of what its code means, not of how it is written.

A workflow engine that compares files re-runs a step after a comment was edited and does not see a
module that changed.  The version computed here is passed to each step as a parameter: it changes
when, and only when, the syntax tree of the entry or of a module that it imports changes.
Docstrings, comments and formatting do not count.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "mmer"

UNCOUNTED = frozenset({"mmer.entry", "mmer.errors", "mmer.settings"})
"""Modules that do not bear on results: how an entry starts, what errors look like, and the base
of settings."""

SETTINGS = (".settings", "_settings")
"""How names of modules of settings end.  They are left out too: their values are parameters of
steps."""


@cache
def source_version(scripts: Path, entry: str) -> str:
    """Digest of an entry and of every library module it reaches.

    Parameters
    ----------
    scripts
        The folder that holds the entries and the package ``mmer``.
    entry
        Name of the entry without its ending.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    reached: dict[str, str] = {}
    _visit(scripts, entry, reached)
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(reached.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _visit(scripts: Path, module: str, reached: dict[str, str]) -> None:
    """Note the digest of a module and of all that it imports from the package."""
    if module in reached or module in UNCOUNTED or module.endswith(SETTINGS):
        return
    file = _file_of(scripts, module)
    if file is None:
        return
    digest, imported = _digest(file)
    reached[module] = digest
    for name in imported:
        _visit(scripts, name, reached)


def _file_of(scripts: Path, module: str) -> Path | None:
    """The file of a module, None where the name is an object within a module."""
    base = scripts.joinpath(*module.split("."))
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return file
    return None


@cache
def _digest(file: Path) -> tuple[str, tuple[str, ...]]:
    """Digest of a file's syntax tree without docstrings, and the package's modules it names."""
    tree = ast.parse(file.read_text("utf-8"))
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        _drop_docstring(node)
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return digest, tuple(name for name in imported if name.split(".")[0] == PACKAGE)


def _drop_docstring(node: ast.AST) -> None:
    """Remove strings that stand alone as statements: docstrings and attribute docstrings."""
    body = getattr(node, "body", None)
    if isinstance(body, list):
        kept = [
            statement
            for statement in body
            if not (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
            )
        ]
        node.body = kept or [ast.Pass()]
