"""Settings of the preparation."""

from __future__ import annotations

from typing import Literal

from mmer.settings import Settings, decided, from_source


class PreparationSettings(Settings):
    """How clips become audio and frames."""

    frame_resize: Literal["bicubic", "area"] = decided(
        "bicubic",
        "Filter from 720×720 to 48×48; both average over the pixels they drop.",
        "The published spatial transformer was trained on images resized with this filter.",
    )
    shortest_seconds: float = decided(
        0.35,
        "Clips shorter than this are refused, in seconds.",
        "CNN-14 needs 32 log-mel frames (0.31 s); every RAVDESS clip lasts over 2.9 s.",
        gt=0,
    )


class VoiceActivitySettings(Settings):
    """How speech is found."""

    engine: Literal["smn"] = from_source(
        "smn",
        "inaSpeechSegmenter's engine: speech, music, noise and noEnergy.",
        "paper section 3.2.2 names these four labels",
    )
    energy_ratio: float = decided(
        0.03,
        "Share of the mean energy under which a frame is noEnergy.",
        "inaSpeechSegmenter's default; the paper names no other.",
        gt=0,
        lt=1,
    )


class SaliencySettings(Settings):
    """How saliency maps are made."""

    method: Literal["spectral_residual"] = decided(
        "spectral_residual",
        "spectral_residual (Hou and Zhang 2007) needs no weights.",
        "The paper's MSI-Net needs weights that this version cannot load yet; results name the "
        "method that made them.",
    )
