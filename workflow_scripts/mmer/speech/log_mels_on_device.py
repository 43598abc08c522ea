"""All clips of a split as log-mel spectrograms on the device.

Padding and cutting are the same in every epoch, so each spectrogram is computed once: RAVDESS takes
200 MB as float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mmer.corpus.folds import Split
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.clips_on_device import ClipsOnDevice, load_clips
from mmer.speech.log_mel import FULL_SCALE, LogMel
from mmer.store import Ragged

CLIPS_AT_ONCE = 32
"""Clips per pass through the front end: bounds its memory."""


def load_log_mels(
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    split: Split,
    clip_seconds: float,
    device: torch.device,
) -> ClipsOnDevice:
    """Clips of one length as CNN-14 takes them: inputs ``(clips, frames, 64)`` float32 in dB.

    Parameters and errors are those of :func:`~mmer.speech.clips_on_device.load_clips`.
    """
    front_end = LogMel().to(device)

    def log_mels(waveforms: Sequence[np.ndarray]) -> Tensor:
        starts = range(0, len(waveforms), CLIPS_AT_ONCE)
        stacked = (np.stack(waveforms[start : start + CLIPS_AT_ONCE]) for start in starts)
        on_device = (torch.from_numpy(some).to(device) for some in stacked)
        return torch.cat([front_end(some.float() / FULL_SCALE) for some in on_device])

    return load_clips(audio, spans, split, clip_seconds, log_mels)
