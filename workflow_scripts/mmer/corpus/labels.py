"""The eight emotions of RAVDESS, in the order of its own codes 01 to 08.

Source: RAVDESS, Zenodo record 1188976 (paper section 3.1).
"""

from __future__ import annotations

EMOTIONS: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
"""Emotions in RAVDESS order: position ``i`` has the code ``i + 1`` in a clip's name."""

CLASS_COUNT = len(EMOTIONS)
