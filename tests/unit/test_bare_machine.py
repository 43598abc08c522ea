"""Training and inference need no workflow engine, no TensorFlow and no voice activity detector."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.spoken_pitches import ITEMS, PAIR, TASK, told

from mmer.models.cnn14 import Cnn14Settings
from mmer.predictions import read_predictions

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
ABSENT = ("snakemake", "tensorflow", "keras", "inaSpeechSegmenter", "onnxruntime")
"""What a machine that only trains may lack: the engine and voice activity detection."""

NEEDED = (
    *("run_model", "run_on_gpu", "map_saliency", "predict_recordings"),
    *(
        f"mmer.models.networks.{file.stem}"
        for file in sorted((SCRIPTS / "mmer" / "models" / "networks").glob("[!_]*.py"))
    ),
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
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "MMER_DEVICE": "cpu"},
        capture_output=True,
        text=True,
    )


def test_everything_after_preparation_is_importable():
    done = bare_python(WITHOUT_THEM + "\n".join(f"import {name}" for name in NEEDED))
    assert done.returncode == 0, done.stderr
    assert "ModuleNotFoundError" in bare_python(f"{WITHOUT_THEM}import tensorflow").stderr


def test_a_speech_model_is_trained_from_prepared_audio(tmp_path):
    settings = Cnn14Settings(
        weights="random",
        width=0.02,
        clip_seconds=0.4,
        batch_size=4,
        max_iterations=2,
        evaluate_every=1,
    )
    outputs = {"model": "model", "history": "history", "predictions": "predictions"}
    job = told(tmp_path, "cnn14", "train", settings, outputs, PAIR)
    done = bare_python(AS_PROGRAM, "run_model", job.model_dump_json())
    assert done.returncode == 0, done.stderr
    assert len(read_predictions(tmp_path / "predictions", TASK, ITEMS).names) == 16
