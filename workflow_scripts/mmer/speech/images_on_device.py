"""All clips of a split as images of spectrograms on the device: RAVDESS takes 220 MB as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mmer.corpus.folds import Split
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.clips_on_device import ClipsOnDevice, load_clips
from mmer.speech.spectrogram_image import spectrogram_images
from mmer.speech.spectrogram_image_settings import SpectrogramImageSettings
from mmer.store import Ragged


def load_images(
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    split: Split,
    image: SpectrogramImageSettings,
    clip_seconds: float | None,
    device: torch.device,
) -> ClipsOnDevice:
    """Clips as AlexNet takes them: inputs ``(clips, size, size, 3)`` uint8.

    ``image`` says how a clip is drawn; the other parameters and the errors are those of
    :func:`~mmer.speech.clips_on_device.load_clips`.
    """

    def images(waveforms: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(spectrogram_images(waveforms, image)).to(device)

    return load_clips(audio, spans, split, clip_seconds, images)
