"""Action units: OpenFace's tables as they are, their means, and both networks on them."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler
from tests.openface_tables import units_of, write_table
from tests.plans import planned
from tests.spoken_pitches import ITEMS, PAIR, TASK

from mmer.embeddings import read_embeddings
from mmer.items import Items, write_items
from mmer.models.action_units import (
    ActionUnits,
    ActionUnitsBiLstm,
    ActionUnitsBiLstmSettings,
    ActionUnitsSettings,
)
from mmer.models.job import ModelJob
from mmer.models.networks.action_units import COLUMNS, read_table, tables_of
from mmer.models.perceptron import Perceptron, PerceptronSettings
from mmer.models.sequence_settings import GRID_OUTPUTS, Architecture
from mmer.predictions import read_predictions
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

OF_PAIR: Items = ITEMS.where(np.isin(ITEMS.speakers, ["a", "c"]))


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setenv("MMER_DEVICE", "cpu")


def job_of(folder, family, step, settings, inputs, outputs, items=OF_PAIR, splits=()):
    """A job of a step; ``outputs`` by name, one for each split where there are any."""
    write_items(folder / "items.csv", items)
    names = [split.name for split in splits] or [""]
    return ModelJob(
        family=family,
        step=step,
        model="mine",
        options={"settings": settings.model_dump(mode="json")},
        task=TASK,
        seed=1,
        variant="full",
        splits={split.name: split for split in splits},
        inputs={"items": (folder / "items.csv",), **inputs},
        outputs={
            name: {split: folder / split / file for split in names}
            for name, file in outputs.items()
        },
        checkpoint=folder / "checkpoint.safetensors",
    )


def reading(folder, inputs, settings=None, items=OF_PAIR):
    """What is read of some tables: units of every frame, and their means."""
    outputs = {"action_units": "action_units.npz", "embeddings": "embeddings.npz"}
    settings = settings or ActionUnitsSettings(folder="tables")
    ActionUnits().run(job_of(folder, "action_units", "read", settings, inputs, outputs, items))
    return read_ragged([folder / "action_units.npz"]), read_embeddings(folder / "embeddings.npz")


def tables(folder, items=OF_PAIR):
    """A table of every item, whose units tell its class; the folder."""
    levels = dict(zip(items.names, TASK.labels(items), strict=True))
    for seed, (name, level) in enumerate(levels.items()):
        write_table(folder / "tables" / f"{name}.csv", units_of(6 + seed % 3, level / 2, seed))
    return {"tables": (folder / "tables",)}


# Tables


@pytest.mark.parametrize("gap", [", ", ",", " , "], ids=["spaces before", "none", "around"])
def test_columns_are_told_by_their_names_whatever_spaces_they_have(tmp_path, gap):
    units = units_of(5, 1.0)
    write_table(tmp_path / "film.csv", units, gap=gap)
    found, rate = read_table(tmp_path / "film.csv", only_found=False)
    np.testing.assert_allclose(found, units, rtol=1e-6)
    assert found.dtype == np.float32 and rate == pytest.approx(29.97, rel=0.01)


def test_there_are_17_intensities_and_18_presences():
    assert COLUMNS[:17] == tuple(name for name in COLUMNS if name.endswith("_r"))
    assert len(COLUMNS) == 35 and COLUMNS[0] == "AU01_r" and COLUMNS[33:] == ("AU28_c", "AU45_c")


def test_frames_without_a_face_count_or_not(tmp_path):
    units = units_of(4, 1.0)
    write_table(tmp_path / "film.csv", units, failed=(1, 2))
    assert len(read_table(tmp_path / "film.csv", only_found=False)[0]) == 4
    kept, rate = read_table(tmp_path / "film.csv", only_found=True)
    np.testing.assert_allclose(kept, units[[0, 3]], rtol=1e-6)
    assert rate == pytest.approx(29.97, rel=0.01)


def test_of_two_faces_in_a_frame_the_surer_one_is_taken(tmp_path):
    write_table(tmp_path / "film.csv", units_of(3, 1.0))
    lines = (tmp_path / "film.csv").read_text().splitlines()
    other = lines[2].split(", ")
    other[1], other[3], other[7] = "1", "0.99", "4.5"
    (tmp_path / "film.csv").write_text("\n".join([*lines, ", ".join(other)]))
    found, _ = read_table(tmp_path / "film.csv", only_found=False)
    assert len(found) == 3 and found[1, 0] == 4.5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no table of OpenFace"),
        ("frame,timestamp\n1,0", "lacks the column confidence"),
        (None, "has no frame with a face"),
        ("nan", "holds a value that is no number"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, content, said):
    path = tmp_path / "film.csv"
    write_table(path, units_of(0 if content is None else 2, 1.0))
    if content == "nan":
        path.write_text(path.read_text().replace(", 0.1, -0.2, ", ", 0.1, -0.2, x", 1))
    elif content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=said):
        read_table(path, only_found=False)


def test_every_item_has_one_table_at_any_depth(tmp_path):
    for name in OF_PAIR.names[1:]:
        write_table(tmp_path / name / f"{name}.csv", units_of(2, 1.0))
    first = OF_PAIR.names[0]
    with pytest.raises(UserError, match=rf"no table of 1 of 16 items, such as {first}\.csv"):
        tables_of(tmp_path, OF_PAIR)
    write_table(tmp_path / f"{first}.csv", units_of(2, 1.0))
    assert set(tables_of(tmp_path, OF_PAIR)) == set(OF_PAIR.names)
    write_table(tmp_path / "again" / f"{first}.csv", units_of(2, 1.0))
    with pytest.raises(UserError, match="are of one item: keep one"):
        tables_of(tmp_path, OF_PAIR)


def test_units_of_every_frame_and_their_means_are_kept(tmp_path):
    units, means = reading(tmp_path, tables(tmp_path))
    assert units.items == means.items == OF_PAIR.names
    assert units.values.shape == (units.offsets[-1], 35)
    np.testing.assert_allclose(means.values[3], units.of(3).mean(axis=0), rtol=1e-6)


# The program


def program(folder: Path, body: str) -> ActionUnitsSettings:
    """A program in OpenFace's place."""
    script, command = folder / "openface.py", folder / "FeatureExtraction"
    script.write_text(body)
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {script} "$@"\n')
    command.chmod(0o755)
    return ActionUnitsSettings(program=str(command))


