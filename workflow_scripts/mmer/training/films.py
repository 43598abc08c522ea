"""The faces of items, one for each step of a network, which stay on disk until they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmer.media.speech_spans import SpeechSpan
from mmer.models.base import ModelJob
from mmer.ragged import map_ragged
from mmer.runtime.errors import UserError
from mmer.training.kept_audio import span_of


@dataclass(frozen=True)
class Film:
    """The faces of an item.

    Attributes
    ----------
    faces
        ``(faces, side, side, 3)`` uint8, on disk.
    shown
        ``(steps,)`` int64: which one shows in each step.
    """

    faces: np.ndarray
    shown: np.ndarray

    def __len__(self) -> int:
        return len(self.shown)

    def __getitem__(self, steps: slice) -> Tensor:
        """The faces of some steps, ``(steps, side, side, 3)`` uint8, in memory on the CPU."""
        return torch.from_numpy(np.asarray(self.faces[self.shown[steps]]))


def load_films(
    job: ModelJob,
    names: Sequence[str],
    steps: Sequence[int],
    spans: Mapping[str, SpeechSpan] | None,
) -> list[Film] | None:
    """A film of each named item, as long as its steps, where the job reads faces.

    Steps are as many a second as faces.  Before the film begins its first face shows, after its end
    its last one.

    Raises
    ------
    UserError
        If an item has no faces, or its film and its steps are more than a second apart.
    """
    if "faces" not in job.inputs:
        return None
    found = {}
    for path in job.inputs["faces"]:
        films = map_ragged(path)
        for row, name in enumerate(films.items):
            found[name] = (films.of(row), films.start_s(row), films.rate)
    return [_film(name, found.get(name), n, spans) for name, n in zip(names, steps, strict=True)]


def _film(
    name: str,
    found: tuple[np.ndarray, float, float] | None,
    steps: int,
    spans: Mapping[str, SpeechSpan] | None,
) -> Film:
    if found is None or not len(found[0]):
        raise UserError(f"item {name} has no faces: crop them again")
    faces, start_s, rate = found
    span = span_of(name, spans)
    first = round(((span.start_s if span else 0.0) - start_s) * rate)
    if abs(len(faces) - first - steps) > rate and span is None:
        raise UserError(
            f"item {name} has {len(faces)} faces and {steps} steps, more than a second apart: get "
            "its film again, or mend the traces"
        )
    return Film(faces, np.clip(first + np.arange(steps), 0, len(faces) - 1))
