"""Provenance: where every number comes from, and the captions around it."""

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from mmer.protocol import Split
from mmer.report.provenance import (
    RANDOM,
    Weights,
    describe,
    git_state,
    library_versions,
    provenance_page,
    seeds_words,
)

CAPTIONS = sorted((Path(__file__).parents[2] / "resources" / "captions").glob("*.rst"))
CONFIGURATION = {
    "run": "demo",
    "seed": 2020,
    "corpus": "mine",
    "models": {"cnn14": {"title": "<b>"}},
}
SPLITS = {
    "fold0": Split(name="fold0", train=("2",), choose=("1",), test=("1",)),
    "fold1": Split(name="fold1", train=("1",), choose=("2",), test=("2",)),
}


def described(folder):
    weights = [
        Weights(name="CNN-14", source=RANDOM),
        Weights(name="speech detector", source="published", sha256="ab12", licence="MIT"),
        Weights(name="spatial transformer", source="published file"),
    ]
    return describe(CONFIGURATION, "synthetic demo corpus", SPLITS, weights, folder)


def test_the_page_names_corpus_splits_seed_and_every_weights_file(tmp_path):
    page = provenance_page(described(tmp_path))
    for shown in ("SYNTHETIC DATA", ">1; 2<", ">2020<", RANDOM, "no file", "ab12", "not pinned"):
        assert shown in page
    assert "not a git checkout" in page
    assert "<b>" not in page
    again = json.loads(json.dumps(described(tmp_path)))
    assert (again["configuration"], again["corpus"]["synthetic"]) == (CONFIGURATION, True)


def test_of_several_seeds_it_is_said_which_one_tables_show():
    assert seeds_words({"seed": 2020, "seeds": []}) == "2020"
    several = seeds_words({"seed": 2020, "seeds": [2020, 7]})
    assert several == "2020, 7; one seed's tables and figures are those of 2020"


def test_library_versions_say_none_where_a_library_is_absent(monkeypatch):
    monkeypatch.setattr("mmer.report.provenance.LIBRARIES", ("numpy", "no-such-library"))
    versions = library_versions()
    assert versions["numpy"] and versions["no-such-library"] is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_that_of_the_workflow_and_not_of_a_folder_around_it(tmp_path):
    def git(*words):
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *author, *words], check=True)

    inside = tmp_path / "unpacked"
    inside.mkdir()
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    assert len(git_state(tmp_path)["commit"]) == 40
    assert git_state(inside) == {"commit": None, "changed_files": None}


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("label", ["synthetic demo corpus", "RAVDESS"])
@pytest.mark.parametrize("classes", [True, False])
def test_captions_render_as_the_workflow_renders_them(path, label, classes, tmp_path, monkeypatch):
    template = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    # The first page takes in what the run has written for it.
    (tmp_path / "landing.html").write_text("<p>headline</p>")
    monkeypatch.chdir(tmp_path)
    paper = {"citation": "Somebody, *Something*", "address": "https://example.org"}
    shown = {"run": "demo", "label": label, "landing": "landing.html", "classes": classes}
    shown["paper"] = paper if classes else None
    text = template.from_string(path.read_text("utf-8")).render(
        snakemake=SimpleNamespace(config={"shown": shown})
    )
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["html_body"]
    assert ("SYNTHETIC DATA" in html) is (label == "synthetic demo corpus")
    assert ("<p>headline</p>" in html) is (path.stem == "workflow")
    # A protocol is called the paper's whatever corpus it is used on.
    assert classes or path.stem in ("verdicts", "choices") or "paper" not in html
