"""The step that fine-tunes CNN-14."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
from safetensors import safe_open
from tests.spoken_pitches import audio_of

from mmer.posteriors import read_posteriors
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.store import write_ragged


def _settings(**changes) -> Cnn14Settings:
    small = {"weights": "random", "width": 0.02, "clip_seconds": 0.4, "batch_size": 8}
    return Cnn14Settings(**(small | changes))


def _run(folder: Path, *options: str, **changes) -> subprocess.CompletedProcess[str]:
    entry = Path(__file__).parents[2] / "workflow_scripts" / "train_cnn14.py"
    paths = []
    for actor in (1, 3):
        paths.append(folder / f"{actor}.npz")
        write_ragged(paths[-1], audio_of(actors=(actor,)))
    split = {"name": "pair", "train_actors": [1], "heldout_actors": [3]}
    settings = _settings(**({"max_iterations": 3, "evaluate_every": 2, "batch_size": 4} | changes))
    command = [sys.executable, str(entry), "--audio", *map(str, paths)]
    command += ["--split", json.dumps(split), "--settings", settings.model_dump_json()]
    command += ["--seed", "1", "--device", "cpu", "--checkpoint", str(folder / "checkpoint")]
    for name in ("model", "history", "posteriors"):
        command += [f"--{name}", str(folder / name)]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def test_step_writes_model_history_and_posteriors(tmp_path):
    done = _run(tmp_path, "--variant", "full")
    assert done.returncode == 0, done.stderr
    assert len(read_posteriors(tmp_path / "posteriors").clips) == 16
    history = pd.read_csv(tmp_path / "history")
    assert history["step"].tolist() == [2, 3]
    with safe_open(tmp_path / "model", framework="pt") as model:
        provenance = json.loads(model.metadata()["provenance"])
        assert model.get_tensor("classifier.weight").shape == (8, 41)
    assert provenance["initial_weights"] == "random" and provenance["seed"] == 1
    assert not (tmp_path / "checkpoint").exists()


def test_step_tells_what_is_missing(tmp_path):
    vad = _run(tmp_path, "--variant", "vad")
    assert vad.returncode == 1
    assert "give --spans" in vad.stderr and "Traceback" not in vad.stderr
    weights = _run(tmp_path, "--variant", "full", weights="panns_cnn14_16k", width=1.0)
    assert weights.returncode == 1
    assert "give --weights" in weights.stderr and "Traceback" not in weights.stderr