WRITES = """
import pathlib, shutil, sys
told = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert sys.argv[-1] == "-aus"
out = pathlib.Path(told["-out_dir"])
out.mkdir()
film = pathlib.Path(told["-f"])
film.with_name("calls").open("a").write(film.stem + "\\n")
shutil.copy(film.parent.parent / "tables" / (told["-of"] + ".csv"), out)
(out / "details.txt").touch()
"""


def films(folder):
    """A film of every item, of no bytes."""
    clips = folder / "clips"
    clips.mkdir()
    for name in [*OF_PAIR.names, "of-no-item"]:
        (clips / f"{name}.mp4").touch()
    return {"films": (clips,)}


def test_the_program_runs_once_on_each_films_item(tmp_path):
    tables(tmp_path)
    kept = tmp_path / "checkpoint"
    inputs = films(tmp_path)
    write_table(kept / f"{OF_PAIR.names[0]}.csv", units_of(3, 2.0))  # of a run that was killed
    os.utime(kept, (2**32, 2**32))  # and began after all that it reads was there
    units, _ = reading(tmp_path, inputs, program(tmp_path, WRITES))
    calls = (tmp_path / "clips" / "calls").read_text().split()
    assert calls == sorted(set(OF_PAIR.names) - {OF_PAIR.names[0]})
    assert len(units.of(0)) == 3 and len(units) == 16
    assert not kept.exists()


