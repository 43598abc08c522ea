"""A small exported folder, made without a run."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from mmer.models.plain_cnn import PlainCnn, PlainCnnSettings
from mmer.prediction.manifest import (
    MANIFEST,
    ExportedFile,
    ExportedModel,
    ExportedSystem,
    Manifest,
    Score,
    file_sha256,
)
from mmer.tasks import Classes
from mmer.training.checkpoint import write_model
from mmer.training.standardised import Standardised

TASK = Classes(names=("low", "high"), column="pitch")
SETTINGS = PlainCnnSettings(channels=(4, 4), frame_width=8)
SPLITS = ("fold0", "fold1")


def write_weights(path: Path, seed: int) -> None:
    """A network with random weights."""
    torch.manual_seed(seed)
    network = PlainCnn().network(SETTINGS.bands, TASK, SETTINGS)
    write_model(path, Standardised(network, torch.randn(10, SETTINGS.bands)).state_dict(), {})


def write_export(folder: Path) -> Path:
    """The folder, with a network for each of two splits."""
    files = {split: f"models/small/full/{split}.safetensors" for split in SPLITS}
    for seed, file in enumerate(files.values()):
        write_weights(folder / file, seed)
    manifest = Manifest(
        run="small",
        corpus="tones",
        label="tones",
        speakers=2,
        caution="Tones are no voices.",
        task=TASK,
        preparation={},
        saliency={},
        voice_activity={},
        splits=SPLITS,
        models=(
            ExportedModel(
                name="small",
                variant="full",
                family="plain_cnn",
                options={"of": None, "settings": SETTINGS.model_dump(mode="json")},
                task=TASK,
                files=files,
            ),
        ),
        systems=(
            ExportedSystem(
                name="small/full",
                title="a small network",
                modality="speech",
                score=Score(items=4, accuracy=50.0),
            ),
        ),
        files=listed(folder, files.values()),
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1))
    return folder


def listed(folder: Path, files) -> dict[str, ExportedFile]:
    """Checksums and sizes of files."""
    return {
        file: ExportedFile(sha256=file_sha256(folder / file), size=(folder / file).stat().st_size)
        for file in files
    }


def relisted(folder: Path) -> None:
    """Write the checksums of the files as they are now, as whoever forges a folder would."""
    told = json.loads((folder / MANIFEST).read_text())
    found = listed(folder, told["files"])
    told["files"] = {name: each.model_dump() for name, each in found.items()}
    (folder / MANIFEST).write_text(json.dumps(told))
