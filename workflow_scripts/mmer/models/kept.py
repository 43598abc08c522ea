"""A model after its run: what is kept of it, and what it says of new recordings.

A family says which weights stand for a finished model (``kept_state``) and how these say something
of recordings that are in no corpus (``for_new_recordings``).  Neither is a step of a run, and the
versions of steps do not count them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mmer.items import Items, items_table
from mmer.media.speech_spans import SpeechSpan
from mmer.models.job import Variant
from mmer.predictions import Posteriors
from mmer.protocol import Split
from mmer.ragged import Ragged
from mmer.settings import Settings
from mmer.tasks import Classes

if TYPE_CHECKING:
    from torch import Tensor

NEW = "new"
"""Whoever speaks in a new recording."""

NEW_SPLIT = Split(name=NEW, train=(NEW,), choose=(), test=())
"""All of it in one part, which is never trained on."""

Chosen = TypeVar("Chosen", bound=Settings)


@dataclass(frozen=True)
class KeptModel:
    """A model of a finished run, for one split or for all.

    Attributes
    ----------
    options
        Its entry in the configuration, but for what only readers see.
    task, base_task
        What it says of an item, and what the model named by ``of`` says.
    variant
        Whether it is given whole items or their speech.
    state
        Its weights, on the CPU.
    """

    model: str
    options: Mapping[str, Any]
    task: Classes
    base_task: Classes | None
    variant: Variant
    state: Mapping[str, Tensor]

    def settings(self, kind: type[Chosen]) -> Chosen:
        """The model's settings."""
        return kind.model_validate(self.options["settings"])


@dataclass(frozen=True)
class NewItems:
    """Pieces of recordings, prepared as the items of a corpus are.

    Attributes
    ----------
    names
        Of the pieces, sorted.
    audio, frames, saliency
        Of all of them, in that order; None where a recording has no sound, or no face.
    """

    names: tuple[str, ...]
    audio: Ragged | None = None
    frames: Ragged | None = None
    saliency: Ragged | None = None
    spans: Mapping[str, SpeechSpan] = field(default_factory=dict)

    def kept_by(self, variant: Variant) -> Mapping[str, SpeechSpan] | None:
        """What a variant keeps of each piece; None for all of it."""
        return self.spans if variant == "vad" else None

    def table(self, task: Classes) -> Items:
        """An item table, whose class is of no meaning: nobody knows it."""
        rows = [{"item": name, "speaker": NEW, task.column: task.names[0]} for name in self.names]
        return items_table(rows, [task.column])


@dataclass(frozen=True)
class Said:
    """What a model says of some pieces, in the order of their names.

    Attributes
    ----------
    probabilities
        ``(pieces, classes)`` float64; None of a model that only describes.
    logits
        The same before the softmax, None where there are none.
    embeddings
        ``(pieces, dimensions)`` float32.
    layers
        Of each frame, by name, ``(frames, width)`` float32; ``logits`` among them.
    """

    probabilities: np.ndarray | None = None
    logits: np.ndarray | None = None
    embeddings: np.ndarray | None = None
    layers: Mapping[str, Ragged] = field(default_factory=dict)

    @classmethod
    def of(cls, posteriors: Posteriors) -> Said:
        """Posteriors without their items."""
        return cls(posteriors.probabilities, posteriors.logits)


Predictor = Callable[[NewItems, Said | None], Said]
"""What a model says of pieces, given what the model named by ``of`` said of them."""
