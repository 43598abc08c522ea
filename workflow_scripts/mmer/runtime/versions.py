"""The version of a step: a digest of what its code means, not of how it is written.

A workflow engine that compares files re-runs a step after a comment was edited and does not see a
module that changed.  The version computed here is told to each step: it changes when, and only
when, the syntax tree of the entry, of the family's or corpus's file, or of a module that one of
them imports changes, or the installed version of a numerical library that one of them imports.

Not counted are docstrings, comments and formatting; what is imported for annotations only; and what
is told to a step as a value: defaults, reasons and limits of settings, and what it asks of a
machine.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path

PACKAGE = "mmer"

UNCOUNTED = {
    "mmer.registry": "finds a family or corpus, whose own file counts",
    "mmer.runtime.errors": "what a mistake of the user's looks like",
    "mmer.runtime.job": "how a job is told, where it computes and what it logs",
    "mmer.runtime.writing": "how a file comes to be whole",
    "mmer.settings": "the base of settings, whose values are told to each step",
}
"""Modules that do not bear on results, each with the reason."""

DECLARATIONS = frozenset({"Field", "decided", "from_source"})
"""What declares a setting in a class; its name and type count, its default is told to the steps."""

NUMERICAL_LIBRARIES: dict[str, tuple[str, ...]] = {
    "av": ("av",),
    "cv2": ("opencv-python-headless",),
    "inaSpeechSegmenter": ("inaSpeechSegmenter", "tensorflow", "keras"),
    "librosa": ("librosa", "numpy", "scipy"),
    "numpy": ("numpy",),
    "opensmile": ("opensmile",),
    "scipy": ("scipy", "numpy"),
    "skimage": ("scikit-image", "numpy"),
    "sklearn": ("scikit-learn", "scipy", "numpy"),
    "statsmodels": ("statsmodels", "scipy", "numpy"),
    "tensorflow": ("tensorflow", "numpy"),
    "torch": ("torch",),
    "torchaudio": ("torchaudio", "torch"),
    "torchvision": ("torchvision", "torch"),
    "transformers": ("transformers", "tokenizers", "torch"),
}
"""The decision which libraries re-run what uses them: by imported name, the distributions whose
versions count.

They are those that compute the numbers.  Libraries that store, check or draw (pandas, h5py,
safetensors, pydantic, matplotlib) are left out: a new version of one of them would otherwise repeat
every training that writes a table."""


AFTERWARDS = frozenset({"kept_state", "for_new_recordings"})
"""Methods of families that no step of a run calls, but what is done with a finished run."""


@dataclass(frozen=True)
class Meaning:
    """What counts of a module.

    Attributes
    ----------
    digest
        Of its syntax tree, without what does not count.
    imports
        Modules of the package and numerical libraries that it names, or objects in them.
    """

    digest: str
    imports: tuple[str, ...]


@cache
def step_version(
    scripts: Path, entry: str, files: tuple[Path, ...] = (), afterwards: bool = False
) -> str:
    """Digest of an entry, of every module that it reaches, and of what computes for them.

    Parameters
    ----------
    scripts
        The folder that holds the entries and the package ``mmer``.
    entry
        Name of the entry without its ending.
    files
        What the step loads by name and no import shows: the file of its family, of its corpus.
    afterwards
        Whether it is done with a finished run, so that methods count that no step of a run calls.
    """
    roots = {entry: meaning_of(scripts / f"{entry}.py", afterwards)}
    for file in files:
        inside = file.is_relative_to(scripts)
        name = ".".join(file.relative_to(scripts).with_suffix("").parts) if inside else file.name
        roots[name] = meaning_of(file, afterwards)
    return version(reached(roots, partial(_module, scripts, afterwards=afterwards)))


def reached(
    roots: dict[str, Meaning], module: Callable[[str], Meaning | None]
) -> dict[str, Meaning | None]:
    """By name, modules of the package and, as None, libraries that some modules reach.

    ``module`` gives what counts of a module of the package; None for a name that is none.
    """
    found: dict[str, Meaning | None] = dict(roots)
    waiting = [name for root in roots.values() for name in _loaded(root.imports)]
    while waiting:
        name = waiting.pop()
        library = name.partition(".")[0] != PACKAGE
        name = name.partition(".")[0] if library else name
        if name in found or name in UNCOUNTED:
            continue
        meaning = None if library else module(name)
        if library or meaning:
            found[name] = meaning
            waiting += _loaded(meaning.imports) if meaning else ()
    return found


def version(found: dict[str, Meaning | None]) -> str:
    """Digest of modules and of the installed versions of libraries."""
    digests = {name: meaning.digest for name, meaning in found.items() if meaning}
    libraries = [name for name, meaning in found.items() if meaning is None]
    for distribution in {each for name in libraries for each in NUMERICAL_LIBRARIES[name]}:
        digests[f"library {distribution}"] = _installed(distribution)
    text = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _loaded(imports: Iterable[str]) -> list[str]:
    """The imported names and the packages around them, whose own code runs first."""
    parts = [name.split(".") for name in imports]
    return [".".join(each[:length]) for each in parts for length in range(1, len(each) + 1)]


def _module(scripts: Path, name: str, afterwards: bool = False) -> Meaning | None:
    """What counts of a module; None where the name is an object within one."""
    base = scripts.joinpath(*name.split("."))
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return meaning_of(file, afterwards)
    return None


@cache
def meaning_of(file: Path, afterwards: bool = False) -> Meaning:
    """What counts of a file."""
    return meaning(counted(file.read_text("utf-8"), afterwards))


def counted(source: str, afterwards: bool = False) -> ast.Module:
    """The syntax tree of a source, without what does not count."""
    return _Counted(afterwards).visit(ast.parse(source))


def meaning(tree: ast.Module) -> Meaning:
    """Digest and imports of a tree that :func:`counted` made."""
    imports: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, "imports are absolute here"
            imports += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    followed = {PACKAGE, *NUMERICAL_LIBRARIES}
    return Meaning(
        hashlib.sha256(ast.dump(tree).encode()).hexdigest(),
        tuple(name for name in imports if name.partition(".")[0] in followed),
    )


class _Counted(ast.NodeTransformer):
    """Removes from a tree what does not count."""

    def __init__(self, afterwards: bool) -> None:
        self.afterwards = afterwards

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Docstrings: strings that stand alone as statements."""
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return None
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Imports for annotations only."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Defaults of settings, and what is done with a finished run."""
        if not self.afterwards:
            node.body = [each for each in node.body if getattr(each, "name", "") not in AFTERWARDS]
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and _called(statement.value) in DECLARATIONS:
                statement.value = None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """What a step asks of a machine."""
        if _called(node) == "Resources":
            node.args, node.keywords = [], []
        return self.generic_visit(node)


def _called(value: ast.expr | None) -> str:
    called = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return value.func.id if called else ""


@cache
def _installed(distribution: str) -> str:
    """The version of an installed distribution, without the part that names a build.

    A build for another device is the same library, and another device re-runs nothing.
    """
    try:
        return metadata.version(distribution).partition("+")[0]
    except metadata.PackageNotFoundError:
        return "not installed"
