"""Items of faces whose class is the place of a bright square, and their saliency maps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from mmer.items import Items, items_table, write_items
from mmer.models.base import Family, ModelJob
from mmer.protocol import Split
from mmer.ragged import Ragged, write_ragged
from mmer.tasks import Classes
from mmer.training.frames import FramesOnDevice, put_on_device

CPU = torch.device("cpu")
RATE = 30.0
PLACES = tuple("abcdefgh")
TASK = Classes(names=PLACES, column="place")
SPEAKERS = ("s1", "s2", "s3")
SPLIT = Split(name="fold0", train=("s1", "s2"), choose=("s3",), test=("s3",))
OTHER = Split(name="fold1", train=("s2", "s3"), choose=("s1",), test=("s1",))
PAIR = Split(name="pair", train=("s1",), choose=("s3",), test=("s3",))


def item_table(names: Sequence[str]) -> Items:
    """Items named ``<place>_<speaker>``, with or without something behind."""
    cells = [name.split("_") for name in names]
    rows = [
        {"item": name, "speaker": cell[1], "place": cell[0]}
        for name, cell in zip(names, cells, strict=True)
    ]
    return items_table(rows, ["place"])


ITEMS = item_table(
    [f"{place}_{speaker}" for speaker in ("s1", "s2", "s3", "s4") for place in PLACES]
)
"""Of more speakers and places than have frames."""


def bright_square(place: str, speaker: str, count: int) -> np.ndarray:
    """Frames with a bright square whose place tells the class, over faint noise."""
    position = PLACES.index(place)
    seed = 100 * int(speaker[1:]) + position + 1
    frames = np.random.default_rng(seed).integers(0, 40, (count, 48, 48))
    row, column = divmod(position, 3)
    frames[:, 4 + 14 * row : 14 + 14 * row, 4 + 14 * column : 14 + 14 * column] += 200
    return frames.astype(np.uint8)


def frames_and_maps(
    speakers: Sequence[str] = SPEAKERS, places: Sequence[str] = ("a", "c", "e")
) -> tuple[Ragged, Ragged]:
    """Frames and maps; items of 4, 5, 6, ... frames."""
    keys = [(place, speaker) for speaker in speakers for place in places]
    names = [f"{place}_{speaker}" for place, speaker in keys]
    pictures = [bright_square(*key, count=4 + index) for index, key in enumerate(keys)]
    maps = [np.full_like(item, 128) for item in pictures]
    return Ragged.join(names, pictures, RATE), Ragged.join(names, maps, RATE)


def load(split: Split | None = SPLIT, spans: dict | None = None, **choice) -> FramesOnDevice:
    """Those items on the CPU."""
    return put_on_device(*frames_and_maps(**choice), spans, ITEMS, TASK, split, CPU)


def pictures_and_items(
    of_each: int = 20, places: Sequence[str] = PLACES[:7]
) -> tuple[Ragged, Ragged, Items]:
    """Single pictures, two without a class among them; every fourth is of the group ``held``."""
    classes = [*np.tile(places, of_each), "", ""]
    names = [f"p{number:03d}" for number in range(len(classes))]
    images = [
        bright_square(place or "h", f"s{number}", 1)[0] for number, place in enumerate(classes)
    ]
    rows = [
        {"item": name, "speaker": "block0", "place": place, "part": "train" if row % 4 else "held"}
        for row, (name, place) in enumerate(zip(names, classes, strict=True))
    ]
    pictures = Ragged.join(names, [image[None] for image in images], 1.0)
    maps = Ragged.join(names, [np.full((1, 48, 48), 128, np.uint8) for _ in names], 1.0)
    return pictures, maps, items_table(rows, ["place", "part"])


def write_prepared(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Prepared files of three speakers, as a step is told them; speech spans lie beside them."""
    for speaker in SPEAKERS:
        for kind, ragged in zip(("frames", "saliency"), frames_and_maps((speaker,)), strict=True):
            write_ragged(folder / kind / f"{speaker}.npz", ragged)
    write_items(folder / "items.csv", ITEMS)
    media = {
        kind: tuple(folder / kind / f"{speaker}.npz" for speaker in SPEAKERS)
        for kind in ("frames", "saliency")
    }
    return {"items": (folder / "items.csv",), **media}


def done(family: Family, step: str, **told: Any) -> ModelJob:
    """A step that was done."""
    common = {"family": family.name, "step": step, "model": "face", "task": TASK, "seed": 3}
    job = ModelJob(**common | told)
    family.run(job)
    return job


def provenance(model: Path) -> dict[str, Any]:
    """Where a saved network comes from."""
    with safe_open(model, framework="pt") as stream:
        return json.loads(stream.metadata()["provenance"])
