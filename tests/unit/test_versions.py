"""The version of a step: it follows the meaning of what the step reaches, not its looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmer.runtime import versions as module
from mmer.runtime.versions import (
    NUMERICAL_LIBRARIES,
    meaning_of,
    step_version,
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
