"""Speakers whose words tell their mood, and the job of an encoder that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mmer.items import Items, items_table, write_items
from mmer.media.words import WordsJob, prepare_text
from mmer.models.base import ModelJob
from mmer.models.networks.text import random_encoder
from mmer.models.text import TextSettings
from mmer.protocol import Split
from mmer.tasks import Classes

TASK = Classes(names=("glad", "sorry"), column="mood")
SPLIT = Split(name="fold0", train=("a", "b"), choose=("c",), test=("c",))
TEXTS = ("what a lovely day", "no", "oh dear, what a dreadful rainy day it is again")
SMALL = TextSettings(weights="random", width=16, layers=2, heads=2, max_tokens=16, least_count=1)


def saved_encoder(folder: Path) -> Path:
    """A folder with a tiny encoder, as the library itself saves one."""
    torch.manual_seed(7)
    tokenizer, encoder = random_encoder(TEXTS, SMALL)
    tokenizer.save_pretrained(folder)
    encoder.save_pretrained(folder)
    return folder


def items_of(texts: dict[str, str], moods: str) -> Items:
    """Items named by their speaker and a number, ``g`` glad and ``s`` sorry."""
    return items_table(
        (
            {
                "item": name,
                "speaker": name[0],
                "mood": {"g": "glad", "s": "sorry"}[mood],
                "said": text,
            }
            for (name, text), mood in zip(texts.items(), moods, strict=True)
        ),
        ["mood", "said"],
    )


def told(folder: Path, settings: TextSettings, **more: Any) -> ModelJob:
    """A job on three speakers whose words tell their mood, the tested one's last word apart."""
    texts, moods = {}, ""
    for speaker in "abc":
        for number in range(8):
            mood = "gs"[number % 2]
            words = ["lovely happy day", "bad sad night"][number % 2]
            texts[f"{speaker}{number}"] = f"{words} {'zq' if speaker == 'c' else 'and so on'}"
            moods += mood
    write_items(folder / "items.csv", items_of(texts, moods))
    for speaker in "abc":
        of = {"items": folder / "items.csv", "column": "said", "speaker": speaker}
        prepare_text(WordsJob(**of, out=folder / f"{speaker}.csv"))
    files = {
        "model": "m.safetensors",
        "history": "h.csv",
        "predictions": "p.csv",
        "vocabulary": "v.txt",
    }
    return ModelJob(
        family="text",
        step="train",
        model="words",
        options={"settings": settings.model_dump(mode="json")},
        task=TASK,
        splits={"fold0": SPLIT},
        inputs={
            "items": (folder / "items.csv",),
            "text": tuple(folder / f"{speaker}.csv" for speaker in "abc"),
        },
        outputs={name: {"fold0": folder / file} for name, file in files.items()},
        **{"variant": "full", "seed": 1, **more},
    )
