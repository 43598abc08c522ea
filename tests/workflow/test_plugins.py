"""The README's own model and own corpus: exactly those files, from recordings to the report."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.own_recordings import EXAMPLES, LABELS, write_followed, write_labelled

from .project import Project, copy_project

pytestmark = pytest.mark.slow

SPEAKERS = ("ann", "bob", "eve", "joe")
NO_FUSION = {"vad": None, "full": None, "mixed": None}
COMMON = {
    "run": "own",
    "compute": {"device": "cpu", "threads": 1, "checkpoint_seconds": 0},
    "evaluation": {"resamples": 1000},
}


def prepared(folder: Path, plugins: list[str], configuration: dict[str, object]) -> Project:
    """A project with the user's files and configuration, and data beside them."""
    project = copy_project(folder)
    for name in plugins:
        shutil.copy(EXAMPLES / name, project.folder)
    told = {**COMMON, "plugins": plugins, **configuration}
    (project.folder / "own.yaml").write_text(yaml.safe_dump(told))
    return project


@pytest.fixture(scope="module")
def labelled(tmp_path_factory) -> Project:
    """A corpus and a model of one's own, with the classifier fused out of two of them."""
    settings = {"max_epochs": 8, "batch_size": 8}
    model = {"family": "my_network", "variants": ["full"], "settings": settings}
    project = prepared(
        tmp_path_factory.mktemp("labelled") / "project",
        ["my_model.py", "my_corpus.py"],
        {
            "corpus": "my_corpus",
            "data": {"my_corpus": "recordings"},
            "corpora": {"my_corpus": {"label": "tones", "folds": 2}},
            "models": {
                "mine": {**model, "title": "my network"},
                "wide": {
                    **model,
                    "title": "a wider one",
                    "settings": {**settings, "channels": 48},
                },
            },
            "systems": ["zero_rule", "mine", "wide"],
            "fusion": {
                "pairings": {**NO_FUSION, "both": ["mine/full", "wide/full"]},
                "settings": {
                    "classifiers": {
                        "logistic_regression": {"C": [1]},
                        "svm_linear": {"C": [1]},
                        "svm_rbf": {"C": [1]},
                        "knn": {"k": [3]},
                    }
                },
            },
        },
    )
    write_labelled(project.folder / "recordings", SPEAKERS)
    return project


@pytest.fixture(scope="module")
def finished(labelled) -> tuple[Project, str]:
    """The finished run, and what it printed."""
    return labelled, complete(labelled)


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Project:
    """A finished run on a corpus with traces."""
    project = prepared(
        tmp_path_factory.mktemp("followed") / "project",
        ["my_traces.py"],
        {
            "corpus": "my_traces",
            "data": {"my_traces": "recordings"},
            "corpora": {"my_traces": {"label": "tones that rise and fall"}},
            "models": {
                "mine": {
                    "family": "my_recurrent",
                    "title": "my recurrent network",
                    "settings": {"max_epochs": 12, "batch_size": 1, "learning_rate": 0.02},
                }
            },
            "systems": ["mine"],
            "fusion": {"pairings": NO_FUSION},
        },
    )
    write_followed(project.folder / "recordings", SPEAKERS[:3])
    complete(project)
    return project


def complete(project: Project, *targets: str) -> str:
    """Run to the end and give what was printed."""
    done = project.snakemake(*targets, "--configfile", "own.yaml")
    logs = sorted((project.folder / "results" / "own" / "logs").rglob("*.log"))
    last = "\n".join(f"{log}: {log.read_text()[-600:]}" for log in logs[-8:])
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:] + last
    return done.stdout


def predictions(project: Project, model: str) -> Path:
    """The predictions of a model's first split."""
    return project.folder / "results" / "own" / "predictions" / model / "full" / "fold0.csv"


def table(project: Project, name: str) -> pd.DataFrame:
    """A table of the evaluation."""
    return pd.read_csv(project.folder / "results" / "own" / "evaluation" / f"{name}.csv")


def test_a_corpus_of_ones_own_becomes_an_item_table(finished):
    items = pd.read_csv(finished[0].folder / "results" / "own" / "prepared" / "items.csv")
    assert list(items.columns) == ["item", "speaker", "label"]
    assert set(items["label"]) == set(LABELS) and set(items["speaker"]) == set(SPEAKERS)


def test_a_model_of_ones_own_is_trained_fused_and_beside_chance(finished):
    project, printed = finished
    said = pd.read_csv(predictions(project, "wide"))
    assert {f"p_{label}" for label in LABELS} <= set(said.columns)
    assert all(title in printed for title in ("my network", "a wider one", "ZeroR"))
    found = table(project, "summary").set_index("system")["mean_accuracy"]
    assert {"mine/full", "wide/full", "both/minmax", "both/unscaled"} <= set(found.index)
    assert found["mine/full"] > found["zero_rule/full"]
    assert (project.folder / "results" / "own" / "landing.html").is_file()


@pytest.mark.long
def test_a_killed_training_goes_on_and_ends_as_an_uninterrupted_one(finished):
    project, _ = finished
    uninterrupted = predictions(project, "mine").read_bytes()
    predictions(project, "mine").unlink()
    target = predictions(project, "mine").relative_to(project.folder)
    words = [sys.executable, "-m", "snakemake", target, "--cores", "1", "--configfile", "own.yaml"]
    run = subprocess.Popen(
        words,
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
        text=True,
    )
    kept = project.folder / "results" / "own" / "checkpoints"
    until = time.monotonic() + 240
    while not list(kept.glob("mine_full_fold0_*.safetensors")) and run.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    text = run.communicate()[0]
    assert run.returncode == -signal.SIGKILL, text[-3000:]
    complete(project, str(target))
    log = project.folder / "results" / "own" / "logs"
    assert any("training goes on from step" in file.read_text() for file in log.rglob("*.log"))
    assert predictions(project, "mine").read_bytes() == uninterrupted


def test_a_changed_plugin_trains_its_models_again_and_nothing_else(finished):
    project, _ = finished
    file = project.folder / "my_model.py"
    source = file.read_text("utf-8")
    file.write_text(source.replace("# ", "# so ").replace('"""The network,', '"""A network,'))
    assert project.planned("own.yaml") == []
    file.write_text(source.replace("kernel_size=5, padding=2", "kernel_size=3, padding=1"))
    planned = project.planned("own.yaml")
    file.write_text(source)
    assert planned.count("train_my_network") == 4
    assert not [rule for rule in planned if rule.startswith(("prepare", "list_items"))]


def test_traces_are_evaluated_by_concordance(followed):
    said = pd.read_csv(predictions(followed, "mine"))
    assert list(said.columns) == ["item", "part", "step", "arousal", "valence"]
    found = table(followed, "summary")
    assert found["ccc"].max() > 0.5
    assert (followed.folder / "results" / "own" / "landing.html").is_file()
