"""What the synthetic corpus holds and how hard it is."""

from __future__ import annotations

from pydantic import Field, model_validator

from mmer.corpora.ravdess import ACTOR_COUNT, WHOLE
from mmer.settings import Settings, decided

FRAME_WIDTH, FRAME_HEIGHT = 1280, 720
"""Pixels of a RAVDESS video frame (paper section 4.2: 1280 x 720)."""

AUDIO_RATE = 48_000
"""Samples per second of RAVDESS's audio tracks."""


class Difficulty(Settings):
    """How far performances stray from the textbook expression of their emotion."""

    voice_blend: float = decided(
        0.5,
        "highest share of a second, easily confused emotion in a voice",
        "leaves single-modality models between chance and perfection",
        ge=0,
        le=1,
    )
    face_blend: float = decided(
        0.4,
        "highest share of a second, easily confused emotion in a face",
        "leaves single-modality models between chance and perfection",
        ge=0,
        le=1,
    )
    weak_share: float = decided(
        0.12,
        "share of performances that hardly show their emotion, drawn for voice and face apart",
        "one modality must sometimes help out the other, or fusion could not gain",
        ge=0,
        le=1,
    )
    jitter: float = decided(
        0.1,
        "spread of every prosody and expression parameter, in units of its range over emotions",
        "no two takes of an actor are alike",
        ge=0,
    )
    actor_bias: float = decided(
        0.08,
        "spread of an actor's resting prosody and expression, in units of the range over emotions",
        "unseen actors must be harder than seen ones",
        ge=0,
    )


class SyntheticCorpusSettings(Settings):
    """Settings of the synthetic corpus; the same settings give the same bytes on one machine."""

    actors: tuple[int, ...] = decided(
        (2, 5, 3, 6, 10, 11, 8, 17, 1, 4),
        "actor numbers, 1 to 24, odd ones male",
        "two actors from each of the paper's five folds",
        min_length=1,
    )
    clips_per_actor: int = decided(
        16,
        "audio-visual clips of each actor; every one has a silent twin",
        "all eight emotions in both statements, within the demo's time",
        ge=1,
        le=WHOLE,
    )
    seed: int = decided(2020, "seed of every random draw", "the seed the paper's authors use", ge=0)
    shortest_seconds: float = decided(
        2.9, "least length of a clip in seconds", "RAVDESS's shortest clip", ge=0.3
    )
    longest_seconds: float = decided(
        3.6, "greatest length of a clip in seconds", "RAVDESS reaches 5.3 s; encoding takes time"
    )
    stereo_share: float = decided(
        0.25,
        "share of clips with two audio channels",
        "the channel count differs between RAVDESS's files, so no step may assume mono",
        ge=0,
        le=1,
    )
    difficulty: Difficulty = Field(default_factory=Difficulty, description="how hard the corpus is")

    @model_validator(mode="after")
    def _check(self) -> SyntheticCorpusSettings:
        if len(set(self.actors)) != len(self.actors):
            raise ValueError(f"actors names one actor twice: {list(self.actors)}")
        if not all(1 <= actor <= ACTOR_COUNT for actor in self.actors):
            raise ValueError(f"actors lie between 1 and {ACTOR_COUNT}: {list(self.actors)}")
        if self.longest_seconds < self.shortest_seconds:
            raise ValueError("longest_seconds is below shortest_seconds")
        return self


class SyntheticAffectNetSettings(Settings):
    """Settings of the synthetic AffectNet; the same settings give the same bytes on one machine."""

    pictures: int = decided(
        700, "pictures in both lists together", "drawn in seconds, learned in seconds", ge=50
    )
    seed: int = decided(2020, "seed of every random draw", "the seed the paper's authors use", ge=0)
