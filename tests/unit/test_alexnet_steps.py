"""The steps that fine-tune AlexNet and extract its embeddings."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
from safetensors import safe_open
from tests.spoken_pitches import audio_of

from mmer.posteriors import read_posteriors
from mmer.prepare.speech_spans import SpeechSpan, write_spans
from mmer.speech.alexnet_settings import AlexNetEmbeddingSettings, AlexNetSettings
from mmer.speech.embeddings import read_embeddings
from mmer.store import write_ragged


def _settings(**changes) -> AlexNetSettings:
    small = {"weights": "random", "width": 0.05, "trainable": "all", "batch_size": 8}
    return AlexNetSettings(**{**small, "image": {"size": 64}, **changes})


def _run(entry: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    paths = []
    for actor in (1, 3):
        paths.append(folder / f"{actor}.npz")
        write_ragged(paths[-1], audio_of(actors=(actor,)))
    script = Path(__file__).parents[2] / "workflow_scripts" / f"{entry}.py"
    command = [sys.executable, str(script), "--audio", *map(str, paths)]
    command += ["--seed", "1", "--device", "cpu"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def _train(folder: Path, settings: AlexNetSettings, *options: str):
    split = {"name": "pair", "train_actors": [1], "heldout_actors": [3]}
    results = [f"--{name}={folder / name}" for name in ("model", "history", "posteriors")]
    return _run(
        "train_alexnet",
        folder,
        *("--split", json.dumps(split), "--settings", settings.model_dump_json()),
        *("--checkpoint", str(folder / "checkpoint"), *results, *options),
    )


def _extract(folder: Path, settings: AlexNetEmbeddingSettings, *options: str):
    return _run(
        "extract_alexnet_embeddings",
        folder,
        *("--settings", settings.model_dump_json()),
        *("--embeddings", str(folder / "embeddings.npz"), *options),
    )


def test_training_step_writes_model_history_and_posteriors(tmp_path):
    done = _train(tmp_path, _settings(max_epochs=2), "--variant", "full")
    assert done.returncode == 0, done.stderr
    assert len(read_posteriors(tmp_path / "posteriors").clips) == 16
    assert pd.read_csv(tmp_path / "history")["epoch"].tolist() == [1, 2]
    with safe_open(tmp_path / "model", framework="pt") as model:
        provenance = json.loads(model.metadata()["provenance"])
        assert model.get_tensor("classifier.6.weight").shape == (8, 205)
    assert provenance["initial_weights"] == "random" and provenance["seed"] == 1
    assert not (tmp_path / "checkpoint").exists()


def test_training_step_tells_what_is_missing(tmp_path):
    weights = _train(tmp_path, AlexNetSettings(), "--variant", "full")
    assert weights.returncode == 1
    assert "give --weights" in weights.stderr and "Traceback" not in weights.stderr


def test_extraction_step_writes_one_vector_per_clip(tmp_path):
    spans = {name: SpeechSpan(0.0, 0.4, found=True) for name in audio_of().clips}
    write_spans(tmp_path / "spans.csv", spans)
    settings = AlexNetEmbeddingSettings(weights="random", width=0.05, image={"size": 64})
    done = _extract(tmp_path, settings, "--variant", "vad", "--spans", str(tmp_path / "spans.csv"))
    assert done.returncode == 0, done.stderr
    embeddings = read_embeddings(tmp_path / "embeddings.npz")
    assert embeddings.clips == tuple(sorted(audio_of((1, 3)).clips))
    assert embeddings.values.shape == (16, 205)
