"""Real voices: samples, spans, log-mels and images agree with paths that share no code with ours.

One recording of every actor, over all emotions; those with two channels; the quietest, the loudest
(which clips at 16 kHz), the shortest and the longest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
import torch
from scipy.signal import firwin
from tests.other_front_ends import drawn, librosa_log_mel

from mmer.media.decoding import SAMPLE_RATE, decode_voice
from mmer.media.log_mel import log_mels
from mmer.media.settings import PreparationSettings, VoiceActivitySettings
from mmer.media.spectrogram_image import spectrogram_images
from mmer.media.spectrogram_image_settings import MelImageSettings, SpectrogramImageSettings
from mmer.media.speech_spans import SpeechSpan
from mmer.media.voice_activity import find_speech
from mmer.ragged import Ragged

ONE_PER_ACTOR = [
    f"03-01-{1 + actor % 8:02d}-01-{1 + actor % 2:02d}-01-{actor:02d}" for actor in range(1, 25)
]
TWO_CHANNELS = [
    "03-01-02-01-01-02-01",
    "03-01-08-01-02-02-01",
    "03-01-02-01-02-02-05",
    "03-01-03-01-02-01-20",
    "03-01-06-01-01-02-20",
]
QUIETEST, LOUDEST = "03-01-04-01-01-01-09", "03-01-05-02-02-02-13"
SHORTEST, LONGEST = "03-01-02-01-02-02-13", "03-01-07-02-01-02-19"
RECORDINGS = [*ONE_PER_ACTOR, *TWO_CHANNELS, QUIETEST, LOUDEST, SHORTEST, LONGEST]
LEAST_STEP = 1 / 32_768
"""The smallest step of an int16 sample."""
LOW_PASS = firwin(255, 6_000, fs=SAMPLE_RATE)


def _file(folder: Path, name: str) -> Path:
    return folder / f"Actor_{name[-2:]}" / f"{name}.flac"


def _decoded(folder: Path, name: str) -> np.ndarray:
    return decode_voice(_file(folder, name), PreparationSettings())


@pytest.fixture(scope="module", params=RECORDINGS)
def recording(request, real_voices) -> tuple[Path, np.ndarray]:
    """A recording's file, and its samples as the project decodes it."""
    return _file(real_voices, request.param), _decoded(real_voices, request.param)


def _below_6_khz(waveform: np.ndarray) -> np.ndarray:
    """Resamplers of good name differ in how they fade to half the rate, and only there."""
    return np.convolve(waveform, LOW_PASS)


def _reached_from(places: np.ndarray) -> np.ndarray:
    """Where the low-pass filter looks at one of some places."""
    return np.convolve(places, np.ones(len(LOW_PASS))) > 0.5


def test_samples_are_those_of_another_decoder_and_resampler(recording):
    """Within two steps of int16: FFmpeg rounds channels and samples, the other path rounds nothing.

    A tenth of a sample's delay, one channel for two, another gain or a lost end are more.
    """
    path, ours = recording
    samples, rate = soundfile.read(path, always_2d=True)
    assert rate == 48_000
    other = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE, quality="VHQ")
    assert ours.dtype == np.int16
    assert len(ours) == len(other)
    beyond = np.abs(other) >= 1
    # Peaks that grow beyond full scale are cut there, and do not wrap.
    np.testing.assert_allclose(ours[beyond] * LEAST_STEP, np.sign(other[beyond]), atol=1e-3)
    difference = np.abs(_below_6_khz(ours * LEAST_STEP - other))
    assert difference[~_reached_from(beyond)].max() < 2 * LEAST_STEP


def test_log_mels_are_librosas(recording):
    _, ours = recording
    log_mel = log_mels([ours], torch.device("cpu"))[0].numpy()
    np.testing.assert_allclose(log_mel, librosa_log_mel(ours * LEAST_STEP), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "settings", [SpectrogramImageSettings(), MelImageSettings()], ids=["linear", "mel"]
)
def test_images_are_drawn_alike_in_every_pixel(recording, settings):
    _, ours = recording
    np.testing.assert_array_equal(spectrogram_images([ours], settings)[0], drawn(ours, settings))


@pytest.mark.long
def test_spans_are_those_of_the_detectors_own_command(
    real_voices, voice_activity_weights, tmp_path
):
    audio = Ragged.join(
        RECORDINGS, [_decoded(real_voices, name) for name in RECORDINGS], SAMPLE_RATE
    )
    waves = [tmp_path / f"{name}.wav" for name in RECORDINGS]
    for index, wave in enumerate(waves):
        soundfile.write(wave, audio.of(index), SAMPLE_RATE, subtype="PCM_16")
    # Keras looks for a file here before it fetches it.
    (tmp_path / "inaSpeechSegmenter").mkdir()
    (tmp_path / "inaSpeechSegmenter" / voice_activity_weights.name).symlink_to(
        voice_activity_weights.resolve()
    )
    program = Path(sys.executable).with_name("ina_speech_segmenter.py")
    options = ["--detect_gender", "false", "--ffmpeg_binary", "none"]
    told = ["--input", *waves, "--output_directory", tmp_path, *options]
    subprocess.run(
        [sys.executable, program, *told],
        env={**os.environ, "KERAS_HOME": str(tmp_path), "CUDA_VISIBLE_DEVICES": "-1"},
        check=True,
    )
    ours = find_speech(audio, voice_activity_weights, VoiceActivitySettings())
    assert not ours[LOUDEST].found  # a shout that the detector calls music
    for index, (name, wave) in enumerate(zip(RECORDINGS, waves, strict=True)):
        segments = pd.read_csv(wave.with_suffix(".csv"), sep="\t")
        speech = segments[segments["labels"] == "speech"]
        seconds = len(audio.of(index)) / SAMPLE_RATE
        expected = (
            SpeechSpan(speech["start"].iloc[0], min(speech["stop"].iloc[-1], seconds), found=True)
            if len(speech)
            else SpeechSpan(0.0, seconds, found=False)
        )
        assert ours[name] == expected, name
