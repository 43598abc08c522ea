"""RAVDESS's real voices from the published archive to the report, with small random networks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

from mmer.items import read_items
from mmer.media.same_recordings import read_same_recordings

from ..real_voices import write_published
from .project import Project, copy_project

pytestmark = pytest.mark.slow

ACTORS = (2, 7)
FEW = [f"03-01-{emotion:02d}-01-02-01" for emotion in range(1, 9)] + ["03-01-03-01-02-02"]
"""A recording of each emotion; the happy one again, which actor 7 has as the same recording."""

PAIR = ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
SMALL = {
    "deepspectrum_alexnet_fc7": {"settings": {"weights": "random", "width": 0.0625}},
    "panns_cnn14_embedding": {"settings": {"weights": "random", "width": 0.03125}},
}
FINE_TUNED = {
    "alexnet_fine_tuned": {
        "settings": {"weights": "random", "trainable": "all", "width": 0.0625, "max_epochs": 1}
    },
    "cnn14_fine_tuned": {
        "settings": {
            "weights": "random",
            "width": 0.03125,
            "clip_seconds": 1.0,
            "max_iterations": 20,
            "evaluate_every": 10,
        }
    },
}


def run(
    folder: Path, weights: tuple[Path, str], recordings: Iterable[Path], **sections: object
) -> Project:
    """A finished run on the archive of some recordings."""
    project = copy_project(folder)
    write_published(project.folder / "mirror", recordings)
    path, place = weights
    (project.folder / "mirror" / place).parent.mkdir(parents=True)
    shutil.copy(path, project.folder / "mirror" / place)
    project.configure(
        run="voices",
        corpus="ravdess_voices",
        plugins=[],
        report={},
        data={"mirror": "mirror", "downloads": "downloads"},
        **sections,
    )
    text = project.run()
    assert "results beside the paper" in text.lower(), text[-3000:]
    return project


def summary_of(project: Project) -> pd.DataFrame:
    """The evaluated systems by name."""
    table = project.folder / "results" / "voices" / "evaluation" / "summary.csv"
    return pd.read_csv(table, index_col="system")


# A few recordings of two people


@pytest.fixture(scope="module")
def few(tmp_path_factory, real_voices, voice_activity_weights) -> Project:
    """The run on eighteen recordings."""
    return run(
        tmp_path_factory.mktemp("few") / "project",
        voice_activity_weights,
        [
            real_voices / f"Actor_{actor:02d}" / f"{name}-{actor:02d}.flac"
            for actor in ACTORS
            for name in FEW
        ],
        corpora={"ravdess_voices": {"actors": list(ACTORS), "clips_per_actor": len(FEW)}},
        protocol={"folds": [["02"], ["07"]]},
        models=SMALL,
        systems=["zero_rule", "deepspectrum_svc/full", "panns_svc/vad", "stn_max_voting/full"],
        fusion={
            "pairings": {
                "vad": None,
                "full": ["panns_svc/vad", "stn_max_voting/full"],
                "mixed": None,
            }
        },
    )


def test_every_recording_is_heard_and_classified(few):
    results = few.folder / "results" / "voices"
    items = read_items(results / "prepared" / "items.csv")
    assert set(items.names) == {f"{name}-{actor:02d}" for name in FEW for actor in ACTORS}
    spans = pd.concat(map(pd.read_csv, (results / "prepared" / "speech").glob("*.csv")))
    assert len(spans) == len(items) and spans["speech_found"].all()
    ran = summary_of(few).loc[["zero_rule/full", "deepspectrum_svc/full", "panns_svc/vad"]]
    assert (ran["items"] == len(items)).all()


def test_what_needs_films_says_so(few):
    verdicts = summary_of(few)["verdict"]
    for row in ("stn_max_voting/full", "full/minmax"):
        assert verdicts[row].startswith("not run: the films are needed")


def test_the_recording_that_is_there_twice_is_told(few):
    results = few.folder / "results" / "voices"
    assert read_same_recordings(results / "prepared" / "same_recordings.csv") == [PAIR]
    page = (results / "tables" / "items.html").read_text("utf-8")
    assert f"sample for sample: {' and '.join(PAIR)}." in page


def test_the_report_names_the_voices_and_nothing_synthetic(few):
    results = few.folder / "results" / "voices"
    shown = [
        *results.glob("tables/*.html"),
        *results.glob("*.html"),
        *results.glob("figures/*.svg"),
    ]
    assert len(shown) > 10
    for path in shown:
        text = re.sub(r"<style>.*?</style>", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert "synthetic" not in text.lower(), path
        assert "RAVDESS voices" in text, path


# All of them


@pytest.mark.long
def test_all_voices_pass_through_the_whole_speech_branch(
    tmp_path, real_voices, voice_activity_weights
):
    project = run(
        tmp_path / "project",
        voice_activity_weights,
        real_voices.glob("Actor_*/*.flac"),
        corpora={},
        protocol={},
        models={**SMALL, **FINE_TUNED},
        systems=[
            *("human_speech", "zero_rule", "deepspectrum_svc", "panns_svc"),
            *("alexnet_fine_tuned/full", "cnn14_fine_tuned/vad"),
        ],
        fusion={"pairings": {"vad": None, "full": None, "mixed": None}},
    )
    results = project.folder / "results" / "voices"
    assert len(list((project.folder / "downloads").rglob("*.zip"))) == 1
    assert len(read_items(results / "prepared" / "items.csv")) == 1440
    assert read_same_recordings(results / "prepared" / "same_recordings.csv") == [PAIR]
    assert not summary_of(project)["verdict"].str.startswith("not run", na=False).any()
    accuracies = pd.read_csv(results / "evaluation" / "accuracies.csv")
    zero_rule = accuracies.loc[accuracies["system"] == "zero_rule/full", "accuracy"]
    assert zero_rule.round(2).tolist() == [13.33] * 5
    assert re.search(r"\| ZeroR.* \| 13\.33", (results / "tables" / "summary.md").read_text())
