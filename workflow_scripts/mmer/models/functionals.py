"""Functionals of log-mels, pitch and level: what was computed of a voice before networks were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import model_validator

from mmer.models.base import ModelEntry
from mmer.models.embedding import DESCRIBE, EmbeddingFamily
from mmer.settings import Settings, decided

if TYPE_CHECKING:
    import numpy as np

    from mmer.media.log_mel import LogMel
    from mmer.tasks import Task


class FunctionalsSettings(Settings):
    """How pitch is found and when a frame counts as voiced."""

    pitch: Literal["yin", "pyin"] = decided(
        "yin",
        "How pitch is found, by librosa: yin (de Cheveigné and Kawahara 2002) frame by frame, or "
        "pyin (Mauch and Dixon 2014), which also says itself which frames are voiced.",
        "On 8 RAVDESS recordings yin took a fiftieth of pyin's time, which would be an hour a "
        "variant, and where both heard a voice 0.7 % of its frames were more than a semitone away.",
    )
    lowest_hz: float = decided(
        60.0,
        "Lowest pitch.",
        "Men's speech seldom falls below; a window of 64 ms holds almost four of its periods.",
        ge=40,
    )
    highest_hz: float = decided(
        800.0,
        "Highest pitch.",
        "Among 8 RAVDESS recordings one frame of voice in a hundred was above 670 Hz.",
        le=2000,
    )
    periodicity: float = decided(
        0.5,
        "Correlation of a frame with itself a period later from which it counts as voiced; yin.",
        "Of 0.5 to 0.85 the value that agreed best with pyin, on 88 % of the frames.",
        gt=0,
        lt=1,
    )
    range_db: float = decided(
        40.0,
        "Decibels that a voiced frame may lie below the loudest of its item; yin.",
        "From 25 to 40 the agreement with pyin did not change: the widest loses no quiet voice.",
        gt=0,
    )

    @model_validator(mode="after")
    def _some_pitch_is_left(self) -> FunctionalsSettings:
        if self.lowest_hz >= self.highest_hz:
            raise ValueError(
                f"no pitch lies between lowest_hz {self.lowest_hz} and highest_hz "
                f"{self.highest_hz}: set lowest_hz below highest_hz"
            )
        return self


class FunctionalsEntry(ModelEntry):
    """Functionals of log-mels, pitch and level, nothing trained."""

    family: Literal["functionals"]
    settings: FunctionalsSettings = FunctionalsSettings()


class Functionals(EmbeddingFamily):
    """Functionals of every item."""

    name = "functionals"
    Entry = FunctionalsEntry
    starts_from_weights = False
    takes = (DESCRIBE,)

    def network(self, task: Task, settings: FunctionalsSettings, weights: None) -> LogMel:
        """The front end."""
        from mmer.media.log_mel import LogMel

        return LogMel()

    def describe(
        self, network: LogMel, waveforms: Sequence[np.ndarray], settings: FunctionalsSettings
    ) -> np.ndarray:
        """All functionals; speech of less than 0.31 s is padded with silence to that length."""
        from mmer.models.networks.functionals import functionals_of

        return functionals_of(waveforms, network, settings)

    def dimensions(self, network: LogMel) -> tuple[str, ...]:
        """Curve and functional."""
        from mmer.models.networks.functionals import DIMENSIONS

        return DIMENSIONS
