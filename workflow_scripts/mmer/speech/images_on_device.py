"""All clips of a split as images of spectrograms on the device: RAVDESS takes 220 MB as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.kept_audio import kept_samples, rows_of_split
from mmer.speech.log_mel import SAMPLE_RATE
from mmer.speech.network_settings import SHORTEST_SECONDS
from mmer.speech.spectrogram_image import spectrogram_images
from mmer.speech.spectrogram_image_settings import SpectrogramImageSettings
from mmer.store import Ragged


@dataclass(frozen=True)
class ImagesOnDevice:
    """The clips of one split.

    Attributes
    ----------
    names
        Clip names, sorted.
    images
        ``(clips, size, size, 3)`` uint8.
    labels
        ``(clips,)`` int64.
    part
        ``train`` or ``heldout`` for each clip, ``(clips,)``.
    """

    names: tuple[str, ...]
    images: Tensor
    labels: Tensor
    part: np.ndarray

    def rows(self, part: str) -> Tensor:
        """Rows of one part, ``(rows,)`` int64 on the CPU."""
        return torch.from_numpy(np.flatnonzero(self.part == part))


def load_images(
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    split: Split,
    image: SpectrogramImageSettings,
    clip_seconds: float | None,
    device: torch.device,
) -> ImagesOnDevice:
    """Trim and draw every clip of the split's actors.

    Parameters
    ----------
    audio
        int16 mono at 16 kHz.
    spans
        What to keep of each clip (variant ``vad``); None keeps all of it (variant ``full``).
    split
        Clips of other actors are left out.
    image
        How a clip is drawn.
    clip_seconds
        Length to which every clip is cut at its end or padded with silence; None leaves it.
    device
        Where the images stay.

    Raises
    ------
    UserError
        If an actor of the split has no clip, or a clip comes twice, is shorter than 0.31 s before
        trimming, or has no span or an empty one.
    """
    assert audio.rate == SAMPLE_RATE, f"audio at {audio.rate} Hz"
    chosen = rows_of_split(split, audio.clips)
    waveforms = [kept_samples(audio, row, spans, SHORTEST_SECONDS) for row in chosen]
    if clip_seconds is not None:
        waveforms = [_of_length(some, round(clip_seconds * SAMPLE_RATE)) for some in waveforms]
    names = tuple(audio.clips[row] for row in chosen)
    clips = [Clip.parse(name) for name in names]
    return ImagesOnDevice(
        names=names,
        images=torch.from_numpy(spectrogram_images(waveforms, image)).to(device),
        labels=torch.tensor([clip.label for clip in clips], device=device),
        part=np.array([split.part(clip.actor) for clip in clips]),
    )


def _of_length(samples: np.ndarray, length: int) -> np.ndarray:
    """Samples cut at their end, or followed by silence."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
