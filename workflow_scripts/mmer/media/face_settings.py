"""Settings of the search for faces."""

from __future__ import annotations

from mmer.settings import Settings, decided


class FaceSettings(Settings):
    """How the face of a film is found and cropped."""

    look_every: int = decided(
        5,
        "A face is looked for in every n-th frame.",
        "A fifth of a second at 25 frames per second, in which a head hardly moves.",
        ge=1,
    )
    search_height: int = decided(
        240,
        "Height in pixels to which pictures are shrunk for the search, of upright ones the width.",
        "The real face at hand is found there as in larger ones, in a tenth of the time or less.",
        ge=24,
    )
    smallest_share: float = decided(
        0.15,
        "Smallest face that is looked for, as a share of the picture's shorter side.",
        "Corpora of emotion show people near; searching for small faces takes longest and finds "
        "what is none.",
        gt=0,
        le=1,
    )
    smoothed_looks: int = decided(
        5,
        "Looks over which boxes are smoothed, by a running median and a running mean.",
        "A second at 25 frames per second; boxes of neighbouring looks differ by some pixels even "
        "of a still face.",
        ge=1,
    )
    margin: float = decided(
        0.1,
        "Share of the box's side that is added on each side of it.",
        "Code of the authors' group crops 50 pixels beyond a face's landmarks; on a real face of "
        "that size the detector's box with this margin is as wide.",
        ge=0,
    )
