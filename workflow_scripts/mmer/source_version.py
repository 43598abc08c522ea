"""The version of a step: a digest of what its code means, not of how it is written.

A workflow engine that compares files re-runs a step after a comment was edited and does not see a
module that changed.  The version computed here is passed to each step as a parameter: it changes
when, and only when, the syntax tree of the entry or of a module that it imports changes, or the
installed version of a numerical library that one of them imports.  Docstrings, comments and
formatting do not count.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = "mmer"

UNCOUNTED = frozenset({"mmer.entry", "mmer.errors", "mmer.settings", "mmer.writing"})
"""Modules that do not bear on results: how an entry starts, what errors look like, the base of
settings, and how a file comes to be whole."""

SETTINGS = (".settings", "_settings")
"""How names of modules of settings end.  They are left out too: their values are parameters of
steps."""

NUMERICAL_LIBRARIES: dict[str, tuple[str, ...]] = {
    "av": ("av",),
    "cv2": ("opencv-python-headless",),
    "inaSpeechSegmenter": ("inaSpeechSegmenter", "tensorflow", "keras"),
    "librosa": ("librosa", "numpy", "scipy"),
    "numpy": ("numpy",),
    "scipy": ("scipy", "numpy"),
    "sklearn": ("scikit-learn", "scipy", "numpy"),
    "statsmodels": ("statsmodels", "scipy", "numpy"),
    "tensorflow": ("tensorflow", "numpy"),
    "torch": ("torch",),
    "torchaudio": ("torchaudio", "torch"),
    "torchvision": ("torchvision", "torch"),
}
"""The decision which libraries re-run what uses them: by imported name, the distributions whose
versions count.

They are those that compute the numbers.  Libraries that store, check or draw (pandas, h5py,
safetensors, pydantic, matplotlib) are left out: a new version of one of them would otherwise repeat
every training that writes a table."""


@cache
def source_version(scripts: Path, entry: str) -> str:
    """Digest of an entry, of every library module it reaches, and of what computes for them.

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
    text = "\n".join(f"{name} {version}" for name, version in sorted(reached.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _visit(scripts: Path, module: str, reached: dict[str, str]) -> None:
    """Note the digest of a module, of all that it imports from the package, and of libraries."""
    for distribution in NUMERICAL_LIBRARIES.get(module.partition(".")[0], ()):
        reached[f"library {distribution}"] = _installed(distribution)
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
def _installed(distribution: str) -> str:
    """The version of an installed distribution, without the part that names a build.

    A build for another device is the same library, and another device re-runs nothing.
    """
    try:
        return metadata.version(distribution).partition("+")[0]
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def _digest(file: Path) -> tuple[str, tuple[str, ...]]:
    """Digest of a file's syntax tree without docstrings, and the modules it names."""
    tree = ast.parse(file.read_text("utf-8"))
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        _drop_docstring(node)
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    followed = {PACKAGE, *NUMERICAL_LIBRARIES}
    return digest, tuple(name for name in imported if name.partition(".")[0] in followed)


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
