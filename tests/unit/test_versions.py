"""The version of a step: it follows the meaning of what the step reaches, not its looks."""

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
    NUMERICAL_LIBRARIES,
    UNCOUNTED,
    counted,
    meaning,
    meaning_of,
    reached,
    step_version,
    version,
)

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
LIBRARY = {
    "train.py": "from mmer.speech.network import Network\n\nprint(Network(1))\n",
    "vote.py": "from mmer.face import voting\n",
    "mmer/__init__.py": "",
    "mmer/speech/__init__.py": "",
    "mmer/speech/network.py": "from mmer.layers import width\n\nNetwork = width\n",
    "mmer/speech/family.py": "def steps():\n    from mmer.speech import recipe\n",
    "mmer/speech/recipe.py": "RATE = 1\n",
    "mmer/layers.py": "def width(x):\n    return x + 1\n",
    "mmer/face/__init__.py": "",
    "mmer/face/voting.py": "TIES = 1\n",
    "plugin.py": "import mmer.layers\n",
}
SETTINGS = """
class Settings:
    \"\"\"What a model is told.\"\"\"

    rate: float = {rate}
    unit: str = "step"

    @validator
    def check(self):
        assert {check}


class Family:
    def steps(self):
        return Step("train", resources=Resources({resources}))
"""


@pytest.fixture
def versions(tmp_path):
    """A function that edits files of a small library and gives the versions of its two steps."""

    def after(edits: dict[str, str], *files: str) -> tuple[str, str]:
        for name, text in {**LIBRARY, **edits}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        step_version.cache_clear()
        meaning_of.cache_clear()
        paths = tuple(tmp_path / file for file in files)
        return step_version(tmp_path, "train", paths), step_version(tmp_path, "vote")

    return after


LOOKS = {
    "a docstring": '"""Layers."""\ndef width(x):\n    """Wider."""\n    return x + 1\n',
    "a comment": "def width(x):\n    # by one\n    return (x + 1)\n",
    "an annotation's import": "from typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from mmer.face import voting\ndef width(x):\n    return x + 1\n",
}


@pytest.mark.parametrize("looks", ["a docstring", "a comment"])
def test_looks_do_not_count(versions, looks):
    before = versions({})
    assert versions({"mmer/layers.py": LOOKS[looks]}) == before


def test_what_is_imported_for_annotations_only_is_not_reached(versions):
    annotated = {"mmer/layers.py": LOOKS["an annotation's import"]}
    before = versions(annotated)
    assert versions({**annotated, "mmer/face/voting.py": "TIES = 2\n"})[0] == before[0]


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("mmer/layers.py", "def width(x):\n    return x + 2\n", (True, False)),
        ("mmer/face/voting.py", "TIES = 2\n", (False, True)),
        ("mmer/face/__init__.py", "TIES = 2\n", (False, True)),
        ("mmer/__init__.py", "TIES = 2\n", (True, True)),
    ],
)
def test_a_changed_module_counts_for_those_who_reach_it(versions, file, text, changed):
    before = versions({})
    after = versions({file: text})
    assert tuple(a != b for a, b in zip(before, after, strict=True)) == changed


def test_what_is_loaded_by_name_counts_with_all_that_it_imports_in_its_functions(versions):
    family = "mmer/speech/family.py"
    before = versions({}, family)
    assert before != versions({})
    assert versions({"mmer/speech/recipe.py": "RATE = 2\n"}, family)[0] != before[0]


def test_a_users_own_file_counts_with_all_that_it_imports(versions):
    plain, before = versions({}), versions({}, "plugin.py")
    assert plain[0] != before[0]
    assert versions({"plugin.py": "import mmer.layers\nWIDE = 2\n"}, "plugin.py")[0] != before[0]


TOLD = {"rate": 'decided(0.1, "Step.", "It is.")', "check": "self.rate", "resources": "minutes=5"}


@pytest.mark.parametrize(
    ("key", "text", "changes"),
    [
        ("rate", 'decided(0.2, "Stride.", "It was.", gt=0)', False),
        ("rate", 'from_source(0.2, "Stride.", PAPER)', False),
        ("rate", 'Field(0.2, description="Stride.")', False),
        ("rate", "0.2", True),
        ("check", "self.rate < 1", True),
        ("resources", "minutes=60", False),
    ],
)
def test_defaults_and_reasons_of_settings_do_not_count_but_their_checks_do(
    versions, key, text, changes
):
    before = versions({"mmer/layers.py": SETTINGS.format(**TOLD)})
    after = versions({"mmer/layers.py": SETTINGS.format(**{**TOLD, key: text})})
    assert (after[0] != before[0]) == changes


@pytest.fixture
def installed(monkeypatch):
    """A function that sets the installed versions of libraries."""

    def install(**versions: str) -> None:
        monkeypatch.setattr(module.metadata, "version", versions.__getitem__)
        module._installed.cache_clear()

    yield install
    module._installed.cache_clear()


@pytest.mark.parametrize(
    ("imported", "before", "after", "changed"),
    [
        ("import torch.nn", {"torch": "2.11.0"}, {"torch": "2.12.0"}, True),
        ("import torch.nn", {"torch": "2.11.0+cpu"}, {"torch": "2.11.0+cu130"}, False),
        ("import pandas", {"pandas": "3.1"}, {"pandas": "3.2"}, False),
        (
            "from sklearn.svm import SVC",
            {"scikit-learn": "1.9", "scipy": "1.17", "numpy": "2.4"},
            {"scikit-learn": "1.9", "scipy": "1.18", "numpy": "2.4"},
            True,
        ),
    ],
    ids=["another version", "a build for another device", "one that stores", "one beneath"],
)
def test_libraries_that_compute_count_for_those_who_import_them(
    versions, installed, imported, before, after, changed
):
    uses = {"mmer/layers.py": f"def width(x):\n    {imported}\n    return x + 1\n"}
    installed(**before)
    first = versions(uses)
    installed(**after)
    second = versions(uses)
    assert (second[0] != first[0]) == changed
    assert second[1] == first[1]


def test_every_library_of_the_decision_is_installed_here():
    optional = {"opensmile"}  # `make egemaps`
    needed = {name for names in NUMERICAL_LIBRARIES.values() for name in names} - optional
    assert [name for name in needed if module._installed(name) == "not installed"] == []


# The project itself.


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
