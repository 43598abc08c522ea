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


@pytest.fixture
def installed(monkeypatch):
    """A function that sets the installed versions of libraries."""

    def install(**versions: str) -> None:
        monkeypatch.setattr(module.metadata, "version", versions.__getitem__)
        module._installed.cache_clear()

    yield install
    module._installed.cache_clear()


USES_TORCH = {"mmer/layers.py": "def width(x):\n    import torch.nn\n    return x + 1\n"}


def test_another_version_of_a_library_counts_for_those_who_import_it(versions, installed):
    installed(torch="2.11.0")
    train, vote = versions(USES_TORCH)
    installed(torch="2.12.0")
    changed = versions(USES_TORCH)
    assert changed[0] != train
    assert changed[1] == vote


def test_a_build_for_another_device_does_not_count(versions, installed):
    installed(torch="2.11.0+cpu")
    before = versions(USES_TORCH)
    installed(torch="2.11.0+cu130")
    assert versions(USES_TORCH) == before


def test_a_library_that_stores_or_draws_does_not_count(versions, installed):
    uses_pandas = {"mmer/layers.py": "import pandas\n\nwidth = pandas.DataFrame\n"}
    installed(pandas="3.1")
    before = versions(uses_pandas)
    installed(pandas="3.2")
    assert versions(uses_pandas) == before


def test_a_library_beneath_another_counts(versions, installed):
    uses_sklearn = {"mmer/layers.py": "from sklearn.svm import SVC as width\n"}
    versions_of = {"scikit-learn": "1.9", "scipy": "1.17", "numpy": "2.4"}
    installed(**versions_of)
    before = versions(uses_sklearn)
    installed(**{**versions_of, "scipy": "1.18"})
    assert versions(uses_sklearn)[0] != before[0]


def test_every_library_of_the_decision_is_installed_here():
    for distributions in module.NUMERICAL_LIBRARIES.values():
        assert all(module._installed(name) != "not installed" for name in distributions)


def test_the_real_entries_have_versions_of_their_own():
    scripts = Path(__file__).parents[2] / "workflow_scripts"
    source_version.cache_clear()
    entries = [file.stem for file in scripts.glob("*.py")]
    assert len({source_version(scripts, entry) for entry in entries}) == len(entries)