def test_a_program_that_fails_is_told_with_its_last_line(tmp_path):
    settings = program(tmp_path, "raise SystemExit('no model found')")
    with pytest.raises(UserError, match=r"OpenFace failed on .*\(no model found\)"):
        reading(tmp_path, films(tmp_path), settings)
    with pytest.raises(UserError, match="OpenFace cannot be run as nothing"):
        reading(tmp_path, {"films": (tmp_path / "clips",)}, ActionUnitsSettings(program="nothing"))


# Networks


def test_a_perceptron_on_means_is_scikit_learns(tmp_path):
    reading(tmp_path, tables(tmp_path))
    settings = PerceptronSettings(hidden=(20,), max_epochs=30)
    job = job_of(
        tmp_path,
        "perceptron",
        "classify",
        settings,
        {"embeddings": (tmp_path / "embeddings.npz",)},
        {"predictions": "predictions.csv"},
        splits=(PAIR,),
    )
    Perceptron().run(job)
    found = read_predictions(tmp_path / "pair" / "predictions.csv", TASK, ITEMS)
    means = read_embeddings(tmp_path / "embeddings.npz").values.astype(np.float64)
    training = OF_PAIR.speakers == "a"
    scaler = MinMaxScaler().fit(means[training])
    network = MLPClassifier((20,), max_iter=30, random_state=1)
    network.fit(scaler.transform(means[training]), TASK.labels(OF_PAIR)[training])
    expected = network.predict_proba(scaler.transform(means))
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)


def test_the_sequence_model_learns_classes_from_units(tmp_path):
    reading(tmp_path, tables(tmp_path))
    size = Architecture(layers=1, units=8, attention_layers=1)
    settings = ActionUnitsBiLstmSettings(architectures=(size,), max_epochs=60, learning_rate=0.02)
    outputs = {name: output.file for name, output in GRID_OUTPUTS.items()}
    job = job_of(
        tmp_path,
        "action_units_bilstm",
        "train",
        settings,
        {"action_units": (tmp_path / "action_units.npz",)},
        outputs,
        splits=(PAIR,),
    )
    job = job.model_copy(
        update={"outputs": {**job.outputs, "architectures": {"": tmp_path / "sizes.csv"}}}
    )
    ActionUnitsBiLstm().run(job)
    found = read_predictions(tmp_path / "pair" / "predictions.csv", TASK, ITEMS)
    assert (found.predicted == found.labels).mean() > 0.8
    assert len(found.items) == 16 and pd.read_csv(tmp_path / "sizes.csv")["chosen"].all()
    assert len(read_ragged([tmp_path / "pair" / "attention.npz"])) == 16


# The plan


def plan_of(settings, corpus="ravdess", **sections):
    models = {
        "units": {"family": "action_units", "title": "units", "settings": settings},
        "mine": {
            "family": "perceptron",
            "title": "mine",
            "modality": "face",
            "variants": ["full"],
            "of": "units",
        },
    }
    return planned(corpus=corpus, models=models, systems=["mine"], **sections)


def test_tables_of_a_folder_need_no_film_and_without_them_the_program_reads_films(tmp_path):
    read = plan_of({"folder": str(tmp_path)})
    told = json.loads(read.models.told("units", "read"))
    assert told["inputs"]["tables"] == [str(tmp_path)] and "films" not in told["inputs"]
    assert not read.corpora.reads_recordings
    made = plan_of({"program": str(program(tmp_path, "").program)})
    told = json.loads(made.models.told("units", "read"))
    assert told["inputs"]["films"][0] == "results/paper/clips/01"
    assert made.models.cannot_run("mine") is None


def test_without_tables_and_program_the_row_says_so():
    reason = plan_of({"program": "not_there"}).models.cannot_run("mine")
    assert reason.startswith("OpenFace missing (not_there is not installed")


def test_voices_have_no_faces_to_run_the_program_on(tmp_path):
    settings = {"program": str(program(tmp_path, "").program)}
    assert "films are needed" in plan_of(settings, "ravdess_voices").models.cannot_run("mine")
