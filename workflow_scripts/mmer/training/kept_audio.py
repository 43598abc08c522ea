"""Which items a job uses, and which part of each recording the variant keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from mmer.items import Items
from mmer.media.speech_spans import SpeechSpan, read_spans
from mmer.models.base import ModelJob
from mmer.protocol import Split
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes, Traces


def rows_of_split(
    names: Sequence[str], items: Items, split: Split, task: Classes | Traces
) -> tuple[np.ndarray, Items, np.ndarray]:
    """The items of a split that have a class or traces, in order of their names.

    Positions in ``names``, of which those of other speakers are left out, ``(rows,)`` int64; the
    items; and the part of each ``(rows,)``.

    A UserError if an item comes twice or is not in the table, or a speaker of the split has none.
    """
    rows = np.array(rows_by_name(names), dtype=np.int64)
    there = items.of(names[row] for row in rows)
    part = split.parts_of(there)
    used = (part != "") & task.labelled(there)
    return rows[used], there.where(used), part[used]


def rows_by_name(names: Sequence[str]) -> list[int]:
    """All rows in order of their names; a UserError where an item comes twice."""
    order = sorted(range(len(names)), key=lambda row: names[row])
    for row, following in pairwise(order):
        if names[row] == names[following]:
            raise UserError(f"item {names[row]} was given twice: name each file once")
    return order


def spans_of(job: ModelJob) -> dict[str, SpeechSpan] | None:
    """The speech spans of all items for the variant ``vad``, None for whole items."""
    return read_spans(job.inputs["speech"]) if job.variant == "vad" else None


def span_of(name: str, spans: Mapping[str, SpeechSpan] | None) -> SpeechSpan | None:
    """What to keep of an item, None for all of it; a UserError where spans lack it."""
    if spans is not None and name not in spans:
        raise UserError(f"item {name} has no speech span: add its speaker's table of spans")
    return None if spans is None else spans[name]


def kept_samples(
    audio: Ragged, row: int, spans: Mapping[str, SpeechSpan] | None, shortest_s: float
) -> np.ndarray:
    """The int16 samples of one item that the variant keeps.

    A UserError if the whole recording is shorter than ``shortest_s``, or its span is absent or
    empty.
    """
    name, samples = audio.items[row], audio.of(row)
    if len(samples) < shortest_s * audio.rate:
        raise UserError(
            f"item {name} has {len(samples) / audio.rate:.3f} s of audio, less than the "
            f"{shortest_s} s that a network needs: replace the recording"
        )
    span = span_of(name, spans)
    if span is None:
        return samples
    kept = samples[max(round(span.start_s * audio.rate), 0) : round(span.stop_s * audio.rate)]
    if not len(kept):
        raise UserError(
            f"the speech span of item {name}, {span.start_s} to {span.stop_s} s, holds no audio: "
            "mend the table of spans"
        )
    return kept
