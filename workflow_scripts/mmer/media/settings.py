"""Settings of the preparation."""

from __future__ import annotations

from typing import Literal

from mmer.settings import Settings, decided, from_source


class PreparationSettings(Settings):
    """How recordings become audio and frames."""

    frame_resize: Literal["bicubic", "area"] = decided(
        "bicubic",
        "Filter from 720×720 to 48×48; both average over the pixels they drop.",
        "The published spatial transformer was trained on images resized with this filter.",
    )
    shortest_seconds: float = decided(
        0.35,
        "Recordings shorter than this are refused, in seconds.",
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

    method: Literal["msi_net", "spectral_residual"] = from_source(
        "msi_net",
        "msi_net (Kroner et al. 2020), or spectral_residual (Hou and Zhang 2007), which needs no "
        "weights and no GPU. Results name a method other than the paper's.",
        "paper section 3.3, which maps 'the original frames': whole frames are mapped, and the "
        "maps are cropped and resized as the faces are.  The authors' published code for pictures "
        "maps and then resizes too, and a method that learned from whole scenes finds other points "
        "in a cropped one",
    )
    width: float = from_source(
        1.0,
        "Factor on MSI-Net's channels; the published weights have 1.",
        "Kroner et al. 2020, section 3.1",
        gt=0,
        le=1,
    )
    padding: int = decided(
        126,
        "Value, 0 to 255, with which frames are padded to MSI-Net's 240×320.",
        "The paper is silent; MSI-Net's own repository pads with this grey in training and test.",
        ge=0,
        le=255,
    )
    batch_size: int | None = decided(
        None,
        "Frames that MSI-Net maps at a time, null for 2 on a CPU and 32 on a GPU; maps depend on "
        "it by a rounded grey level at most.",
        "The paper is silent; 2 lose no time on a CPU and keep a job under 1 GB; 32, by their "
        "maps' size, need less than 4 GB of a GPU, where nothing was measured.",
        gt=0,
    )
    precision: Literal["float32", "bfloat16"] = decided(
        "float32",
        "Number format of MSI-Net's convolutions: float32 (compute.tf32 may round it on a GPU) or "
        "bfloat16.",
        "The paper is silent; the published network computes in float32.",
    )
