"""Clips of a split on the device: which, of what length, with which label."""

import numpy as np
import pytest
import torch
from tests.spoken_pitches import CPU, PAIR, RATE, SPLIT, audio_of, tone

from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.log_mel import LogMel
from mmer.speech.log_mels_on_device import load_log_mels
from mmer.store import Ragged


def _one_clip(samples: np.ndarray, name: str = "01-01-03-01-01-01-01") -> Ragged:
    heldout = "01-01-03-01-01-01-03"
    return Ragged.join([name, heldout], [samples, tone(3, 3)], RATE)


def test_clips_carry_label_and_part_of_their_name():
    clips = load_log_mels(audio_of(), None, SPLIT, 0.4, CPU)
    assert clips.inputs.shape == (32, 41, 64)
    assert list(clips.names) == sorted(clips.names)
    assert clips.labels.bincount().tolist() == [4] * 8
    assert {clips.names[row][-2:] for row in clips.rows("heldout")} == {"03"}
    assert len(clips.rows("train")) == 24


def test_actors_outside_the_split_are_left_out():
    clips = load_log_mels(audio_of(), None, PAIR, 0.4, CPU)
    assert {name[-2:] for name in clips.names} == {"01", "03"}


def test_short_clip_is_padded_with_silence_and_long_one_cut_at_its_end():
    samples = tone(3, 1)  # half a second
    for seconds in (0.4, 0.8):
        length = round(seconds * RATE)
        expected = np.pad(samples, (0, max(0, length - len(samples))))[:length]
        clips = load_log_mels(_one_clip(samples), None, PAIR, seconds, CPU)
        log_mel = LogMel()(torch.from_numpy(expected)[None].float() / 32768)[0]
        torch.testing.assert_close(clips.inputs[0], log_mel)


def test_span_is_cut_out_before_padding():
    samples = tone(3, 1)
    spans = {
        "01-01-03-01-01-01-01": SpeechSpan(0.1, 0.2, found=True),
        "01-01-03-01-01-01-03": SpeechSpan(0.0, 0.5, found=False),
    }
    clips = load_log_mels(_one_clip(samples), spans, PAIR, 0.4, CPU)
    expected = np.pad(samples[1600:3200], (0, 4800))
    log_mel = LogMel()(torch.from_numpy(expected)[None].float() / 32768)[0]
    torch.testing.assert_close(clips.inputs[0], log_mel)


def test_recording_too_short_for_the_network_is_named():
    with pytest.raises(UserError, match=r"01-01-03-01-01-01-01 has 0\.250 s"):
        load_log_mels(_one_clip(tone(3, 1)[:4000]), None, PAIR, 0.4, CPU)


def test_missing_and_empty_spans_are_named():
    with pytest.raises(UserError, match="01-01-03-01-01-01-01 has no speech span"):
        load_log_mels(_one_clip(tone(3, 1)), {}, PAIR, 0.4, CPU)
    empty = {"01-01-03-01-01-01-01": SpeechSpan(0.2, 0.2, found=True)}
    with pytest.raises(UserError, match="holds no audio"):
        load_log_mels(_one_clip(tone(3, 1)), empty, PAIR, 0.4, CPU)


def test_absent_actor_and_doubled_clip_are_told():
    with pytest.raises(UserError, match="needs actor 4"):
        load_log_mels(audio_of(actors=(1, 2, 3)), None, SPLIT, 0.4, CPU)
    with pytest.raises(UserError, match="given twice"):
        load_log_mels(audio_of(actors=(1, 2, 3, 4, 1)), None, SPLIT, 0.4, CPU)
