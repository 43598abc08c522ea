"""Training and inference need no workflow engine, no TensorFlow and no voice activity detector."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.pictured_items import ITEMS as PICTURED
from tests.pictured_items import SPLIT, write_prepared
from tests.pictured_items import TASK as PLACES
from tests.spoken_pitches import ITEMS, PAIR, TASK, told

from mmer.models.base import ModelJob
from mmer.models.cnn14 import Cnn14Settings
from mmer.models.spatial_transformer import SpatialTransformerSettings
from mmer.predictions import read_predictions
from mmer.ragged import read_ragged

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
ABSENT = ("snakemake", "tensorflow", "keras", "inaSpeechSegmenter", "onnxruntime")
"""What a machine that only trains may lack: the engine and voice activity detection."""

NEEDED = (
    *("run_model", "run_on_gpu", "map_saliency"),
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


def run_model(job: ModelJob) -> None:
    """Run a step of a family on a bare machine."""
    done = bare_python(AS_PROGRAM, "run_model", job.model_dump_json())
    assert done.returncode == 0, done.stderr


def test_the_packages_are_really_absent():
    done = bare_python(f"{WITHOUT_THEM}import tensorflow")
    assert "ModuleNotFoundError" in done.stderr


def test_everything_after_preparation_is_importable():
    done = bare_python(WITHOUT_THEM + "\n".join(f"import {name}" for name in NEEDED))
    assert done.returncode == 0, done.stderr


def test_planning_imports_no_heavy_library():
    heavy = ("torch", "torchvision", "torchaudio", "sklearn", "librosa", "cv2", "matplotlib")
    program = (
        "import sys; from mmer.registry import read_registry; read_registry()\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = bare_python(program)
    assert done.stdout.strip() == "[]", done.stderr


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
    run_model(told(tmp_path, "cnn14", "train", settings, outputs, PAIR))
    assert len(read_predictions(tmp_path / "predictions", TASK, ITEMS).names) == 16


def test_a_face_model_is_trained_from_prepared_frames(tmp_path):
    settings = SpatialTransformerSettings(batch_size=8, max_epochs=1)
    outputs = ("model", "history", "frame_logits")
    run_model(
        ModelJob(
            family="spatial_transformer",
            step="train",
            model="mine",
            options={"settings": settings.model_dump(mode="json")},
            task=PLACES,
            variant="full",
            splits={SPLIT.name: SPLIT},
            seed=1,
            inputs=write_prepared(tmp_path),
            outputs={name: {SPLIT.name: tmp_path / name} for name in outputs},
        )
    )
    frames = read_ragged([tmp_path / "frame_logits"])
    assert frames.values.shape[1] == 8 and set(frames.items) <= set(PICTURED.names)
