"""Voice activity detection: the real library with its real weights on real speech sounds."""

from __future__ import annotations

import numpy as np
import pytest
from demo.settings import AUDIO_RATE, SyntheticCorpusSettings
from demo.voice import speak, timbre_of
from scipy.signal import resample_poly

from mmer.corpora.ravdess import Clip
from mmer.media.settings import VoiceActivitySettings
from mmer.media.voice_activity import find_speech
from mmer.ragged import Ragged

SETTINGS = VoiceActivitySettings()
RATE = 16_000


@pytest.fixture(scope="module")
def spoken():
    """A spoken sentence with a little room noise around it, ``(samples,)`` int16."""
    settings = SyntheticCorpusSettings()
    clip = Clip.parse("01-01-05-02-01-01-01")
    utterance = speak(clip, timbre_of(clip.actor, settings), settings)
    mono = utterance.samples.reshape(len(utterance.samples), -1).mean(axis=1)
    return (resample_poly(mono, RATE, AUDIO_RATE) * 32767).astype(np.int16)


@pytest.mark.slow
def test_silences_are_cut_and_speech_is_kept(voice_activity_weights, spoken):
    silence = np.zeros(RATE, np.int16)
    audio = Ragged.join(
        ["spoken", "silent"],
        [np.concatenate([silence, spoken, silence]), np.zeros(3 * RATE, np.int16)],
        RATE,
    )
    spans = find_speech(audio, voice_activity_weights, SETTINGS)
    assert spans["spoken"].found
    assert spans["spoken"].start_s > 0.7
    assert spans["spoken"].stop_s < 2 + len(spoken) / RATE - 0.7
    assert spans["spoken"].stop_s - spans["spoken"].start_s > 0.5
    assert not spans["silent"].found
    assert (spans["silent"].start_s, spans["silent"].stop_s) == (0.0, 3.0)
