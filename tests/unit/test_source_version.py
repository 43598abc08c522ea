"""The version of a step: it follows the meaning of the code, not its looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmer import source_version as module
from mmer.source_version import source_version

LIBRARY = {
    "train.py": "from mmer.speech.network import Network\n\nprint(Network(1))\n",
    "vote.py": "from mmer.face import voting\n",
    "mmer/__init__.py": "",
    "mmer/speech/__init__.py": "",
    "mmer/speech/network.py": "from mmer.layers import width\n\nNetwork = width\n",
    "mmer/layers.py": "def width(x):\n    return x + 1\n",
    "mmer/face/__init__.py": "",
    "mmer/face/voting.py": "TIES = 1\n",
}


@pytest.fixture
def versions(tmp_path):
    """A function that edits one file of a small library and gives both entries' versions."""

    def after(edits: dict[str, str]) -> tuple[str, str]:
        for name, text in {**LIBRARY, **edits}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        source_version.cache_clear()
        module._digest.cache_clear()
        return source_version(tmp_path, "train"), source_version(tmp_path, "vote")

    return after


def test_looks_do_not_count(versions):
    before = versions({})
    edited = (
        '"""Layers."""\n\n\ndef width(x):\n    """Wider."""\n    # by one\n    return (x + 1)\n'
    )
    assert versions({"mmer/layers.py": edited}) == before


def test_a_changed_module_counts_for_those_who_reach_it(versions):
    train, vote = versions({})
    changed = versions({"mmer/layers.py": "def width(x):\n    return x + 2\n"})
    assert changed[0] != train
    assert changed[1] == vote


def test_imports_of_modules_from_packages_are_followed(versions):
    train, vote = versions({})
    changed = versions({"mmer/face/voting.py": "TIES = 2\n"})
    assert changed[0] == train
    assert changed[1] != vote


@pytest.mark.parametrize("name", ["settings", "network_settings"])
def test_modules_of_settings_do_not_count(versions, name):
    """Their values are parameters of the steps."""
    imported = {"mmer/layers.py": f"from mmer.speech.{name} import width\n"}
    before = versions({f"mmer/speech/{name}.py": "width = 1\n", **imported})
    assert versions({f"mmer/speech/{name}.py": "width = 2\n", **imported}) == before


def test_touching_a_file_does_not_count(versions, tmp_path):
    before = versions({})
    (tmp_path / "mmer/layers.py").touch()
    assert versions({}) == before


def test_the_real_entries_have_versions_of_their_own():
    scripts = Path(__file__).parents[2] / "workflow_scripts"
    source_version.cache_clear()
    entries = [file.stem for file in scripts.glob("*.py")]
    assert len({source_version(scripts, entry) for entry in entries}) == len(entries)
