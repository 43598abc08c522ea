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
