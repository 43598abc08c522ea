"""The plan of the paper's protocol, on a machine without any data."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from mmer.corpus.synthetic.affectnet import write_affectnet
from mmer.corpus.synthetic.settings import SyntheticAffectNetSettings

from .conftest import REPOSITORY, copy_project

pytestmark = pytest.mark.xdist_group("dry")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The project without data, mirror or downloads."""
    return copy_project(tmp_path_factory.mktemp("bare") / "project")


def test_the_full_plan_of_the_paper_is_listed(bare):
    assert Counter(bare.planned("config.yaml")) == {
        "download_record": 1,
        "download_registered": 5,
        "download_actor": 24,
        "extract_actor": 24,
        "prepare_media": 24,
        "detect_speech": 24,
        "convert_msi_net": 1,
        "map_saliency": 24,
        "extract_embeddings": 4,
        "classify_embeddings": 4,
        "predict_majority": 2,
        "train_alexnet": 10,
        "train_cnn14": 10,
        "import_spatial_transformer": 1,
        "train_spatial_transformer": 15,
        "train_bilstm": 10,
        "vote_frames": 3,
        "fuse_posteriors": 3,
        "evaluate_systems": 1,
        "write_tables": 1,
        "draw_figures": 1,
        "draw_learning_curves": 1,
        "tabulate_architectures": 1,
        "draw_clips": 1,
        "draw_saliency": 1,
        "describe_speech_spans": 1,
        "tabulate_costs": 1,
        "write_landing": 1,
        "write_configuration": 1,
        "describe_run": 1,
    }


def test_a_folder_of_affectnet_trains_both_networks(bare, tmp_path_factory):
    folder = tmp_path_factory.mktemp("affectnet")
    for part in ("training", "validation"):
        (folder / f"{part}.csv").touch()
    (bare.folder / "affectnet.yaml").write_text(f"data: {{affectnet: {folder}}}\n")
    planned = Counter(bare.planned("affectnet.yaml"))
    assert planned["train_affectnet"] == 2
    assert planned["import_spatial_transformer"] == 0
    assert planned["train_bilstm"] == 12
    assert planned["score_frames"] == 2


def test_a_folder_that_is_not_affectnet_stops_before_anything_runs(bare):
    (bare.folder / "elsewhere.yaml").write_text("data: {affectnet: nowhere}\n")
    done = bare.snakemake("-n", "--configfile", "elsewhere.yaml")
    text = done.stdout + done.stderr
    assert "AffectNet's list is not in nowhere" in text
    assert "Traceback" not in text


def test_the_picture_in_the_readme_is_the_workflows_own(bare):
    done = bare.snakemake("--rulegraph", "mermaid-js")
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", done.stdout))
    edges = re.findall(r"(id\d+) --> (id\d+)", done.stdout)
    engine = {(names[a], names[b]) for a, b in edges if names[b] != "all"}
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    assert set(re.findall(r"^    (\w+) --> (\w+)$", readme, re.MULTILINE)) == engine


def test_the_plan_of_the_demo_is_listed(bare):
    write_affectnet(
        bare.folder / "results" / "demo" / "affectnet", SyntheticAffectNetSettings(pictures=50)
    )
    assert Counter(bare.planned("config/demo.yaml"))["extract_actor"] == 10


def test_the_plan_of_the_published_posteriors_needs_no_corpus(bare):
    planned = Counter(bare.planned("config/published.yaml"))
    assert planned["download_registered"] == 35
    assert planned["import_posteriors"] == 20
    assert planned["download_actor"] == 0
    assert planned["draw_clips"] == planned["draw_saliency"] == 0
    assert planned["write_landing"] == 1


def test_local_archives_are_not_downloaded(bare):
    folder = bare.folder / "mine with spaces"
    folder.mkdir(exist_ok=True)
    for actor in range(1, 25):
        (folder / f"Video_Speech_Actor_{actor:02d}.zip").touch()
    (bare.folder / "local.yaml").write_text("data: {ravdess: mine with spaces}\n")
    planned = Counter(bare.planned("local.yaml"))
    assert planned["download_actor"] == 0
    assert planned["extract_actor"] == 24


def test_loose_clips_are_used_where_they_lie(bare):
    for actor in range(1, 25):
        folder = bare.folder / "loose" / f"Actor_{actor:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        for emotion in range(1, 9):
            (folder / f"01-01-{emotion:02d}-01-01-01-{actor:02d}.mp4").touch()
    (bare.folder / "loose.yaml").write_text(
        "data: {ravdess: loose}\ncorpus: {clips_per_actor: 8}\n"
    )
    planned = Counter(bare.planned("loose.yaml"))
    assert planned["extract_actor"] == 0
    assert planned["prepare_media"] == 24


def test_mistakes_in_the_configuration_stop_before_anything_runs(bare):
    (bare.folder / "wrong.yaml").write_text("seeed: 3\ncompute: {threads: none}\n")
    done = bare.snakemake("-n", "--configfile", "wrong.yaml")
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "wrong.yaml: seeed: unknown key; did you mean seed?" in text
    assert "wrong.yaml: compute.threads" in text
    assert "Traceback" not in text
