"""Frames of a split on the device: which are kept, their labels, their values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.pictured_items import (
    CPU,
    ITEMS,
    PAIR,
    RATE,
    SPLIT,
    TASK,
    bright_square,
    frames_and_maps,
    load,
    pictures_and_items,
)

from mmer.media.speech_spans import SpeechSpan
from mmer.protocol import Split
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.training.frames import frames_within, put_on_device


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


def test_every_item_keeps_its_own_frames_and_maps():
    pictures, maps = frames_and_maps()
    maps = replace(
        maps, values=np.arange(len(maps.values), dtype=np.uint8)[:, None, None] + maps.values
    )
    frames = put_on_device(pictures, maps, None, ITEMS, TASK, SPLIT, CPU)
    for row, name in enumerate(frames.items.names):
        start, stop = frames.offsets[row : row + 2]
        given = pictures.items.index(name)
        np.testing.assert_array_equal(frames.images[start:stop, 0].numpy(), pictures.of(given))
        np.testing.assert_array_equal(frames.saliency[start:stop, 0].numpy(), maps.of(given))
        assert (frames.item_of_frame[start:stop] == row).all()
    assert frames.images.dtype == torch.uint8 and not frames.are_pictures
    assert frames.items.names == pictures.items and frames.labels.tolist() == [0, 2, 4] * 3
    assert frames.part.tolist() == ["train"] * 6 + ["test"] * 3
    assert frames.choosing_parts == ("test",)


def test_the_variant_vad_keeps_the_frames_within_the_spans():
    pictures, _ = frames_and_maps()
    spans = {name: SpeechSpan(1 / 30, 3 / 30, True) for name in pictures.items}
    frames = load(spans=spans)
    assert np.diff(frames.offsets).tolist() == [2] * 9
    np.testing.assert_array_equal(frames.images[:2, 0].numpy(), pictures.of(0)[1:3])


@pytest.mark.parametrize(
    ("start_s", "expected"), [(1 / 30, [0, 1]), (-1 / 30, [2, 3]), (9.0, [0]), (-9.0, [3])]
)
def test_spans_are_of_the_sound_and_frames_may_start_at_another_time(start_s, expected):
    pictures, maps = frames_and_maps()
    pictures = replace(pictures, starts=np.full(len(pictures), start_s))
    spans = {name: SpeechSpan(1 / 30, 3 / 30, True) for name in pictures.items}
    frames = put_on_device(pictures, maps, spans, ITEMS, TASK, SPLIT, CPU)
    kept = frames.images[: frames.offsets[1], 0].numpy()
    np.testing.assert_array_equal(kept, pictures.of(0)[expected])


def test_bytes_become_values_from_minus_one_to_one():
    shades = np.array([0, 51, 255], np.uint8)[:, None, None]
    pictures = np.broadcast_to(shades, (3, 48, 48)).copy()
    both = Ragged.join(["a_s1", "a_s3"], [pictures, pictures], RATE)
    frames = put_on_device(both, both, None, ITEMS, TASK, PAIR, CPU)
    images, saliency = frames.pair(torch.tensor([2, 0, 1]))
    torch.testing.assert_close(images[:, 0, 0, 0], torch.tensor([1.0, -1.0, -0.6]))
    assert torch.equal(images, saliency) and images.dtype == torch.float32


def test_speakers_outside_the_split_are_left_out_and_without_a_split_nobody():
    assert set(load(split=PAIR).items.speakers) == {"s1", "s3"}
    everything = load(split=None)
    assert len(everything.items) == 9 and set(everything.part) == {""}


def test_items_without_a_class_are_left_out():
    """The last two of the pictures; the split's groups may be those of any column."""
    split = Split(name="list", by="part", train=("train",), choose=("held",), test=("held",))
    frames = put_on_device(
        *pictures_and_items(2)[:2], None, pictures_and_items(2)[2], TASK, split, CPU
    )
    assert frames.items.names == tuple(f"p{number:03d}" for number in range(14))
    assert frames.are_pictures and frames.rows("test").tolist() == [0, 4, 8, 12]


def test_mistakes_in_the_files_are_told():
    pictures, maps = frames_and_maps()
    fewer = frames_and_maps(speakers=("s1", "s2"))[1]
    twice = Ragged.join(["a_s1"] * 2, [bright_square("a", "s1", 2)] * 2, RATE)
    none = Ragged.join(
        ["a_s1", "a_s3"], [bright_square("a", "s1", 0), bright_square("a", "s3", 2)], RATE
    )
    fourth = Split(name="pair", train=("s1",), choose=("s4",), test=("s4",))
    for frames, saliency, spans, split, complaint in (
        (pictures, fewer, None, SPLIT, "not of the same items"),
        (twice, twice, None, PAIR, "given twice"),
        (pictures, maps, None, fourth, "needs speaker s4"),
        (none, none, None, PAIR, "has no frame"),
        (pictures, maps, {}, SPLIT, "has no speech span"),
    ):
        with pytest.raises(UserError, match=complaint):
            put_on_device(frames, saliency, spans, ITEMS, TASK, split, CPU)
