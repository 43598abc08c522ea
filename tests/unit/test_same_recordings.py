"""The same recording more than once: told, or refused where a corpus contradicts itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmer.items import items_table, write_items
from mmer.media.same_recordings import ComparisonJob, compare_recordings, read_same_recordings
from mmer.ragged import Ragged, write_ragged
from mmer.report.preparation import same_sentence
from mmer.runtime.errors import UserError

SOUND = {"a": [1, 2, 3], "b": [1, 2], "c": [1, 2, 3], "d": [1, 2, 4], "e": [1, 2]}
"""What each item sounds like; the last two are of another speaker."""

ITEMS = [
    {"item": name, "speaker": "02" if name in "de" else "01", "mood": "calm", "sentence": name}
    for name in SOUND
]


def compared(folder: Path, sounds: dict[str, list[int]], **moods: str) -> list[tuple[str, ...]]:
    """What is found among some items, after the step has written it."""
    rows = [{**row, "mood": moods.get(row["item"], row["mood"])} for row in ITEMS]
    write_items(folder / "items.csv", items_table(rows, ("mood", "sentence")))
    files = []
    for speaker in ("01", "02"):
        own = [row["item"] for row in rows if row["speaker"] == speaker and row["item"] in sounds]
        if own:
            files.append(folder / f"{speaker}.npz")
            parts = [np.array(sounds[name], np.int16) for name in own]
            write_ragged(files[-1], Ragged.join(own, parts, 16000))
    told = {"audio": files, "items": folder / "items.csv", "classes": ("mood",)}
    compare_recordings(ComparisonJob(**told, out=folder / "same.csv"))
    return read_same_recordings(folder / "same.csv")


def without(name: str) -> dict[str, list[int]]:
    return {item: sound for item, sound in SOUND.items() if item != name}


def test_items_with_the_same_samples_are_found_whatever_else_differs(tmp_path):
    assert compared(tmp_path, without("e")) == [("a", "c")]


def test_nothing_is_found_where_every_recording_is_there_once(tmp_path):
    assert compared(tmp_path, {name: SOUND[name] for name in "abd"}) == []


def test_the_same_recording_of_two_speakers_is_an_error(tmp_path):
    reason = "b and e are the same recording, but the item table gives them speaker 01 and 02"
    with pytest.raises(UserError, match=reason):
        compared(tmp_path, SOUND)
    assert not (tmp_path / "same.csv").exists()


def test_the_same_recording_of_two_classes_is_an_error(tmp_path):
    reason = "a and c are the same recording, but the item table gives them mood calm and sad"
    with pytest.raises(UserError, match=reason):
        compared(tmp_path, without("e"), c="sad")


def test_it_is_told_in_a_sentence():
    assert same_sentence([("a", "c"), ("b", "d", "f")]).endswith("a and c; b and d and f.")
    assert same_sentence([]).startswith("No recording is there more than once")
