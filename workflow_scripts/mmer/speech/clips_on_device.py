"""All clips of a split as log-mel spectrograms on the device.

Padding and cutting are the same in every epoch, so each spectrogram is computed once: RAVDESS takes
200 MB as float32.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.kept_audio import kept_samples, rows_of_split
from mmer.speech.log_mel import MEL_BANDS, SAMPLE_RATE, LogMel, frames_of
from mmer.speech.network_settings import SHORTEST_SECONDS
from mmer.store import Ragged

log = logging.getLogger(__name__)

FULL_SCALE = 32_768
"""int16 samples divided by this lie in [-1, 1)."""
CLIPS_AT_ONCE = 32
"""Clips per pass through the front end: bounds its memory."""


@dataclass(frozen=True)
class ClipsOnDevice:
    """The clips of one split.

    Attributes
    ----------
    names
        Clip names.
    log_mel
        ``(clips, frames, 64)`` float32 in dB, all of one length.
    labels
        ``(clips,)`` int64.
    part
        ``train`` or ``heldout`` for each clip, ``(clips,)``.
    """

    names: tuple[str, ...]
    log_mel: Tensor
    labels: Tensor
    part: np.ndarray

    def rows(self, part: str) -> Tensor:
        """Rows of one part, ``(rows,)`` int64 on the CPU."""
        return torch.from_numpy(np.flatnonzero(self.part == part))


def load_clips(
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    split: Split,
    clip_seconds: float,
    device: torch.device,
) -> ClipsOnDevice:
    """Trim, pad or cut, and transform every clip of the split's actors.

    A clip trimmed to less speech than CNN-14 needs is padded like any other; a recording that is
    itself too short is a broken one.

    Parameters
    ----------
    audio
        int16 mono at 16 kHz.
    spans
        What to keep of each clip (variant ``vad``); None keeps all of it (variant ``full``).
    split
        Clips of other actors are left out.
    clip_seconds
        Length of every clip afterwards: cut at the end, or padded with zeros.
    device
        Where the spectrograms stay.

    Raises
    ------
    UserError
        If an actor of the split has no clip, a clip comes twice, has no span or an empty one, or
        is shorter than 0.31 s before trimming.
    """
    assert audio.rate == SAMPLE_RATE, f"audio at {audio.rate} Hz"
    chosen = rows_of_split(split, audio.clips)
    waveforms = [kept_samples(audio, row, spans, SHORTEST_SECONDS) for row in chosen]
    samples = round(clip_seconds * SAMPLE_RATE)
    cut = sum(len(waveform) > samples for waveform in waveforms)
    if cut:
        log.info("%d of %d clips are cut at %g s", cut, len(waveforms), clip_seconds)
    names = tuple(audio.clips[row] for row in chosen)
    clips = [Clip.parse(name) for name in names]
    return ClipsOnDevice(
        names=names,
        log_mel=_log_mels(waveforms, samples, device),
        labels=torch.tensor([clip.label for clip in clips], device=device),
        part=np.array([split.part(clip.actor) for clip in clips]),
    )


def _log_mels(waveforms: Sequence[np.ndarray], samples: int, device: torch.device) -> Tensor:
    """Log-mels of int16 waveforms brought to one length, ``(clips, frames, 64)``."""
    front_end = LogMel().to(device)
    log_mels = torch.empty(len(waveforms), frames_of(samples), MEL_BANDS, device=device)
    for start in range(0, len(waveforms), CLIPS_AT_ONCE):
        some = waveforms[start : start + CLIPS_AT_ONCE]
        padded = np.zeros((len(some), samples), dtype=np.int16)
        for row, waveform in enumerate(some):
            kept = waveform[:samples]
            padded[row, : len(kept)] = kept
        scaled = torch.from_numpy(padded).to(device).float() / FULL_SCALE
        log_mels[start : start + len(some)] = front_end(scaled)
    return log_mels
