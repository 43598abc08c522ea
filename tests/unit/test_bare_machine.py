"""Training and inference need no workflow engine, no TensorFlow and no voice activity detector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.pictured_clips import frames_and_maps
from tests.spoken_pitches import audio_of

from mmer.face.settings import SpatialTransformerSettings
from mmer.posteriors import read_posteriors
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.store import read_ragged, write_ragged

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
ABSENT = ("snakemake", "tensorflow", "keras", "inaSpeechSegmenter", "onnxruntime")
"""What a machine that only trains may lack: the engine and voice activity detection."""

STEPS = (
    *("train_cnn14", "train_alexnet", "extract_cnn14_embeddings", "extract_alexnet_embeddings"),
    *("train_affectnet", "train_spatial_transformer", "score_frames", "vote_frames"),
    *("train_bilstm", "classify_embeddings", "map_saliency", "run_on_gpu"),
)

WITHOUT_THEM = f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r}))\n"
AS_PROGRAM = (
    f"{WITHOUT_THEM}import runpy; del sys.argv[0]\n"
    "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
)


def bare_python(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program where the absent packages cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
    )


def step(name: str, settings: str, **options: object) -> None:
    """Run a training step of two actors' clips on a bare machine."""
    split = {"name": "heldout0", "train_actors": [1], "heldout_actors": [3]}
    words = ["--settings", settings, "--split", json.dumps(split), "--variant", "full"]
    words += ["--seed", "1", "--device", "auto"]
    for option, value in options.items():
        values = value if isinstance(value, list) else [value]
        words += [f"--{option.replace('_', '-')}", *map(str, values)]
    done = bare_python(AS_PROGRAM, name, *words)
    assert done.returncode == 0, done.stderr


def test_the_packages_are_really_absent():
    done = bare_python(f"{WITHOUT_THEM}import tensorflow")
    assert "ModuleNotFoundError" in done.stderr


def test_every_step_after_preparation_is_importable():
    done = bare_python(WITHOUT_THEM + "\n".join(f"import {name}" for name in STEPS))
    assert done.returncode == 0, done.stderr


def test_a_speech_model_is_trained_from_prepared_audio(tmp_path):
    audio = [tmp_path / f"audio_{actor}.npz" for actor in (1, 3)]
    for path, actor in zip(audio, (1, 3), strict=True):
        write_ragged(path, audio_of(actors=(actor,)))
    small = {"weights": "random", "width": 0.02, "clip_seconds": 0.4, "batch_size": 4}
    step(
        "train_cnn14",
        Cnn14Settings(**small, max_iterations=2, evaluate_every=1).model_dump_json(),
        audio=audio,
        model=tmp_path / "model.safetensors",
        history=tmp_path / "history.csv",
        posteriors=tmp_path / "posteriors.csv",
    )
    assert len(read_posteriors(tmp_path / "posteriors.csv").clips) == 16


def test_a_face_model_is_trained_from_prepared_frames(tmp_path):
    for actor in (1, 3):
        for kind, ragged in zip(
            ("frames", "saliency"), frames_and_maps(actors=(actor,)), strict=True
        ):
            write_ragged(tmp_path / f"{kind}_{actor}.npz", ragged)
    step(
        "train_spatial_transformer",
        SpatialTransformerSettings(batch_size=8, max_epochs=1).model_dump_json(),
        frames=[tmp_path / f"frames_{actor}.npz" for actor in (1, 3)],
        saliency=[tmp_path / f"saliency_{actor}.npz" for actor in (1, 3)],
        model=tmp_path / "model.safetensors",
        history=tmp_path / "history.csv",
        frame_logits=tmp_path / "frame_logits.npz",
    )
    assert read_ragged([tmp_path / "frame_logits.npz"]).values.shape[1] == 8
