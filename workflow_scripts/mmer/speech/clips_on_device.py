"""All clips of a split on the device, as the inputs of a network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.posteriors import Posteriors
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.kept_audio import kept_samples, rows_of_split
from mmer.speech.log_mel import SAMPLE_RATE
from mmer.speech.network_settings import SHORTEST_SECONDS
from mmer.store import Ragged

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClipsOnDevice:
    """The clips of one split.

    Attributes
    ----------
    names
        Clip names, sorted.
    inputs
        What the network takes, ``(clips, ...)``: log-mels or images.
    labels
        ``(clips,)`` int64.
    part
        ``train`` or ``heldout`` for each clip, ``(clips,)``.
    """

    names: tuple[str, ...]
    inputs: Tensor
    labels: Tensor
    part: np.ndarray

    def rows(self, part: str) -> Tensor:
        """Rows of one part, ``(rows,)`` int64 on the CPU."""
        return torch.from_numpy(np.flatnonzero(self.part == part))

    def posteriors(self, logits: Tensor) -> Posteriors:
        """Posteriors of all clips, from their logits ``(clips, classes)`` on any device."""
        logits = logits.double().cpu()
        return Posteriors(
            clips=self.names,
            part=self.part,
            probabilities=logits.softmax(dim=1).numpy(),
            logits=logits.numpy(),
        )


def load_clips(
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    split: Split,
    clip_seconds: float | None,
    as_inputs: Callable[[Sequence[np.ndarray]], Tensor],
) -> ClipsOnDevice:
    """Trim, pad or cut, and transform every clip of the split's actors.

    A clip trimmed to less speech than a network needs is padded like any other; a recording that
    is itself too short is a broken one.

    Parameters
    ----------
    audio
        int16 mono at 16 kHz.
    spans
        What to keep of each clip (variant ``vad``); None keeps all of it (variant ``full``).
    split
        Clips of other actors are left out.
    clip_seconds
        Length to which every clip is cut at its end or padded with silence; None leaves it.
    as_inputs
        Makes inputs ``(clips, ...)`` on the device of int16 waveforms.

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
        waveforms = _of_length(waveforms, round(clip_seconds * SAMPLE_RATE))
    names = tuple(audio.clips[row] for row in chosen)
    clips = [Clip.parse(name) for name in names]
    inputs = as_inputs(waveforms)
    return ClipsOnDevice(
        names=names,
        inputs=inputs,
        labels=torch.tensor([clip.label for clip in clips], device=inputs.device),
        part=np.array([split.part(clip.actor) for clip in clips]),
    )


def _of_length(waveforms: Sequence[np.ndarray], samples: int) -> list[np.ndarray]:
    """Waveforms cut at their end, or followed by silence."""
    cut = sum(len(waveform) > samples for waveform in waveforms)
    if cut:
        log.info("%d of %d clips are cut at %d samples", cut, len(waveforms), samples)
    return [
        np.pad(waveform[:samples], (0, max(0, samples - len(waveform)))) for waveform in waveforms
    ]
