"""Speech spans: from the first detected speech of an item to the last.

Source: paper section 3.2.2.  Where no speech is found, the span is the whole item, and the table
says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmer.runtime.writing import writing

SPEECH = "speech"


@dataclass(frozen=True)
class SpeechSpan:
    """A pair of times within an item, in seconds from its start.

    ``found`` is False where no speech was detected and the span is the whole item.
    """

    start_s: float
    stop_s: float
    found: bool


def span_of(segments: Sequence[tuple[str, float, float]], duration_s: float) -> SpeechSpan:
    """First start to last stop of the segments, rising in time, that are labelled ``speech``."""
    speech = [(start, stop) for label, start, stop in segments if label == SPEECH]
    if not speech:
        return SpeechSpan(0.0, duration_s, found=False)
    return SpeechSpan(max(speech[0][0], 0.0), min(speech[-1][1], duration_s), found=True)


def write_spans(path: Path, spans: Mapping[str, SpeechSpan]) -> None:
    """Write one speaker's spans as CSV: ``item``, ``start_s``, ``stop_s``, ``speech_found``."""
    rows = [(item, span.start_s, span.stop_s, span.found) for item, span in sorted(spans.items())]
    table = pd.DataFrame(rows, columns=["item", "start_s", "stop_s", "speech_found"])
    with writing(path) as unfinished:
        table.to_csv(unfinished, index=False, float_format="%.6f")


def read_spans(paths: Iterable[Path]) -> dict[str, SpeechSpan]:
    """Read the spans of several speakers."""
    spans: dict[str, SpeechSpan] = {}
    for path in paths:
        for row in pd.read_csv(path, dtype={"item": str}).itertuples():
            spans[row.item] = SpeechSpan(row.start_s, row.stop_s, bool(row.speech_found))
    return spans
