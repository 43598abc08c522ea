"""All families and corpora: the project's own and those of the user's plug-ins.

A family or corpus is found because its file defines it; nothing else is edited to add one.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from mmer.corpora.base import Corpus, CorpusJob
from mmer.models.base import Family
from mmer.runtime.errors import UserError

LIBRARY = Path(__file__).parent
NOT_FOUND_IN = ("__init__", "base", "job")

Kind = TypeVar("Kind", bound=type)


@dataclass(frozen=True, eq=False)
class Registry:
    """What can be named in a configuration.

    ``files`` say where each of them is defined, by name; for the versions of the steps that use it.
    """

    families: Mapping[str, Family]
    corpora: Mapping[str, type[Corpus]]
    files: Mapping[str, Path]

    def family(self, name: str) -> Family:
        """A family that must be there."""
        return self.families[name]


@lru_cache
def read_registry(plugins: tuple[Path, ...] = ()) -> Registry:
    """Import every family and corpus.

    A UserError if a plug-in cannot be imported, defines nothing, or a name is taken.

    What ``plugins``, files of the user's own, define may replace nothing.
    """
    families: dict[str, Family] = {}
    corpora: dict[str, type[Corpus]] = {}
    files: dict[str, Path] = {}
    for module, file in _modules(plugins):
        found = [*_defined(module, Family), *_defined(module, Corpus)]
        if not found and file in plugins:
            raise UserError(
                f"plugins: {file} defines neither a family nor a corpus: subclass Family of "
                "mmer.models.base or Corpus of mmer.corpora.base in it"
            )
        for kind in found:
            name = kind.name
            if name in files:
                raise UserError(f"{file} defines {name!r}, but {files[name]} does too: rename one")
            files[name] = file
            if issubclass(kind, Family):
                families[name] = kind()
            else:
                corpora[name] = kind
    return Registry(families, corpora, files)


def _modules(plugins: tuple[Path, ...]) -> Iterator[tuple[ModuleType, Path]]:
    """The project's own modules, then the user's."""
    for package in ("models", "corpora"):
        for file in sorted((LIBRARY / package).glob("*.py")):
            if file.stem not in NOT_FOUND_IN:
                yield importlib.import_module(f"mmer.{package}.{file.stem}"), file
    for file in plugins:
        yield _imported(file), file


def _imported(file: Path) -> ModuleType:
    name = f"plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise UserError(f"plugins: {file} is no Python file: mend its path")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations of settings are looked up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's code may fail in any way
        raise UserError(
            f"plugins: {file} cannot be imported ({type(error).__name__}: {error}): mend it"
        ) from error
    return module


def _defined(module: ModuleType, kind: type) -> list[type]:
    """The classes of a kind that a module itself defines, without abstract ones."""
    return [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, kind)
        and found.__module__ == module.__name__
        and not inspect.isabstract(found)
    ]


def corpus_of_job(job: CorpusJob) -> Corpus:
    """The corpus that a job is about; what it is called is of no use to a job."""
    kind = read_registry(job.plugins).corpora[job.corpus]
    settings = kind.Settings.model_validate({"label": job.corpus, **job.settings})
    return kind(settings, job.folder, job.seed)
