"""A tiny RECOLA, prepared, with faces whose brightness is valence; and trainings on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmer.corpora.recola import Recola, RecolaSettings
from mmer.media.preparation import PreparationJob, prepare_media
from mmer.media.recordings import ItemsJob, list_items
from mmer.media.settings import PreparationSettings
from mmer.models.base import ModelJob
from mmer.ragged import Ragged, read_ragged, write_ragged
from mmer.tasks import Classes, Traces
from tests.tiny_recola import write_avec

TINY = {"channels": 4, "pooled_channels": 2, "units": 8, "learning_rate": 0.01, "sound_dropout": 0}
TINY_FACE = {
    "face_blocks": (1, 1, 1, 1),
    "face_width": 0.0625,
    "face_side": 32,
    "weights": "random",
}
AFFECT = Traces(names=("arousal", "valence"), rate=25)


def prepare_recola(folder: Path) -> Recola:
    """AVEC's folder of three recordings of eight seconds, prepared in ``folder``."""
    write_avec(folder / "data", ("train_1", "train_2", "dev_1"), rows=201)
    settings = {"rows": 201, "whole": False}
    corpus = Recola(RecolaSettings(**settings), folder / "data", 0)
    told = {"corpus": "recola", "settings": settings, "folder": folder / "data"}
    list_items(ItemsJob(**told, found={}, out=folder / "items.csv"))
    for speaker in corpus.speakers:
        prepare_media(
            PreparationJob(
                **told,
                speaker=speaker,
                files=corpus.files(speaker),
                items=folder / "items.csv",
                preparation=PreparationSettings(),
                outputs={m: folder / m / f"{speaker}.npz" for m in corpus.media},
            )
        )
        valence = read_ragged([folder / "traces" / f"{speaker}.npz"]).values[:, 1]
        bright = np.rint(128 + 200 * valence).astype(np.uint8)
        faces = np.broadcast_to(bright[:, None, None, None], (len(bright), 96, 96, 3))
        write_ragged(folder / "faces" / f"{speaker}.npz", Ragged.join([speaker], [faces], 25.0))
    return corpus


def training_job(
    corpus: Recola,
    folder: Path,
    model: str = "voice",
    task: Traces | Classes = AFFECT,
    start: tuple[Path, ...] = (),
    **settings,
) -> ModelJob:
    """The training of the published split; ``start`` are models of the voice and of the face."""
    split = corpus.splits("affect", None)["development"]
    outputs = {"model": "model.safetensors", "history": "history.csv", "predictions": "said.csv"}
    sees = settings.get("senses", "voice") != "voice"
    media = (*corpus.media, *(("faces",) if sees else ()))
    return ModelJob(
        family="end_to_end",
        step="train",
        model=model,
        options={"settings": {**TINY, **(TINY_FACE if sees else {}), **settings}},
        task=task,
        variant="full",
        splits={"development": split},
        seed=3,
        inputs={
            "items": (folder / "items.csv",),
            **{m: tuple(folder / m / f"{s}.npz" for s in corpus.speakers) for m in media},
            **({"model": start} if start else {}),
        },
        outputs={name: {"development": folder / model / file} for name, file in outputs.items()},
    )
