"""Settings of AffectNet's preparation."""

from __future__ import annotations

from typing import Literal

from mmer.settings import Settings, decided


class AffectNetPreparationSettings(Settings):
    """How AffectNet's pictures become small grey faces and saliency maps."""

    crop: Literal["whole_picture", "face_box"] = decided(
        "whole_picture",
        "What is resized to 48×48: the whole picture, or the face's box in AffectNet's lists.",
        "The paper is silent; the authors' published code resizes whole pictures, which AffectNet "
        "publishes cropped around the face.",
    )
    max_unreadable_share: float = decided(
        0.01,
        "Share of the pictures that may be missing or damaged; they are logged and left out.",
        "The authors' code leaves out one picture that cannot be read; many more mean a wrong or "
        "half unpacked folder.",
        ge=0,
        lt=1,
    )
