"""After a run: its networks in one folder, and what they say of recordings, its own and others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmer.prediction.manifest import read_manifest
from tests.conftest import write_clip

from .project import REPOSITORY, Project
from .tiny import OWN_FAMILY

pytestmark = pytest.mark.slow

SYSTEMS = [
    *("deepspectrum_svc/full", "panns_svc/vad", "alexnet_fine_tuned/full", "cnn14_fine_tuned/full"),
    *("affectnet_max_voting/full", "stn_max_voting/vad", "stn_bilstm_flatten810/vad"),
    *("mixed/minmax", "mixed/unscaled"),
]
SCRIPTS = REPOSITORY / "workflow_scripts"
OWN = {"01": "01-01-05-02-01-02-01", "05": "01-01-07-02-01-01-05"}
"""Recordings of the run's corpus, of a speaker of each fold."""


def predict(project: Project, *files: Path | str, dry: bool = False) -> str:
    """What is printed when something is to be said of some recordings."""
    options = ["-n"] if dry else []
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "2", *options),
            *("--snakefile", "rules/predict.smk", "--config", "run=tiny"),
            f"prediction={json.dumps({'systems': SYSTEMS})}",
        ],
        cwd=project.folder,
        env={**project.environment, "MMER_RECORDINGS": " ".join(f"'{file}'" for file in files)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    """A folder with a film without a face, a silent one, and what is none."""
    folder = tmp_path_factory.mktemp("recordings")
    write_clip(folder / "grey $ {film}.mp4", seconds=1)
    write_clip(folder / "silent.mp4", seconds=1, audio=False)
    (folder / "letter.txt").write_text("Dear all")
    return folder


@pytest.fixture(scope="module")
def asked(finished, recordings, tmp_path_factory) -> Project:
    """A copy of the complete run, asked of two of its own recordings and of a folder."""
    project = finished.copied_to(tmp_path_factory.mktemp("asked") / "project")
    own = [project.results / "clips" / speaker / f"{name}.mp4" for speaker, name in OWN.items()]
    text = predict(project, *own, recordings, "nowhere.wav")
    (project.folder / "said.log").write_text(text)
    return project


def told(project: Project, name: str) -> dict:
    """What was said of a recording."""
    folder = project.results / "recordings" / name
    return json.loads((folder / "prediction.json").read_text())


def of_the_run(project: Project, system: str, item: str, split: str) -> np.ndarray:
    """The run's own posteriors of an item."""
    table = pd.read_csv(project.results / "predictions" / system / f"{split}.csv")
    row = table.set_index("item").loc[item]
    return row[[column for column in table if column.startswith("p_")]].to_numpy(float)


@pytest.mark.parametrize("name", OWN.values())
def test_a_recording_of_the_corpus_gets_the_run_s_own_table(asked, name):
    said = told(asked, name.replace("-", "_") + "_mp4")
    assert said["known_as"] == name
    (split,), (piece,) = said["splits"], said["pieces"]
    assert [each["system"] for each in piece["systems"]] == SYSTEMS
    for each in piece["systems"][:-2]:
        ours = np.array(list(each["posteriors"].values()))
        expected = of_the_run(asked, each["system"], name, split)
        np.testing.assert_allclose(ours, expected, atol=1e-6, err_msg=each["system"])
    fused = pd.read_csv(asked.results / "evaluation" / "predictions.csv").set_index("system")
    for each in piece["systems"][-2:]:
        rows = fused.loc[each["system"]]
        assert rows[rows["item"] == name]["predicted"].tolist() == [each["predicted"]]


def test_what_lacks_sound_or_face_or_is_none_gets_a_sentence_and_the_others_go_on(asked):
    assert "No such file or directory" in told(asked, "nowhere_wav")["refused"]
    assert "is no film and no sound" in told(asked, "letter_txt")["refused"]
    assert "no face is found" in told(asked, "silent_mp4")["refused"]
    film = told(asked, "grey_film_mp4")
    assert film["splits"] == ["fold0", "fold1"] and film["known_as"] is None
    assert any("no face is found" in note for note in film["notes"])
    voices = {each["system"] for each in film["pieces"][0]["systems"]}
    assert voices == set(SYSTEMS[:4])
    page = (asked.results / "recordings" / "index.html").read_text()
    assert "Synthetic voices and drawn faces" in page and "grey $ {film}.mp4" in page
    assert (asked.results / "recordings" / "grey_film_mp4" / "prediction.png").exists()
    assert "letter.txt is no film" in (asked.folder / "said.log").read_text()


@pytest.mark.long
def test_only_what_is_new_is_asked(asked, recordings):
    own = [asked.results / "clips" / speaker / f"{name}.mp4" for speaker, name in OWN.items()]
    assert "Nothing to be done" in predict(asked, *own, recordings, "nowhere.wav", dry=True)
    kept = asked.results / "recordings" / "grey_film_mp4" / "prediction.png"
    before = kept.stat().st_mtime_ns
    more = asked.folder / "more.mp4"
    write_clip(more, seconds=1.2)
    text = predict(asked, recordings, more)
    assert kept.stat().st_mtime_ns == before
    assert told(asked, "more_mp4")["pieces"] and "export_run" not in text


@pytest.mark.long
def test_an_exported_folder_is_asked_where_nothing_else_is(asked, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(asked.results / "export", bare / "networks")
    clip = asked.results / "clips" / "05" / f"{OWN['05']}.mp4"
    shutil.copy(clip, bare / "film.mp4")
    absent = ("snakemake", "tensorflow", "keras", "inaSpeechSegmenter", "onnxruntime")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r}))\n"
        "import runpy; runpy.run_module('predict_recordings', run_name='__main__')\n"
    )
    job = {
        "export": "networks",
        "recordings": ["film.mp4"],
        "out": "said",
        "plugins": [str(asked.folder / OWN_FAMILY)],
    }
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(job)],
        cwd=bare,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "workflow_scripts"),
            "MMER_DEVICE": "cpu",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    there, here = (
        json.loads(path.read_text())
        for path in (
            bare / "said" / "film_mp4" / "prediction.json",
            asked.results / "recordings" / f"{OWN['05'].replace('-', '_')}_mp4/prediction.json",
        )
    )
    assert there["known_as"] == OWN["05"]
    for ours, theirs in zip(
        there["pieces"][0]["systems"], here["pieces"][0]["systems"], strict=True
    ):
        assert ours["system"] == theirs["system"]
        assert list(ours["posteriors"].values()) == pytest.approx(
            list(theirs["posteriors"].values()), abs=1e-6
        )


def test_the_folder_says_what_it_holds(asked):
    folder = asked.results / "export"
    manifest = read_manifest(folder)
    assert [each.name for each in manifest.fusions] == SYSTEMS[-2:]
    assert manifest.splits == ("fold0", "fold1")
    card = (folder / "README.md").read_text()
    assert "Synthetic voices and drawn faces" in card and "late fusion, mixed" in card
