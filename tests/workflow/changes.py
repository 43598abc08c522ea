"""Changes: each is made on a project, gives the options of the next command, and is taken back."""

from __future__ import annotations

import ast
import copy
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .project import Project
from .tiny import OWN_FAMILY, SYSTEMS, TINY

Change = Callable[[Project], AbstractContextManager[list[str]]]
"""Makes a change, gives the options of the next command, and takes the change back."""


def awaiting(
    make: Callable[..., AbstractContextManager[list[str]]], *how: Any, **named: Any
) -> Change:
    """A change that awaits its project."""
    return lambda project: make(project, *how, **named)


def all_of(*changes: Change) -> Change:
    """Several changes at once."""

    @contextmanager
    def make(project: Project) -> Iterator[list[str]]:
        with ExitStack() as stack:
            yield [option for each in changes for option in stack.enter_context(each(project))]

    return make


@contextmanager
def given(project: Project, *options: str) -> Iterator[list[str]]:
    """Give the command other options."""
    yield list(options)


@contextmanager
def configured(project: Project, *keys: str, value: Any) -> Iterator[list[str]]:
    """Set one key of the configuration."""
    section = changed = copy.deepcopy(TINY)
    for key in keys[:-1]:
        section = section.setdefault(key, {})
    section[keys[-1]] = value
    project.configure("changed.yaml", **changed)
    yield ["--configfile", "changed.yaml"]


@contextmanager
def with_another_model(project: Project) -> Iterator[list[str]]:
    """Evaluate one more CNN-14."""
    models = copy.deepcopy(TINY["models"])
    settings = {**models["cnn14_fine_tuned"]["settings"], "learning_rate": 0.01}
    models["cnn14_faster"] = {"family": "cnn14", "title": "CNN-14, faster", "settings": settings}
    project.configure("changed.yaml", models=models, systems=[*SYSTEMS, "cnn14_faster/vad"])
    yield ["--configfile", "changed.yaml"]


@contextmanager
def rewritten(project: Project, file: str, change: Callable[[str], str]) -> Iterator[list[str]]:
    """Change the text of one file; the text comes back, the file's time does not."""
    path = project.folder / file
    before = path.read_text("utf-8")
    assert change(before) != before
    path.write_text(change(before), "utf-8")
    try:
        yield []
    finally:
        path.write_text(before, "utf-8")


def edited(file: str, old: str, new: str) -> Change:
    """Replace some words of one file."""
    return awaiting(rewritten, file, lambda text: text.replace(old, new))


def reformatted(text: str) -> str:
    """A module without its comments, its docstring and its layout."""
    tree = ast.parse(text)
    del tree.body[0]
    return f"{ast.unparse(tree)}\n# the end\n"


@contextmanager
def touched(project: Project, *patterns: str) -> Iterator[list[str]]:
    """Make files look as if they had just been written."""
    files = [f for pattern in patterns for f in project.folder.glob(pattern) if f.is_file()]
    assert files
    times = {file: file.stat() for file in files}
    for file in files:
        file.touch()
    try:
        yield []
    finally:
        for file, before in times.items():
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@contextmanager
def moved_aside(path: Path) -> Iterator[Path]:
    """Move a file aside, and back with its time; gives where it lies meanwhile."""
    aside = path.with_name(f"{path.name}.aside")
    shutil.move(path, aside)
    try:
        yield aside
    finally:
        shutil.move(aside, path)


@contextmanager
def without(project: Project, file: str) -> Iterator[list[str]]:
    """Delete one file of the project."""
    with moved_aside(project.folder / file):
        yield []


@contextmanager
def with_another_clip(project: Project, archive: str) -> Iterator[list[str]]:
    """Exchange one clip in an actor's archive for another one."""
    path = project.folder / archive
    with moved_aside(path) as aside:
        with zipfile.ZipFile(aside) as old, zipfile.ZipFile(path, "w") as new:
            first, second, *_ = old.namelist()
            for name in old.namelist():
                new.writestr(name, old.read(second if name == first else name))
        yield []


@contextmanager
def with_library(project: Project, distribution: str, version: str) -> Iterator[list[str]]:
    """Install a version of a library where Python looks first: in the folder of the run."""
    folder = project.folder / f"{distribution}-{version}.dist-info"
    folder.mkdir()
    written = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    (folder / "METADATA").write_text(written)
    try:
        yield []
    finally:
        shutil.rmtree(folder)


@contextmanager
def with_another_plugin(project: Project) -> Iterator[list[str]]:
    """Name a second plug-in, of which nothing is used."""
    first = (project.folder / OWN_FAMILY).read_text("utf-8")
    second = project.folder / "second.py"
    second.write_text(first.replace("stubborn", "mulish").replace("Stubborn", "Mulish"), "utf-8")
    try:
        with configured(project, "plugins", value=[OWN_FAMILY, second.name]) as options:
            yield options
    finally:
        second.unlink()
