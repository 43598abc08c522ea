"""Faces of films that stay on disk, a step of a network at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.recola_trainings import AFFECT

from mmer.media.speech_spans import SpeechSpan
from mmer.models.base import ModelJob
from mmer.ragged import Ragged, map_ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.training.films import load_films


@pytest.fixture
def faces_on_disk(tmp_path) -> Path:
    """A clip of four faces and one of two, of 2×2 pixels."""
    path = tmp_path / "faces.npz"
    values = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    write_ragged(path, Ragged.join(["a", "b"], [values[:4], values[4:]], 25.0, [0.0, 0.08]))
    return path


def test_values_that_stay_on_disk_are_those_of_the_file(faces_on_disk):
    mapped = map_ragged(faces_on_disk)
    with np.load(faces_on_disk) as whole:
        assert isinstance(mapped.values, np.memmap)
        np.testing.assert_array_equal(mapped.values, whole["values"])
    assert mapped.items == ("a", "b") and mapped.start_s(1) == 0.08


def test_compressed_values_are_refused(tmp_path, faces_on_disk):
    with np.load(faces_on_disk) as whole:
        np.savez_compressed(tmp_path / "small.npz", **whole)
    with pytest.raises(UserError, match="compressed"):
        map_ragged(tmp_path / "small.npz")


def test_a_cut_file_is_refused(faces_on_disk):
    faces_on_disk.write_bytes(faces_on_disk.read_bytes()[:-200])
    with pytest.raises(UserError, match="delete it"):
        map_ragged(faces_on_disk)


def films_of(path: Path, names, steps, spans=None) -> list[list[int]]:
    """Numbers of the faces that show in each step of some items."""
    told = {"family": "end_to_end", "step": "train", "model": "face", "task": AFFECT}
    job = ModelJob(**told, outputs={}, inputs={"faces": (path,)})
    films = load_films(job, names, steps, spans)
    return [film[:][:, 0, 0, 0].tolist() for film in films]


def test_a_face_shows_in_each_step_the_first_and_last_ones_longer(faces_on_disk):
    # The second film begins two steps after its sound.
    assert films_of(faces_on_disk, ["b", "a"], [5, 6]) == [[4, 4, 4, 5, 5], [0, 1, 2, 3, 3, 3]]


def test_of_speech_its_own_faces_show(faces_on_disk):
    spans = {"a": SpeechSpan(0.04, 0.12, True)}
    assert films_of(faces_on_disk, ["a"], [2], spans) == [[1, 2]]


def test_a_film_that_is_not_there_or_much_too_short_is_told(faces_on_disk):
    with pytest.raises(UserError, match="item c has no faces"):
        films_of(faces_on_disk, ["c"], [2])
    with pytest.raises(UserError, match="item a has 4 faces and 30 steps"):
        films_of(faces_on_disk, ["a"], [30])
