"""Accuracy by emotion, actor, intensity, sex and statement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mmer.corpus.clips import STATEMENTS, STRONG, Clip
from mmer.corpus.labels import EMOTIONS
from mmer.evaluation.intervals import wilson_interval
from mmer.evaluation.predictions import System

GROUPS: dict[str, Callable[[Clip], tuple[int, str]]] = {
    "emotion": lambda clip: (clip.emotion, EMOTIONS[clip.label]),
    "actor": lambda clip: (clip.actor, f"{clip.actor:02d}"),
    "intensity": lambda clip: (clip.intensity, "strong" if clip.intensity == STRONG else "normal"),
    "sex": lambda clip: (1 - clip.actor % 2, clip.sex),
    "statement": lambda clip: (clip.statement, STATEMENTS[clip.statement - 1]),
}
"""What clips are grouped by, and each clip's place in the order of values and its value.

Neutral has no strong intensity, so the two intensities do not hold the same emotions.
"""


@dataclass(frozen=True)
class GroupAccuracy:
    """How well the clips of one group are recognised.

    Attributes
    ----------
    group, value
        What the clips are grouped by, and what these share: ``sex``, ``male``.
    clips
        How many they are.
    accuracy
        In percent; of an emotion's clips this is its recall.
    interval
        Wilson's 95 % interval, in percent.  Clips of one actor count as independent.
    """

    group: str
    value: str
    clips: int
    accuracy: float
    interval: tuple[float, float]


def group_accuracies(system: System) -> list[GroupAccuracy]:
    """Accuracy of each group over all held-out clips, values in RAVDESS order."""
    parsed = {Clip.parse(name): correct for name, correct in system.correct_by_clip.items()}
    found = []
    for group, value_of in GROUPS.items():
        by_value: dict[tuple[int, str], list[bool]] = {}
        for clip, correct in parsed.items():
            by_value.setdefault(value_of(clip), []).append(correct)
        for (_, value), answers in sorted(by_value.items()):
            found.append(
                GroupAccuracy(
                    group=group,
                    value=value,
                    clips=len(answers),
                    accuracy=100 * sum(answers) / len(answers),
                    interval=wilson_interval(sum(answers), len(answers)),
                )
            )
    return found
