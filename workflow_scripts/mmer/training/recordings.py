"""All recordings of a split on the device, as the inputs of a network.

Padding and cutting are the same in every epoch, so each input is computed once: RAVDESS takes
200 MB as log-mels and 220 MB as images.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from mmer.items import Items, read_items
from mmer.media.log_mel import SAMPLE_RATE
from mmer.media.speech_spans import SpeechSpan
from mmer.models.base import ModelJob
from mmer.models.weights_settings import SHORTEST_SECONDS
from mmer.protocol import Split
from mmer.ragged import Ragged, read_ragged
from mmer.tasks import Classes
from mmer.training.kept_audio import kept_samples, rows_by_name, rows_of_split, spans_of
from mmer.training.labelled import LabelledItems

log = logging.getLogger(__name__)

AsInputs = Callable[[Sequence[np.ndarray]], Tensor]
"""Makes inputs ``(items, ...)`` on the device of int16 waveforms."""


@dataclass(frozen=True, kw_only=True)
class ItemsOnDevice(LabelledItems):
    """Items sorted by name, and what the network takes, ``(items, ...)``: log-mels or images."""

    inputs: Tensor


def load_recordings(job: ModelJob, seconds: float | None, as_inputs: AsInputs) -> ItemsOnDevice:
    """The recordings that a training is told of; see :func:`put_on_device`."""
    audio, items = read_ragged(job.inputs["audio"]), read_items(job.one("items"))
    loaded = put_on_device(audio, spans_of(job), items, job.split, job.classes, seconds, as_inputs)
    return replace(loaded, choosing_parts=tuple(job.chosen_by))


def put_on_device(
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    items: Items,
    split: Split,
    task: Classes,
    seconds: float | None,
    as_inputs: AsInputs,
) -> ItemsOnDevice:
    """Trim, pad or cut, and transform every recording of the split's speakers.

    An item trimmed to less speech than a network needs is padded like any other; a recording that
    is itself too short is a broken one.

    A UserError if a speaker of the split has no item, or an item comes twice, is shorter than 0.31
    s before trimming, or has no span or an empty one.

    Parameters
    ----------
    audio
        int16 mono at 16 kHz.
    spans
        What to keep of each item (variant ``vad``); None keeps all of it (variant ``full``).
    split, task
        Items of other speakers, or without a class, are left out.
    seconds
        Length to which every item is cut at its end or padded with silence; None leaves it.
    """
    rows, chosen, part = rows_of_split(audio.items, items, split, task)
    waveforms = _kept(audio, rows, spans)
    if seconds is not None:
        waveforms = _of_length(waveforms, round(seconds * SAMPLE_RATE))
    inputs = as_inputs(waveforms)
    choosing = (split.choosing_part,)
    return ItemsOnDevice.on(
        inputs.device, task, chosen, part, choosing_parts=choosing, inputs=inputs
    )


def every_recording(
    audio: Ragged, spans: Mapping[str, SpeechSpan] | None
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Names and trimmed waveforms of all items, sorted by name; errors as above."""
    rows = rows_by_name(audio.items)
    return tuple(audio.items[row] for row in rows), _kept(audio, rows, spans)


def _kept(
    audio: Ragged, rows: Sequence[int], spans: Mapping[str, SpeechSpan] | None
) -> list[np.ndarray]:
    """What the variant keeps of some items, for networks that need 0.31 s at least."""
    assert audio.rate == SAMPLE_RATE, f"audio at {audio.rate} Hz"
    return [kept_samples(audio, row, spans, SHORTEST_SECONDS) for row in rows]


def at_least_shortest(samples: np.ndarray) -> np.ndarray:
    """The int16 samples of one item, followed by silence where they last less than 0.31 s."""
    shortest = round(SHORTEST_SECONDS * SAMPLE_RATE)
    return np.pad(samples, (0, max(0, shortest - len(samples))))


def _of_length(waveforms: Sequence[np.ndarray], samples: int) -> list[np.ndarray]:
    """Waveforms cut at their end, or followed by silence."""
    cut = sum(len(waveform) > samples for waveform in waveforms)
    if cut:
        log.info("%d of %d items are cut at %d samples", cut, len(waveforms), samples)
    return [
        np.pad(waveform[:samples], (0, max(0, samples - len(waveform)))) for waveform in waveforms
    ]
