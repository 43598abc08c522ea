"""Settings of the images of spectrograms."""

from __future__ import annotations

from typing import Literal

from mmer.settings import Settings, from_source

DEEP_SPECTRUM = "DeepSpectrum 0.6.9 (paper reference 48), its default"


class SpectrogramImageSettings(Settings):
    """How a spectrogram becomes a picture; the defaults draw what DeepSpectrum draws."""

    mode: Literal["linear", "mel"] = from_source(
        "linear",
        "What is drawn: all Fourier bins on an even frequency axis, or mel bands.",
        DEEP_SPECTRUM,
    )
    mel_bands: int = from_source(128, "Bands of the mode mel.", DEEP_SPECTRUM, ge=8)
    window_seconds: float = from_source(
        0.025,
        "Length of the Fourier window, rounded up to a power of two of samples; windows overlap "
        "by half.",
        DEEP_SPECTRUM,
        ge=0.002,
        le=0.25,
    )
    size: int = from_source(
        227,
        "Width and height in pixels; an item of any length fills the width.",
        DEEP_SPECTRUM,
        ge=63,
    )
    colour_map: Literal["viridis", "magma", "inferno", "plasma", "cividis"] = from_source(
        "viridis",
        "matplotlib's colour map; its ends are the quietest and the loudest point of each image.",
        DEEP_SPECTRUM,
    )


class MelImageSettings(SpectrogramImageSettings):
    """Images of mel spectrograms, for the fine-tuned AlexNet."""

    mode: Literal["linear", "mel"] = from_source(
        "mel",
        "What is drawn: all Fourier bins on an even frequency axis, or mel bands.",
        "paper table 1 (inputs: mel spectrograms)",
    )
