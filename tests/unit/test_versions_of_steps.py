"""The versions of the project's own steps: each follows all that it reaches, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache, partial
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from mmer.models.base import Family
from mmer.registry import read_registry
from mmer.runtime import versions as module
from mmer.runtime.versions import (
    UNCOUNTED,
    counted,
    meaning,
    meaning_of,
    reached,
    step_version,
    version,
)

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"


def name_of(file: Path) -> str:
    """A file below the scripts as a module."""
    return ".".join(file.relative_to(SCRIPTS).with_suffix("").parts).removesuffix(".__init__")


REGISTRY = read_registry()
FAMILIES = sorted({REGISTRY.files[name] for name in REGISTRY.families})
CORPORA = sorted({REGISTRY.files[name] for name in REGISTRY.corpora})
STEPS = {
    **{(file,): file.stem for file in sorted(SCRIPTS.glob("*.py"))},
    **{(SCRIPTS / "run_model.py", file): f"run_model {file.stem}" for file in FAMILIES},
    **{(SCRIPTS / "prepare_media.py", file): f"prepare_media {file.stem}" for file in CORPORA},
}
"""Steps by the files that they begin with."""


AFTER_A_RUN = {SCRIPTS / "export_run.py", SCRIPTS / "predict_recordings.py"}
"""Entries for which it counts what families do with a finished run."""


@cache
def of_module(name: str, afterwards: bool = False) -> module.Meaning | None:
    """What counts of a module of the project."""
    return module._module(SCRIPTS, name, afterwards)


@cache
def reached_by(
    files: tuple[Path, ...], afterwards: bool | None = None
) -> dict[str, module.Meaning | None]:
    """What a step of the project reaches."""
    afterwards = files[0] in AFTER_A_RUN if afterwards is None else afterwards
    roots = {name_of(file): meaning_of(file, afterwards) for file in files}
    return reached(roots, partial(of_module, afterwards=afterwards))


def seen_by_python(files: tuple[Path, ...]) -> set[str]:
    """Modules of the project that the bytecode of some files and of their imports names."""
    finder = ModuleFinder([str(SCRIPTS)], excludes=list(UNCOUNTED))
    for file in files:
        finder.run_script(str(file))
    inside = {Path(found.__file__) for found in finder.modules.values() if found.__file__}
    return {name_of(file) for file in {*inside, *files}}


@pytest.mark.parametrize("files", STEPS, ids=STEPS.values())
def test_what_a_step_reaches_is_what_its_bytecode_imports(files):
    found = {name for name, counts in reached_by(files, afterwards=True).items() if counts}
    assert found == seen_by_python(files)


@pytest.mark.parametrize("name", sorted(REGISTRY.families))
def test_what_a_family_does_with_a_finished_run_counts_for_no_step_of_the_run(name):
    before, after = (
        {
            each
            for each in reached_by((SCRIPTS / "run_model.py", REGISTRY.files[name]), afterwards)
            if re.search(r"networks\.kept_|new_recordings$", each)
        }
        for afterwards in (False, True)
    )
    own = type(REGISTRY.families[name])
    assert not before
    assert bool(after) == (own.for_new_recordings is not Family.for_new_recordings)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Every function, method and validator."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_function_that_a_step_reaches_counts_for_exactly_the_steps_that_reach_it():
    before = {files: version(reached_by(files)) for files in STEPS}
    walked = 0
    for name in sorted({name for files in STEPS for name in reached_by(files)}):
        if of_module(name) is None and not (SCRIPTS / f"{name}.py").is_file():
            continue  # a library
        file = next(file for file in SCRIPTS.rglob("*.py") if name_of(file) == name)
        tree = counted(file.read_text("utf-8"))
        for function in functions(tree):
            function.body.insert(0, ast.Raise())
            changed = meaning(tree)
            del function.body[0]
            stale = {
                files
                for files in STEPS
                if before[files]
                != version({k: changed if k == name else v for k, v in reached_by(files).items()})
            }
            assert stale == {files for files in STEPS if name in reached_by(files)}, function.name
            walked += 1
    assert walked > 500


@pytest.mark.parametrize("file", FAMILIES, ids=lambda file: file.stem)
def test_no_other_family_reaches_a_family(file):
    others = [other for other in FAMILIES if other != file]
    for other in others:
        assert name_of(file) not in reached_by((SCRIPTS / "run_model.py", other)), other


def test_the_fusions_choice_of_systems_counts_for_the_fusion_and_for_no_training():
    choice = "mmer.fusion.settings"
    assert choice in reached_by((SCRIPTS / "fuse_predictions.py",))
    for file in FAMILIES:
        assert choice not in reached_by((SCRIPTS / "run_model.py", file)), file


def test_steps_have_versions_of_their_own():
    told = {step_version(SCRIPTS, files[0].stem, files[1:]) for files in STEPS}
    assert len(told) == len(STEPS)
