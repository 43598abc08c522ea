"""Settings of what is done with a finished run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mmer.settings import Settings, decided

MAPS_COST = (
    "MSI-Net maps every picture of a film, in about half a second each on two cores: a quarter of "
    "an hour for a minute of film.  A GPU, or a run with spectral_residual, takes seconds."
)
"""Said before it starts."""


class PredictionSettings(Settings):
    """What a run says of new recordings, and how these are cut into pieces."""

    systems: tuple[str, ...] = Field(
        (),
        description="Systems that are asked, as <model>/<variant>, and fusions as "
        "<pairing>/<inputs>; none for the best voice, the best face and the best fusion.",
    )
    longest_seconds: float = decided(
        5.5,
        "Longer recordings are cut at pauses of speech into pieces of at most so many seconds.",
        "As long as CNN-14 hears, and as the longest clip of RAVDESS.",
        ge=1,
    )
    shortest_pause: float = decided(
        0.2,
        "Seconds without speech from which on a recording may be cut there.",
        "Shorter gaps are closures of plosives.",
        gt=0,
    )
    crop: Literal["found", "centre"] = decided(
        "found",
        "Whether the face is looked for, or lies in the middle as in RAVDESS's films.",
        "Others film otherwise.  Films of the run's own corpus are cropped as the run did.",
    )
    look_every: int = decided(
        15,
        "The face is looked for in every n-th picture.",
        "Half a second, in which the head of somebody who speaks to a camera moves little.",
        ge=1,
    )
    crop_side: float = decided(
        1.8,
        "Side of the square that is cropped, in sides of the box of the face.",
        "So large is the middle square of the real film of RAVDESS at hand, which the networks "
        "know.",
        ge=1,
    )
    crop_higher: float = decided(
        0.1,
        "How far the middle of that square lies above that of the box, in sides of the box.",
        "As on that film.",
    )
