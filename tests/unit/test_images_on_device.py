"""Clips of a split as images on the device: which, of what length, with which label."""

import numpy as np
import pytest
import torch
from tests.spoken_pitches import CPU, PAIR, RATE, SPLIT, audio_of, tone

from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.clips_on_device import ClipsOnDevice
from mmer.speech.images_on_device import load_images
from mmer.speech.spectrogram_image import spectrogram_images
from mmer.speech.spectrogram_image_settings import MelImageSettings
from mmer.store import Ragged

IMAGE = MelImageSettings(size=64)


def _load(
    audio: Ragged | None = None,
    spans: dict[str, SpeechSpan] | None = None,
    split: Split = SPLIT,
    clip_seconds: float | None = None,
) -> ClipsOnDevice:
    return load_images(audio or audio_of(), spans, split, IMAGE, clip_seconds, CPU)


def test_images_carry_label_and_part_of_their_name():
    clips = _load()
    assert clips.inputs.shape == (32, 64, 64, 3) and clips.inputs.dtype == torch.uint8
    assert list(clips.names) == sorted(clips.names)
    assert clips.labels.bincount().tolist() == [4] * 8
    assert {clips.names[row][-2:] for row in clips.rows("heldout")} == {"03"}
    assert len(clips.rows("train")) == 24


def test_actors_outside_the_split_are_left_out():
    assert {name[-2:] for name in _load(split=PAIR).names} == {"01", "03"}


def test_span_is_cut_out_before_the_spectrogram():
    spans = {name: SpeechSpan(0.1, 0.3, found=True) for name in audio_of().clips}
    clips = _load(spans=spans)
    expected = spectrogram_images([tone(3, 1)[1600:4800]], IMAGE)[0]
    np.testing.assert_array_equal(clips.inputs[clips.names.index("01-01-03-01-01-01-01")], expected)


@pytest.mark.parametrize("seconds", [0.4, 0.8])
def test_given_length_cuts_the_end_or_adds_silence(seconds):
    clips = _load(clip_seconds=seconds)
    length = round(seconds * RATE)
    samples = np.pad(tone(3, 1), (0, 8000))[:length]
    expected = spectrogram_images([samples], IMAGE)[0]
    np.testing.assert_array_equal(clips.inputs[clips.names.index("01-01-03-01-01-01-01")], expected)


def test_faulty_audio_and_spans_are_named():
    with pytest.raises(UserError, match="needs actor 4"):
        _load(audio_of((1, 2, 3)))
    with pytest.raises(UserError, match="given twice"):
        _load(audio_of((1, 2, 3, 4, 1)))
    with pytest.raises(UserError, match="no speech span"):
        _load(spans={})
    empty = {name: SpeechSpan(0.2, 0.2, found=True) for name in audio_of().clips}
    with pytest.raises(UserError, match="holds no audio"):
        _load(spans=empty)
    names = ["01-01-03-01-01-01-01", "01-01-03-01-01-01-03"]
    short = Ragged.join(names, [tone(3, 1)[:4000], tone(3, 3)], RATE)
    with pytest.raises(UserError, match=r"01-01-03-01-01-01-01 has 0\.250 s"):
        _load(short, split=PAIR)
