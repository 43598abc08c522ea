"""Cutting a recording into pieces where speech pauses, and speech by level where nothing better is.

The pieces cover the whole recording, so that nothing is left out unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmer.media.decoding import SAMPLE_RATE
from mmer.media.speech_spans import SPEECH, SpeechSpan, span_of

Segments = Sequence[tuple[str, float, float]]
"""Label, start and stop in seconds, in order of time, as voice activity detection gives them."""

FRAME_S = 0.01
"""Seconds of a frame whose level is taken."""

SPEECH_BELOW_LOUD_DB = 25.0
"""How far speech may lie below the loud frames of a recording.  Between vowels and the noise of a
quiet room lie 30 to 50 dB, and the soft ends of words lie 20 below their vowels."""

SOFTEST_DBFS = -60.0
"""Below it nothing is heard, however quiet the rest."""

BRIDGED_S = 0.15
"""Shorter gaps are closures of plosives, shorter sounds are clicks."""


@dataclass(frozen=True)
class Piece:
    """A part of a recording, in seconds, and the speech in it, in seconds from its start."""

    start_s: float
    stop_s: float
    span: SpeechSpan

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.stop_s - self.start_s


def pieces_of(
    samples: np.ndarray, segments: Segments, longest_s: float, shortest_pause_s: float
) -> list[Piece]:
    """Cut at pauses of speech, as late as may be; where nobody pauses, where it is quietest.

    Parameters
    ----------
    samples
        ``(samples,)`` int16 at 16 kHz.
    segments
        What was detected.
    longest_s
        Of a piece.
    shortest_pause_s
        A shorter gap between two segments of speech is no pause.
    """
    end = len(samples) / SAMPLE_RATE
    pauses = _pauses(segments, end, shortest_pause_s)
    cuts = [0.0]
    while end - cuts[-1] > longest_s:
        # Not so late that less than half a piece is left.
        earliest = cuts[-1] + longest_s / 2
        latest = min(cuts[-1] + longest_s, end - longest_s / 2)
        places = [place for place in pauses if earliest <= place <= latest]
        cuts.append(places[-1] if places else _quietest(samples, earliest, latest))
    cuts.append(end)
    return [Piece(a, b, span_within(segments, a, b)) for a, b in pairwise(cuts)]


def _pauses(segments: Segments, end: float, shortest_s: float) -> list[float]:
    """The middles of pauses; a long one may be cut anywhere, so it gives a place each second."""
    speech = [(start, stop) for label, start, stop in segments if label == SPEECH]
    edges = [0.0, *(edge for pair in speech for edge in pair), end]
    places = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= shortest_s:
            count = max(int(stop - start), 1)
            places += [start + (stop - start) * (i + 0.5) / count for i in range(count)]
    return places


def _quietest(samples: np.ndarray, earliest_s: float, latest_s: float) -> float:
    """The middle of the softest tenth of a second."""
    first, last = (round(edge * SAMPLE_RATE) for edge in (earliest_s, latest_s))
    levels = level_db(samples[first:last])
    width = min(10, len(levels))
    smooth = np.convolve(levels, np.ones(width) / width, mode="valid")
    return earliest_s + (int(smooth.argmin()) + width / 2) * FRAME_S


def span_within(segments: Segments, start_s: float, stop_s: float) -> SpeechSpan:
    """The speech of a piece, in seconds from its start, to the microsecond as tables have it."""
    inside = [
        (label, max(start, start_s) - start_s, min(stop, stop_s) - start_s)
        for label, start, stop in segments
        if stop > start_s and start < stop_s
    ]
    span = span_of(inside, stop_s - start_s)
    return SpeechSpan(round(span.start_s, 6), round(span.stop_s, 6), span.found)


def level_db(samples: np.ndarray) -> np.ndarray:
    """The level of each frame in decibels of full scale, ``(frames,)``; silence is -100."""
    size = round(FRAME_S * SAMPLE_RATE)
    count = max(len(samples) // size, 1)
    whole = np.pad(samples[: count * size], (0, max(count * size - len(samples), 0)))
    power = np.square(whole.reshape(count, size) / 32768).mean(axis=1)
    return 10 * np.log10(np.maximum(power, 1e-10))


def speech_by_level(samples: np.ndarray) -> list[tuple[str, float, float]]:
    """What is loud enough to be speech: music and noise are taken for speech too.

    Voice activity detection needs TensorFlow; where that is not, this cuts recordings and trims
    them, and whoever reads the result is told.
    """
    levels = level_db(samples)
    loud = np.percentile(levels, 95)
    is_speech = levels > max(loud - SPEECH_BELOW_LOUD_DB, SOFTEST_DBFS)
    for wanted in (True, False):  # gaps first, then clicks
        edges = np.flatnonzero(np.diff(is_speech.astype(int), prepend=-1, append=-1))
        for start, stop in pairwise(edges):
            inside = start > 0 and stop < len(levels)
            if is_speech[start] != wanted and stop - start < BRIDGED_S / FRAME_S and inside:
                is_speech[start:stop] = wanted
    edges = np.flatnonzero(np.diff(is_speech.astype(int), prepend=0, append=0))
    return [
        (SPEECH, start * FRAME_S, stop * FRAME_S)
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
    ]
