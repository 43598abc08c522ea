"""The plan of the shipped configurations, on a machine without any data."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from demo.affectnet import write_affectnet
from demo.settings import SyntheticAffectNetSettings

from .planned_jobs import read_plan
from .project import REPOSITORY, copy_project

SPEAKERS = [f"{actor:02d}" for actor in range(1, 25)]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The project without data, mirror or downloads."""
    return copy_project(tmp_path_factory.mktemp("bare") / "project")


def test_the_full_plan_of_the_paper_is_listed(bare):
    assert Counter(bare.planned("config.yaml")) == {
        "download_record": 1,
        "download_registered": 5,
        "download_archive": 24,
        "extract_speaker": 24,
        "list_items": 1,
        "prepare_films": 24,
        "compare_recordings": 1,
        "detect_speech": 24,
        "convert_msi_net": 1,
        "map_saliency": 24,
        "embed_alexnet_embedding": 2,
        "embed_cnn14_embedding": 2,
        "classify_support_vector": 4,
        "predict_majority": 2,
        "train_alexnet": 10,
        "train_cnn14": 10,
        "import_published_spatial_transformer": 1,
        "train_spatial_transformer": 15,
        "train_bilstm": 10,
        "vote_max_voting": 3,
        "fuse_predictions": 6,
        "evaluate_systems": 1,
        "write_tables": 1,
        "draw_figures": 1,
        "draw_learning_curves": 1,
        "draw_items": 1,
        "describe_preparation": 1,
        "tabulate_costs": 1,
        "write_configuration": 1,
        "describe_run": 1,
    }


def test_a_folder_of_affectnet_trains_the_network_that_nobody_published(bare):
    folder = bare.folder / "results" / "demo" / "affectnet"
    write_affectnet(folder, SyntheticAffectNetSettings(pictures=50))
    (bare.folder / "mine.yaml").write_text(f"data: {{affectnet: {folder}}}\n")
    planned = Counter(bare.planned("mine.yaml"))
    assert planned["train_spatial_transformer_on_affectnet"] == 1
    assert planned["validate_spatial_transformer_on_affectnet"] == 5
    assert planned["import_published_spatial_transformer"] == 1
    assert planned["train_bilstm"] == 12
    assert planned["score_spatial_transformer"] == 2
    assert planned["prepare_pictures"] == 64
    assert planned["map_saliency"] == 64 + 24


def test_fer2013_stands_in_for_affectnet_in_the_rows_on_seven_emotions(bare):
    for part in ("train", "test"):
        (bare.folder / "faces" / part / "happy").mkdir(parents=True)
    (bare.folder / "mine.yaml").write_text("data: {fer2013: faces}\n")
    planned = read_plan(bare.dry_run("--configfile", "config/fer2013.yaml", "mine.yaml"))
    on_faces = {("affectnet_emotion",)}
    assert planned["train_spatial_transformer_on_fer2013"] == on_faces
    validate = planned["validate_spatial_transformer_on_fer2013"]
    assert validate == {("affectnet_emotion", "contest")}
    assert planned["import_published_spatial_transformer"] == {("affectnet_valence",)}
    blocks = {("fer2013/", f"block{block:02d}") for block in range(8)}
    assert planned["prepare_pictures"] == blocks and blocks < planned["map_saliency"]
    assert len(planned["vote_max_voting"]) == 5


def test_a_folder_that_is_not_affectnet_stops_before_anything_runs(bare):
    (bare.folder / "elsewhere.yaml").write_text("data: {affectnet: nowhere}\n")
    assert "not in nowhere" in bare.refused("--configfile", "elsewhere.yaml")


def test_the_picture_in_the_readme_is_the_workflows_own(bare):
    done = bare.snakemake("--rulegraph", "mermaid-js")
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", done.stdout))
    edges = re.findall(r"(id\d+) --> (id\d+)", done.stdout)
    engine = {(names[a], names[b]) for a, b in edges if names[b] != "all"}
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    assert set(re.findall(r"^    (\w+) --> (\w+)$", readme, re.MULTILINE)) == engine


def test_the_plan_of_the_published_posteriors_needs_no_corpus(bare):
    planned = Counter(bare.planned("config/published.yaml"))
    assert planned["download_registered"] == 35
    assert planned["assemble_external"] == 20
    assert planned["download_archive"] == planned["download_record"] == 0
    assert planned["draw_items"] == 0
    assert planned["describe_run"] == 1


