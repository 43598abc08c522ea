"""Frames of a split on the device: which are kept, their labels, their values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.pictured_clips import CPU, RATE, SPLIT, bright_square, clip_name, frames_and_maps, load

from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.face.frames_on_device import frames_within, load_frames
from mmer.prepare.speech_spans import SpeechSpan
from mmer.store import Ragged


@pytest.mark.parametrize(
    ("start_s", "stop_s", "expected"),
    [
        (0.0, 0.2, [0, 1, 2, 3, 4, 5]),
        (1 / 30, 3 / 30, [1, 2]),  # the first moment is within, the last is not
        (0.04, 0.06, [2]),  # between frame 1 and 2, nearest to the middle, 0.05 s: 1.5
        (0.101, 0.109, [3]),
        (5.0, 6.0, [5]),
    ],
)
def test_frames_are_shown_at_their_number_over_the_rate(start_s, stop_s, expected):
    assert frames_within(SpeechSpan(start_s, stop_s, True), 6, RATE).tolist() == expected


def test_without_a_span_all_frames_stay():
    assert frames_within(None, 4, RATE).tolist() == [0, 1, 2, 3]


def test_clips_keep_their_order_and_are_labelled_by_their_names():
    frames = load()
    assert frames.clips == frames_and_maps()[0].clips
    assert frames.clip_labels.tolist() == [0, 2, 4] * 3
    assert frames.part.tolist() == ["train"] * 6 + ["heldout"] * 3


def test_every_clip_keeps_its_own_frames_and_maps():
    pictures, maps = frames_and_maps()
    frames = load_frames(pictures, maps, None, SPLIT, CPU)
    for row, name in enumerate(frames.clips):
        start, stop = frames.offsets[row : row + 2]
        expected = pictures.of(pictures.clips.index(name))
        np.testing.assert_array_equal(frames.images[start:stop, 0].numpy(), expected)
        assert (frames.saliency[start:stop] == 128).all()
        assert (frames.clip_of_frame[start:stop] == row).all()
    assert frames.images.dtype == torch.uint8


def test_the_variant_vad_keeps_the_frames_within_the_spans():
    pictures, _ = frames_and_maps()
    spans = {name: SpeechSpan(1 / 30, 3 / 30, True) for name in pictures.clips}
    frames = load(spans=spans)
    assert np.diff(frames.offsets).tolist() == [2] * 9
    np.testing.assert_array_equal(frames.images[:2, 0].numpy(), pictures.of(0)[1:3])


def test_bytes_become_values_from_minus_one_to_one():
    shades = np.array([0, 51, 255], np.uint8)[:, None, None]
    pictures = np.broadcast_to(shades, (3, 48, 48)).copy()
    both = Ragged.join([clip_name(1, 1), clip_name(1, 3)], [pictures, pictures], RATE)
    frames = load_frames(both, both, None, Split("pair", (1,), (3,)), CPU)
    images, saliency = frames.pair(torch.tensor([2, 0, 1]))
    torch.testing.assert_close(images[:, 0, 0, 0], torch.tensor([1.0, -1.0, -0.6]))
    assert torch.equal(images, saliency) and images.dtype == torch.float32
    assert torch.equal(frames.block(0, 2)[0], frames.pair(torch.tensor([0, 1]))[0])


def test_actors_outside_the_split_are_left_out():
    frames = load(split=Split("pair", (1,), (3,)))
    assert {name[-2:] for name in frames.clips} == {"01", "03"}


def test_mistakes_in_the_files_are_told():
    pictures, maps = frames_and_maps()
    fewer = frames_and_maps(actors=(1, 2))[1]
    twice = Ragged.join([clip_name(1, 1)] * 2, [bright_square(1, 1, 2)] * 2, RATE)
    none = Ragged.join(
        [clip_name(1, 1), clip_name(1, 3)], [bright_square(1, 1, 0), bright_square(1, 3, 2)], RATE
    )
    pair = Split("pair", (1,), (3,))
    with pytest.raises(UserError, match="not of the same clips"):
        load_frames(pictures, fewer, None, SPLIT, CPU)
    with pytest.raises(UserError, match="given twice"):
        load_frames(twice, twice, None, pair, CPU)
    with pytest.raises(UserError, match="needs actor 4"):
        load_frames(pictures, maps, None, Split("pair", (1,), (4,)), CPU)
    with pytest.raises(UserError, match="has no frame"):
        load_frames(none, none, None, pair, CPU)
    with pytest.raises(UserError, match="has no speech span"):
        load_frames(pictures, maps, {}, SPLIT, CPU)
