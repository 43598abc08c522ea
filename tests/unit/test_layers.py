"""The library's layers: who may import whom, what planning loads, and where words may stand."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmer.corpora.ravdess import EMOTIONS

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
LIBRARY = SCRIPTS / "mmer"
FILES = sorted(LIBRARY.rglob("*.py"))

LAYERS = (
    ("runtime", "settings", "layout"),
    ("training.checkpoint", "training.device"),  # tensors in files and on devices
    ("items", "ragged", "tasks", "protocol"),
    ("predictions", "nested_predictions", "by_recording", "recording_folds", "weights"),
    (
        "corpora.base",
        "models.job",
        "models.base",
        "models.network",
    ),  # what families and corpora are
    ("registry",),
    ("media", "corpora"),
    ("models.weights_settings", "models.kept", "training"),
    ("embeddings", "kept_classifiers", "models", "external"),
    ("fusion",),
    ("evaluation",),
    ("report", "prediction.settings"),
    ("config", "configuration_check", "configuration_references"),
    ("plan",),
    ("prediction",),
)
"""The lower first; a module imports nothing that stands after it."""

ALLOWED = {
    ("mmer.models.network", "mmer.training.network"): "trains a user's network, loaded in a job",
    ("mmer.models.network", "mmer.training.new_recordings"): "asks it afterwards, loaded in a job",
}
"""Imports of a higher layer, each with the reason."""

HEAVY = ("torch", "torchaudio", "torchvision", "tensorflow", "transformers", "sklearn", "librosa")
HEAVIER_STILL = ("cv2", "matplotlib", "statsmodels", "av", "inaSpeechSegmenter", "h5py", "skimage")


def module_of(file: Path) -> str:
    """A file below the scripts as a module."""
    return ".".join(file.relative_to(SCRIPTS).with_suffix("").parts).removesuffix(".__init__")


def layer(module: str) -> int:
    """Where a module stands; the longest name that fits counts."""
    parts = module.split(".")[1:]
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        for number, names in enumerate(LAYERS):
            if name in names:
                return number
    raise AssertionError(f"{module} is in no layer: give it one")


def imported(tree: ast.Module) -> Iterator[str]:
    """Modules of the library that a module imports, but for annotations only."""
    unseen = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmer."):
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("mmer."))


def test_lower_layers_never_import_higher_ones():
    upwards = {
        (module_of(file), name)
        for file in FILES
        if module_of(file) != "mmer"
        for name in imported(ast.parse(file.read_text("utf-8")))
        if layer(name) > layer(module_of(file))
    }
    assert upwards == set(ALLOWED)


def test_only_the_entries_know_the_engine():
    naming = [
        file for file in FILES if re.search(r"import snakemake|from snakemake", file.read_text())
    ]
    assert naming == []


def test_planning_loads_nothing_that_computes():
    files = [SCRIPTS.parent / "Snakefile", SCRIPTS.parent / "rules" / "predict.smk"]
    text = "\n".join(file.read_text("utf-8") for file in files)
    imports = re.findall(r"^from mmer\..*$", text, re.MULTILINE)
    assert len(imports) > 8
    program = ["import sys", *imports, "registry_of({}, [])", "print(*sys.modules)"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {*HEAVY, *HEAVIER_STILL} & set(done.stdout.split()) == set()


def spoken(file: Path) -> Iterator[str]:
    """Names, attributes and texts of a module that are no docstrings, in lower case."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # a bare text is a docstring
            node.body = [each for each in body if not _is_text(each)] or [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.lower()
        elif isinstance(node, ast.Name):
            yield node.id.lower()
        elif isinstance(node, ast.Attribute):
            yield node.attr.lower()
        elif isinstance(node, ast.arg):
            yield node.arg.lower()


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@pytest.mark.parametrize(
    "words",
    [EMOTIONS, ("actor", "actors"), ("heldout",)],
    ids=["an emotion", "actors", "a part by another name"],
)
def test_outside_corpora_and_tasks_nothing_names(words):
    pattern = re.compile(rf"(?<![a-z])({'|'.join(words)})(?![a-z])")
    naming = {
        f"{file.relative_to(LIBRARY)}: {text}"
        for file in FILES
        if file.relative_to(LIBRARY).parts[0] not in ("corpora", "tasks")
        for text in spoken(file)
        if pattern.search(text)
    }
    assert naming == set()