def test_the_later_papers_system_is_planned_from_films_to_fused_posteriors(bare):
    program = bare.folder / "FeatureExtraction"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    mine = f"models: {{action_units: {{settings: {{program: {program}}}}}}}\n"
    (bare.folder / "mine.yaml").write_text(mine)
    overlays = ("config/published.yaml", "config/later_paper.yaml", "mine.yaml")
    text = bare.dry_run("--configfile", *overlays)
    planned = Counter(re.findall(r"^(?:local)?rule (\w+):$", text, re.MULTILINE))
    assert planned["download_archive"] == planned["extract_speaker"] == 24
    assert planned["train_fine_tuned_speech_encoder"] == 5
    assert planned["read_action_units"] == planned["train_action_units_bilstm"] == 1
    assert planned["classify_perceptron"] == 1
    assert planned["assemble_external"] == 20
    assert all(
        f"fusion/{of}/minmax/predictions.csv" in text for of in ("three_systems", "three_here")
    )
    assert planned["fuse_predictions"] == 6  # theirs by one classifier and by all, ours; fed twice


def test_every_protocol_and_seed_takes_trainings_of_its_own_and_shares_the_rest(bare):
    mine = "{protocol: {kind: all}, seeds: [2020, 7], systems: [cnn14_fine_tuned/full, panns_svc]}"
    (bare.folder / "mine.yaml").write_text(mine)
    planned = read_plan(bare.dry_run("--configfile", "config/voices.yaml", "mine.yaml"))
    ends = {"": 5, "_nested": 10, "_by_recording": 5}
    for end, trainings in ends.items():
        assert len(planned[f"train_cnn14{end}"]) == 2 * trainings
        assert len(planned[f"classify_support_vector{end}"]) == 2  # nothing in it is random
        assert len(planned[f"evaluate_systems{end}"]) == 2
        assert planned[f"compare_seeds{end}"] == planned[f"tabulate_seeds{end}"] == {()}
    assert ("cnn14_fine_tuned", "full", "seed7/", "pair3_4") in planned["train_cnn14_nested"]
    assert ("cnn14_fine_tuned", "full", "pair3_4") in planned["train_cnn14_nested"]
    assert len(planned["embed_cnn14_embedding"]) == 2
    assert planned["divide_recordings"] == {()}


def test_one_archive_holds_the_voices_of_everybody(bare):
    assert Counter(bare.planned("config/voices.yaml")) == {
        "download_record": 1,
        "download_registered": 3,
        "download_archive": 1,
        "extract_speaker": 24,
        "list_items": 1,
        "prepare_voices": 24,
        "compare_recordings": 1,
        "detect_speech": 24,
        "embed_alexnet_embedding": 2,
        "embed_cnn14_embedding": 2,
        "classify_support_vector": 4,
        "predict_majority": 1,
        "evaluate_systems": 1,
        "write_tables": 1,
        "draw_figures": 1,
        "describe_preparation": 1,
        "tabulate_costs": 1,
        "write_configuration": 1,
        "describe_run": 1,
    }


def test_local_archives_are_not_downloaded(bare):
    folder = bare.folder / "mine with spaces"
    folder.mkdir()
    for speaker in SPEAKERS:
        (folder / f"Video_Speech_Actor_{speaker}.zip").touch()
    (bare.folder / "local.yaml").write_text("data: {ravdess: mine with spaces}\n")
    planned = Counter(bare.planned("local.yaml"))
    assert planned["download_archive"] == 0
    assert planned["extract_speaker"] == 24


def test_loose_clips_are_used_where_they_lie(bare):
    for speaker in SPEAKERS:
        folder = bare.folder / "loose" / f"Actor_{speaker}"
        folder.mkdir(parents=True)
        for emotion in range(1, 9):
            (folder / f"01-01-{emotion:02d}-01-01-01-{speaker}.mp4").touch()
    (bare.folder / "loose.yaml").write_text(
        "data: {ravdess: loose}\ncorpora: {ravdess: {clips_per_actor: 8}}\n"
    )
    planned = Counter(bare.planned("loose.yaml"))
    assert planned["extract_speaker"] == 0
    assert planned["prepare_films"] == 24


def test_mistakes_in_the_configuration_stop_before_anything_runs(bare):
    (bare.folder / "wrong.yaml").write_text("seeed: 3\ncompute: {threads: none}\n")
    text = bare.refused("--configfile", "wrong.yaml")
    assert "wrong.yaml: seeed: unknown key; did you mean seed?" in text
    assert "wrong.yaml: compute.threads" in text


def test_a_plug_in_that_cannot_be_used_stops_before_anything_runs(bare):
    (bare.folder / "plugged.yaml").write_text("plugins: [absent.py]\n")
    text = bare.refused("--configfile", "plugged.yaml")
    assert "plugins: absent.py is no Python file: mend its path" in text
