"""eGeMAPS: not run where its package is missing, the package's own values where it is there."""

import importlib.util
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from tests.plans import SHIPPED, planned, read
from tests.spoken_pitches import audio_of, told

from mmer.embeddings import read_embeddings
from mmer.models.egemaps import Egemaps
from mmer.runtime.errors import UserError
from mmer.settings import Settings

MODELS = {
    "egemaps": {"family": "egemaps", "title": "eGeMAPS"},
    "egemaps_regression": {
        "family": "logistic_regression",
        "title": "logistic regression on eGeMAPS",
        "of": "egemaps",
    },
}
THERE = importlib.util.find_spec("opensmile") is not None


def systems():
    models = {**read(SHIPPED)["models"], **MODELS}
    plan = planned(models=models, systems=["egemaps_regression"])
    return {system["name"]: system for system in plan.systems.systems}


def job(folder, **more):
    return told(folder, "egemaps", "embed", Settings(), {"embeddings": "e.npz"}, **more)


def test_without_the_package_rows_say_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for variant in ("full", "vad"):
        reason = systems()[f"egemaps_regression/{variant}"]["not_run"]
        assert reason == "package opensmile missing: make egemaps, mind its licence"


def test_with_the_package_the_rows_are_run(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert "predictions" in systems()["egemaps_regression/full"]


def test_a_job_that_does_not_find_the_package_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(UserError, match="make egemaps, mind its licence"):
        Egemaps().run(job(tmp_path))


def own_values(samples):
    """The package's own values by name."""
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    (values,) = smile.process_signal(samples.astype(np.float32) / 32768, 16_000).to_numpy()
    return dict(zip(smile.feature_names, values, strict=True))


def in_its_own_process(function, *given):
    """As in the workflow: beside the libraries of other tests openSMILE may end the process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(function, *given).result()


@pytest.mark.skipif(not THERE, reason="the optional package opensmile is not installed")
@pytest.mark.parametrize("variant", ["full", "vad"])
def test_values_are_the_packages_own(tmp_path, variant):
    in_its_own_process(Egemaps().run, job(tmp_path, variant=variant))
    found, audio = read_embeddings(tmp_path / "e.npz"), audio_of(("a", "c"))
    assert found.items == tuple(sorted(audio.items)) and found.values.shape == (16, 88)
    kept = slice(None) if variant == "full" else slice(800, 6400)  # the span of every item
    own = in_its_own_process(own_values, audio.of(audio.items.index("a0"))[kept])
    values = found.values[found.items.index("a0")]
    np.testing.assert_array_equal(values, list(own.values()))
    semitones = own["F0semitoneFrom27.5Hz_sma3nz_amean"]
    assert semitones == pytest.approx(12 * np.log2(375 / 27.5), abs=0.3)  # its tone is 375 Hz
