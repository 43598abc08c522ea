"""Families and corpora are found by their files; a user's own file adds more and replaces none."""

from __future__ import annotations

import json

import pytest
from tests.plans import planned

from mmer.registry import read_registry
from mmer.runtime.errors import UserError

MINE = """
from typing import Literal

from mmer.models.base import PREDICTIONS, Family, ModelEntry, Output, Step


class MyEntry(ModelEntry):
    family: Literal["{name}"]
    loudness: float = 1.0


class Mine(Family):
    name = "{name}"
    Entry = MyEntry
    gives = frozenset({{PREDICTIONS}})

    def steps(self, entry, has):
        return (Step("guess", "split", {{PREDICTIONS: Output("predictions.csv", "split")}}),)
"""


@pytest.fixture
def plugin(tmp_path):
    """A function that writes a plug-in and gives its path."""

    def write(text: str, name: str = "mine.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_the_projects_own_families_and_corpora_are_found_by_their_files():
    registry = read_registry()
    assert registry.families["cnn14"].name == "cnn14"
    assert registry.files["cnn14"].name == "cnn14.py"
    assert {"ravdess", "affectnet"} <= set(registry.corpora)
    assert "" not in registry.files


def test_a_users_family_is_planned_like_any_other(plugin):
    file = plugin(MINE.format(name="mine"))
    plan = planned(
        plugins=[str(file)],
        models={"m": {"family": "mine", "title": "Mine", "loudness": 2}},
        systems=["m"],
    )
    told = json.loads(plan.models.told("m", "guess", "full", "fold0"))
    assert (told["family"], told["options"]["loudness"]) == ("mine", 2.0)
    assert told["plugins"] == [str(file)]


def test_other_steps_do_not_know_that_there_is_a_plugin(plugin):
    file = plugin(MINE.format(name="mine"))
    with_it, without = planned(plugins=[str(file)]), planned()
    for model, verb in (("zero_rule", "predict"), ("panns_svc", "classify")):
        assert with_it.models.told(model, verb, "full") == without.models.told(model, verb, "full")


def test_the_source_of_a_plugin_counts_in_the_version_of_its_steps_alone(plugin):
    models = {"m": {"family": "mine", "title": "Mine"}, "z": {"family": "other", "title": "O"}}
    other = plugin(MINE.format(name="other"), "other.py")

    def versions(text: str, name: str) -> list[str]:
        file = plugin(text, name)
        plan = planned(plugins=[str(file), str(other)], models=models, systems=["m", "z"])
        told = (plan.models.told(model, "guess", "full", "fold0") for model in models)
        return [json.loads(each)["version"] for each in told]

    before = versions(MINE.format(name="mine"), "one/mine.py")
    after = versions(MINE.format(name="mine") + "\nLOUD = 2\n", "two/mine.py")
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import absent_module", "cannot be imported (ModuleNotFoundError"),
        ("def (", "cannot be imported (SyntaxError"),
        ("1 / 0", "cannot be imported (ZeroDivisionError"),
        ("from mmer.models.cnn14 import Cnn14", "defines neither a family nor a corpus"),
        (MINE.format(name="cnn14"), "does too: rename one"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_refused_in_one_line(plugin, text, reason):
    file = plugin(text)
    with pytest.raises(UserError) as error:
        read_registry((file,))
    assert reason in str(error.value) and str(file) in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    with pytest.raises(UserError, match="is no Python file: mend its path"):
        read_registry((file.with_name("absent.py"),))
