"""Long recordings are cut where speech pauses, and nothing of them is lost."""

from __future__ import annotations

import numpy as np
import pytest

from mmer.prediction.pieces import pieces_of, speech_by_level

RATE = 16_000


def tone(seconds: float) -> np.ndarray:
    """A loud one."""
    return (8000 * np.sin(np.arange(round(seconds * RATE)) / 5)).astype(np.int16)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.int16)


def edges(pieces) -> list[tuple[float, float]]:
    return [(round(piece.start_s, 3), round(piece.stop_s, 3)) for piece in pieces]


def test_a_short_recording_is_one_piece_with_its_speech():
    segments = [("noEnergy", 0.0, 0.5), ("speech", 0.5, 1.5), ("noEnergy", 1.5, 2.0)]
    (piece,) = pieces_of(tone(2), segments, longest_s=5, shortest_pause_s=0.2)
    assert (piece.start_s, piece.stop_s) == (0, 2)
    assert (piece.span.start_s, piece.span.stop_s, piece.span.found) == (0.5, 1.5, True)


def test_a_long_one_is_cut_in_the_middle_of_the_last_pause_that_fits():
    segments = [("speech", 0.0, 2.0), ("speech", 2.4, 3.6), ("speech", 4.0, 8.0)]
    pieces = pieces_of(tone(8), segments, longest_s=4.5, shortest_pause_s=0.2)
    assert edges(pieces) == [(0, 3.8), (3.8, 8.0)]
    first, second = (piece.span for piece in pieces)
    assert (first.start_s, first.stop_s) == (0, 3.6)
    assert (second.start_s, second.stop_s) == pytest.approx((0.2, 4.2))


def test_a_gap_that_is_no_pause_is_not_cut():
    segments = [("speech", 0.0, 3.0), ("speech", 3.1, 6.0)]
    samples = np.concatenate([tone(3.5), silence(0.2), tone(2.3)])
    first, _ = pieces_of(samples, segments, longest_s=4, shortest_pause_s=0.2)
    assert first.stop_s == pytest.approx(3.6, abs=0.1)  # where it is quietest


def test_a_piece_without_speech_says_so():
    segments = [("speech", 0.0, 3.0)]
    pieces = pieces_of(silence(9), segments, longest_s=4, shortest_pause_s=0.2)
    assert [piece.span.found for piece in pieces] == [True, *[False] * (len(pieces) - 1)]


@pytest.mark.parametrize("seconds", [4.01, 5.9, 8.3, 61.7])
@pytest.mark.parametrize("spoken", [True, False])
def test_pieces_cover_everything_and_none_is_too_long_or_too_short(seconds, spoken):
    segments = [("speech", 0.0, seconds)] if spoken else []
    pieces = pieces_of(tone(seconds), segments, longest_s=4, shortest_pause_s=0.2)
    found = [edge for piece in pieces for edge in (piece.start_s, piece.stop_s)]
    assert found[0] == 0 and found[-1] == pytest.approx(seconds, abs=1e-3)
    assert found[1:-1:2] == found[2::2]
    assert all(1.9 <= piece.seconds <= 4.0001 for piece in pieces)


def test_without_a_detector_speech_is_what_is_loud():
    samples = np.concatenate([silence(1), tone(0.5), silence(0.1), tone(0.5), silence(1)])
    ((label, start, stop),) = speech_by_level(samples)  # the gap is that of a plosive
    assert (label, round(start, 2), round(stop, 2)) == ("speech", 1.0, 2.1)
    assert speech_by_level(silence(1)) == []
