"""The synthetic RECOLA is read as the real one is, and its voices tell its traces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from demo.recola import SyntheticRecolaSettings, write_recola
from tests.plans import ROOT, SHIPPED, checked, merge, planned, read

from mmer.corpora.recola import Recola, RecolaSettings
from mmer.corpora.recola_files import read_ratings
from mmer.media.decoding import decode_voice
from mmer.media.settings import PreparationSettings

SMALL = SyntheticRecolaSettings(training=2, development=1, seconds=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three recordings of 20 s."""
    folder = tmp_path_factory.mktemp("recola")
    write_recola(folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def corpus(folder) -> Recola:
    """The corpus that reads them."""
    return Recola(RecolaSettings(whole=False, rows=501), folder, 0)


def test_it_is_read_as_avecs_folder(corpus):
    corpus.check()
    assert corpus.speakers == ("dev_1", "train_1", "train_2")
    assert corpus.traces("dev_1", None)["dev_1"].shape == (500, 2)


def test_its_gold_standard_is_that_of_its_raters(corpus, folder):
    ratings = folder / "ratings_individual" / "arousal" / "dev_1.csv"
    gold = corpus.traces("dev_1", None)["dev_1"][:, 0]
    np.testing.assert_allclose(read_ratings(ratings)[1:], gold, atol=1e-5)


def test_arousal_is_heard_two_seconds_before_it_is_rated(corpus):
    (file,) = corpus.files("train_1")
    sound = decode_voice(Path(file), PreparationSettings()).astype(float)
    level = np.log10(sound.reshape(500, 640).std(axis=1) + 1)
    arousal = corpus.traces("train_1", None)["train_1"][:, 0]
    late = [np.corrcoef(level[: 500 - lag], arousal[lag:])[0, 1] for lag in range(0, 101, 5)]
    assert max(late) > 0.6
    assert 25 <= 5 * int(np.argmax(late)) <= 75


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    write_recola(tmp_path, SMALL)
    for file in folder.rglob("*.*"):
        assert file.read_bytes() == (tmp_path / file.relative_to(folder)).read_bytes()


def test_the_baseline_stands_beside_it_on_the_part_that_is_tested():
    for overlays, part, arousal in (
        (["recola.yaml"], "development", 0.796),
        (["recola.yaml", "recola_test.yaml"], "test", 0.648),
    ):
        told = checked(*(ROOT / "config" / overlay for overlay in overlays))
        baseline = told.models["avec_audio"]
        assert baseline.ccc["arousal"] == arousal and f"{part} part" in baseline.title
        assert told.corpora.recola.tested == part


@pytest.mark.parametrize("overlays", [["recola.yaml"], ["recola.yaml", "demo_recola.yaml"]])
def test_the_configurations_plan_the_network_and_every_step_of_its_after_treatment(
    overlays, folder
):
    values = read(SHIPPED)
    for overlay in overlays:
        merge(values, read(ROOT / "config" / overlay))
    merge(values, {"data": {"recola": str(folder)}, "corpora": {"recola": {"whole": False}}})
    plan = planned(**values)
    systems = {system["name"]: system for system in plan.systems.systems}
    steps = ("", "_delayed", "_smoothed", "_centred", "_treated")
    run = [name for name, system in systems.items() if "predictions" in system]
    seen = ["face/full", "face_treated/full", "both/full", "both_treated/full"]
    assert run == [*(f"voice{step}/full" for step in steps), *seen]
    start = plan.models.inputs("both", "train", "full", "development")["model"]
    told = [
        plan.models.output(model, "model", "full", ["development"]) for model in ("voice", "face")
    ]
    assert start == [file for files in told for file in files]
    treated = plan.models.inputs("voice_treated", "treat", "full", "development")
    assert treated["predictions"] == list(systems["voice/full"]["predictions"].values())
    assert len(treated["traces"]) == 3
