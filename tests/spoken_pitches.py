"""Tones: items whose class is the pitch, what a step on them is told, and one like a voice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmer.items import Items, items_table, write_items
from mmer.media.speech_spans import SpeechSpan, write_spans
from mmer.models.base import ModelJob
from mmer.protocol import Split
from mmer.ragged import Ragged, write_ragged
from mmer.settings import Settings
from mmer.tasks import Classes

CPU = torch.device("cpu")
RATE = 16_000
SPEAKERS = ("a", "b", "c", "d")
TASK = Classes(names=tuple(f"pitch{number}" for number in range(8)), column="pitch")
SPLIT = Split(name="fold0", train=("a", "b", "d"), choose=("c",), test=("c",))
PAIR = Split(name="pair", train=("a",), choose=("c",), test=("c",))
NESTED = Split(name="nested", train=("a", "b"), choose=("d",), test=("c",))

ITEMS: Items = items_table(
    (
        {"item": f"{speaker}{number}", "speaker": speaker, "pitch": pitch}
        for speaker in SPEAKERS
        for number, pitch in enumerate(TASK.names)
    ),
    ["pitch"],
)


def tone(number: int, speaker: str) -> np.ndarray:
    """Half a second of one of eight pitches, int16."""
    time = np.arange(RATE // 2) / RATE
    seed = 100 * (SPEAKERS.index(speaker) + 1) + number + 1
    noise = np.random.default_rng(seed).normal(0, 300, len(time))
    return (8000 * np.sin(2 * np.pi * 250 * 1.5 ** (number + 1) * time) + noise).astype(np.int16)


def voice(hertz: float, seconds: float, loudness: float = 0.1) -> np.ndarray:
    """Ten harmonics, each weaker than the one below."""
    time = np.arange(round(seconds * RATE)) / RATE
    harmonics = [np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 11)]
    return loudness * np.sum(harmonics, axis=0)


def audio_of(speakers: tuple[str, ...] = SPEAKERS) -> Ragged:
    """An item of every pitch by each speaker."""
    names = [f"{speaker}{number}" for speaker in speakers for number in range(8)]
    return Ragged.join(names, [tone(n, speaker) for speaker in speakers for n in range(8)], RATE)


def told(
    folder: Path,
    family: str,
    step: str,
    settings: Settings,
    outputs: Mapping[str, str],
    split: Split | None = None,
    **more: Any,
) -> ModelJob:
    """What a step is told of speakers ``a`` and ``c``, whose audio and spans are written here.

    ``outputs`` are file names; ``more`` are other parts of the job.
    """
    write_items(folder / "items.csv", ITEMS)
    for speaker in ("a", "c"):
        audio = audio_of((speaker,))
        write_ragged(folder / f"{speaker}.npz", audio)
        spans = {name: SpeechSpan(0.05, 0.4, found=True) for name in audio.items}
        write_spans(folder / f"{speaker}.csv", spans)
    return ModelJob(
        family=family,
        step=step,
        model="mine",
        options={"settings": settings.model_dump(mode="json")},
        task=TASK,
        splits={split.name: split} if split else {},
        inputs={
            "items": (folder / "items.csv",),
            "audio": (folder / "a.npz", folder / "c.npz"),
            "speech": (folder / "a.csv", folder / "c.csv"),
        },
        outputs={
            name: {split.name if split else "": folder / file} for name, file in outputs.items()
        },
        **{"variant": "full", "seed": 1, **more},
    )
