"""How an actor performs a clip: the emotion, what blends into it, and how strongly it shows.

Voice and face of a clip are drawn apart and are confused along different lines, so that each
modality can help out the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from mmer.corpora.ravdess import EMOTIONS, STRONG, Clip

VOICE_CONFUSIONS: dict[str, tuple[str, ...]] = {
    "neutral": ("calm", "disgust", "sad"),
    "calm": ("sad", "sad", "neutral"),
    "happy": ("surprised", "surprised", "angry"),
    "sad": ("calm", "calm", "disgust"),
    "angry": ("happy", "disgust", "fearful"),
    "fearful": ("happy", "sad", "angry"),
    "disgust": ("neutral", "angry", "sad"),
    "surprised": ("happy", "happy", "fearful"),
}
"""What a voice may be taken for; an emotion named twice is twice as likely."""

FACE_CONFUSIONS: dict[str, tuple[str, ...]] = {
    "neutral": ("calm", "calm", "sad"),
    "calm": ("neutral", "neutral", "happy"),
    "happy": ("calm", "surprised", "disgust"),
    "sad": ("fearful", "disgust", "neutral"),
    "angry": ("disgust", "disgust", "neutral"),
    "fearful": ("surprised", "surprised", "sad"),
    "disgust": ("angry", "angry", "sad"),
    "surprised": ("fearful", "fearful", "happy"),
}
"""What a face may be taken for; an emotion named twice is twice as likely."""

_STRENGTH = {"normal": 0.8, "strong": 1.15, "weak": 0.3}


def random_source(seed: int, *names: str) -> np.random.Generator:
    """A generator that depends on the seed and the names only, on every machine alike."""
    digest = hashlib.sha256("/".join([str(seed), *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


@dataclass(frozen=True)
class Performance:
    """One modality of one clip.

    Attributes
    ----------
    emotion, partner
        What is meant, and what it may be taken for.
    partner_share
        0 to 1: how much of the partner blends in.
    strength
        1 for a textbook expression, 0 for none.
    """

    emotion: str
    partner: str
    partner_share: float
    strength: float


def perform(
    clip: Clip,
    confusions: Mapping[str, tuple[str, ...]],
    highest_blend: float,
    weak_share: float,
    random: np.random.Generator,
) -> Performance:
    """Draw how one modality of a clip is acted.

    Parameters
    ----------
    confusions
        :data:`VOICE_CONFUSIONS` or :data:`FACE_CONFUSIONS`.
    highest_blend
        Greatest share of the partner emotion; shares are drawn evenly from 0 up to it.
    weak_share
        Probability that the emotion hardly shows.
    """
    emotion = EMOTIONS[clip.emotion - 1]
    partner = str(random.choice(confusions[emotion]))
    share = float(random.uniform(0, highest_blend))
    intensity = "strong" if clip.intensity == STRONG else "normal"
    kind = "weak" if random.random() < weak_share else intensity
    strength = _STRENGTH[kind] * float(random.uniform(0.85, 1.15))
    return Performance(emotion, partner, share, strength)


def blend(table: Mapping[str, Any], performance: Performance) -> np.ndarray:
    """Parameters of a performance: away from neutral, towards its emotion and its partner.

    Parameters
    ----------
    table
        One dataclass of numbers per emotion.

    Returns
    -------
    numpy.ndarray
        ``(parameters,)`` in the order of the dataclass's fields.
    """
    rows = {name: np.array(astuple(row), dtype=np.float64) for name, row in table.items()}
    share = performance.partner_share
    meant = (1 - share) * rows[performance.emotion] + share * rows[performance.partner]
    return rows["neutral"] + performance.strength * (meant - rows["neutral"])


def spread(table: Mapping[str, Any]) -> np.ndarray:
    """``(parameters,)``: the range of each parameter over the emotions."""
    return np.ptp(np.array([astuple(row) for row in table.values()], dtype=np.float64), axis=0)
