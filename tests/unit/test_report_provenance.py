"""Provenance: where every number comes from, and the captions around it."""

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from mmer.report.provenance import RANDOM, Weights, describe, git_state, library_versions
from mmer.report.provenance_page import provenance_page

CAPTIONS = sorted((Path(__file__).parents[2] / "resources" / "captions").glob("*.rst"))
CONFIGURATION = {
    "run": "demo",
    "seed": 2020,
    "corpus": {"label": "synthetic demo corpus", "actors": [1, 2]},
    "protocol": {"folds": [[1], [2]]},
    "models": {"cnn14": {"title": "<b>"}},
}


def described(folder):
    weights = [
        Weights("CNN-14", RANDOM),
        Weights("speech detector", "published file", "ab12", "MIT"),
        Weights("spatial transformer", "published file"),
    ]
    return describe(CONFIGURATION, "synthetic demo corpus", weights, folder)


def test_the_page_names_corpus_protocol_seed_and_every_weights_file(tmp_path):
    page = provenance_page(described(tmp_path))
    for shown in ("SYNTHETIC DATA", ">1; 2<", ">2020<", RANDOM, "no file", "ab12", "not pinned"):
        assert shown in page
    assert "not a git checkout" in page
    assert "<b>" not in page


def test_the_description_is_plain_json_with_the_whole_configuration(tmp_path):
    again = json.loads(json.dumps(described(tmp_path)))
    assert again["configuration"] == CONFIGURATION
    assert again["corpus"]["synthetic"] is True


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
@pytest.mark.parametrize("label", ["synthetic demo corpus", "RAVDESS", None])
def test_captions_render_as_the_workflow_renders_them(path, label, tmp_path, monkeypatch):
    config = {} if label is None else {"run": "demo", "corpus": {"label": label}}
    template = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    # The first page takes in what the run has written for it.
    landing = tmp_path / "results" / config.get("run", "paper") / "landing.html"
    landing.parent.mkdir(parents=True)
    landing.write_text("<p>headline</p>")
    monkeypatch.chdir(tmp_path)
    text = template.from_string(path.read_text("utf-8")).render(
        snakemake=SimpleNamespace(config=config)
    )
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["html_body"]
    assert ("SYNTHETIC DATA" in html) is (label == "synthetic demo corpus")
    assert ("<p>headline</p>" in html) is (path.stem == "workflow")
