"""What is done to predicted traces before they are scored: delayed, smoothed, centred and scaled.

Source: the chain of AVEC 2016 (Valstar et al. 2016, section 4, with the challenge's scripts), which
it ascribes to Trigeorgis et al. 2016.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, field_validator

from mmer.models.base import (
    PREDICTIONS,
    TRAINED,
    Family,
    ModelEntry,
    ModelJob,
    Name,
    Output,
    Step,
    Variant,
)
from mmer.settings import Settings, decided, from_source

SCRIPTS = "the scripts of AVEC 2016"

Treating = Literal["delay", "median", "centre", "scale"]


class AfterTreatmentSettings(Settings):
    """Which steps are tried; what they are set to is chosen on the part that chooses."""

    steps: tuple[Treating, ...] = from_source(
        ("delay", "median", "centre", "scale"),
        "Steps, in order; each is kept for a dimension if it raises its CCC.",
        SCRIPTS,
        min_length=1,
    )
    largest_delay: float = from_source(
        8.0, "Seconds by which a trace is delayed at most.", SCRIPTS, ge=0
    )
    delay_step: float = from_source(0.4, "Seconds between two delays tried.", SCRIPTS, gt=0)
    windows: tuple[PositiveFloat, ...] = decided(
        (20 / 3, 40 / 3, 20.0),
        "Seconds of the median filters tried first; then windows between the two best, as long as "
        "each gains enough.",
        "A third, two thirds and all of 500 frames, as in " + SCRIPTS + ".  A window has an odd "
        "number of steps here, and a trace's ends are repeated: zeros, which the scripts' library "
        "adds, would draw the ends to zero.",
        min_length=2,
    )
    least_gain: float = from_source(
        0.02, "Share of the CCC that a median filter must gain.", SCRIPTS, ge=0
    )

    @field_validator("steps", "windows")
    @classmethod
    def _each_once(cls, chosen: tuple) -> tuple:
        if len(set(chosen)) < len(chosen):
            raise ValueError("name each once")
        return chosen


class AfterTreatmentEntry(ModelEntry):
    """The treatment of another model's traces."""

    family: Literal["after_treatment"]
    variants: tuple[Variant, ...] = Field(("full",), min_length=1)
    of: Name = Field(description="The model whose traces are treated.")
    settings: AfterTreatmentSettings = AfterTreatmentSettings()


class AfterTreatment(Family):
    """Chosen on the part that chooses, then the same for everybody."""

    name = "after_treatment"
    Entry = AfterTreatmentEntry
    needs = frozenset({PREDICTIONS})
    starts_from_weights = False
    takes = (
        Step(
            "treat",
            "split",
            {PREDICTIONS: TRAINED[PREDICTIONS], "gains": Output("gains.csv", "split")},
            media=("traces",),
            of_base=(PREDICTIONS,),
            seeded=False,
        ),
    )

    def treat(self, job: ModelJob) -> None:
        """Choose, treat, and tell what each step gained."""
        from mmer.models.networks.after_treatment import treat

        treat(job)
