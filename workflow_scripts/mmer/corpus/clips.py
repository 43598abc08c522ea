"""Clip names: what RAVDESS writes into the name of every recording.

A name is ``modality-channel-emotion-intensity-statement-repetition-actor``, two digits each, for
example ``01-01-03-02-01-01-12``.  Source: RAVDESS, Zenodo record 1188976.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError

AUDIO_VIDEO = 1
VIDEO_ONLY = 2
SPEECH = 1
NORMAL, STRONG = 1, 2
STATEMENTS = ("Kids are talking by the door", "Dogs are sitting by the door")
ACTOR_COUNT = 24

_FIELDS = ("modality", "channel", "emotion", "intensity", "statement", "repetition", "actor")
_HIGHEST = {
    "modality": 3,
    "channel": 2,
    "emotion": len(EMOTIONS),
    "intensity": 2,
    "statement": len(STATEMENTS),
    "repetition": 2,
    "actor": ACTOR_COUNT,
}
_PATTERN = re.compile(r"[0-9]{2}(-[0-9]{2}){6}", re.ASCII)


@dataclass(frozen=True, order=True)
class Clip:
    """One recording, described by the seven numbers of its name."""

    modality: int
    channel: int
    emotion: int
    intensity: int
    statement: int
    repetition: int
    actor: int

    @classmethod
    def parse(cls, name: str) -> Clip:
        """Read a clip name without its ending.

        Raises
        ------
        UserError
            If the name is outside RAVDESS's grammar.
        """
        if not _PATTERN.fullmatch(name):
            raise UserError(
                f"clip name {name!r} is not seven two-digit numbers joined by '-', as in "
                "01-01-03-02-01-01-12: rename or remove the file"
            )
        values = dict(zip(_FIELDS, map(int, name.split("-")), strict=True))
        for field, value in values.items():
            if not 1 <= value <= _HIGHEST[field]:
                raise UserError(
                    f"clip name {name!r} has {field} {value:02d}, but RAVDESS knows 01 to "
                    f"{_HIGHEST[field]:02d}: rename or remove the file"
                )
        clip = cls(**values)
        if clip.emotion == 1 and clip.intensity == STRONG:
            raise UserError(
                f"clip name {name!r} is neutral with strong intensity, which RAVDESS does not "
                "have: rename or remove the file"
            )
        return clip

    @property
    def name(self) -> str:
        """The name without its ending, as RAVDESS writes it."""
        return "-".join(f"{getattr(self, field):02d}" for field in _FIELDS)

    @property
    def label(self) -> int:
        """Class index in the order of :data:`mmer.corpus.labels.EMOTIONS`, from 0."""
        return self.emotion - 1

    @property
    def sex(self) -> str:
        """``male`` for odd actor numbers, ``female`` for even ones."""
        return "male" if self.actor % 2 else "female"

    @property
    def is_audio_visual_speech(self) -> bool:
        """Whether the workflow uses the clip: both modalities, spoken rather than sung."""
        return self.modality == AUDIO_VIDEO and self.channel == SPEECH
