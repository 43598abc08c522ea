"""The voice of a clip: a sentence with prosody by emotion and timbre by actor.

Prosody follows what is commonly found in acted speech (Scherer 2003, Speech Communication 40):
joy, anger and fear fast, high and loud; sadness slow, low, soft and dull; disgust slow and falling;
surprise high, wide and rising at the end.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from scipy.signal import resample_poly

from demo.acting import (
    VOICE_CONFUSIONS,
    Performance,
    blend,
    perform,
    random_source,
    spread,
)
from demo.espeak import ESPEAK_RATE, say
from demo.settings import AUDIO_RATE, Difficulty, SyntheticCorpusSettings
from mmer.corpora.ravdess import STATEMENTS, Clip


@dataclass(frozen=True)
class Prosody:
    """How a sentence is spoken.

    Attributes
    ----------
    rate
        Words per minute.
    pitch, range
        Offset from the actor's pitch, and pitch range, on espeak-ng's scale of 0 to 99.
    loudness
        dB relative to the loudest emotion.
    tilt
        dB per octave above 500 Hz: bright above 0, dull below.
    tremor
        0 to 1: depth of a 6 Hz shaking of pitch and loudness.
    breath
        0 to 1: noise that follows the voice.
    glide
        Change of pitch from the start to the end, as a share of it.
    """

    rate: float
    pitch: float
    range: float
    loudness: float
    tilt: float
    tremor: float
    breath: float
    glide: float


PROSODY: dict[str, Prosody] = {
    "neutral": Prosody(165, 0, 35, -7, 0.0, 0.0, 0.02, 0.00),
    "calm": Prosody(138, -8, 25, -11, -1.2, 0.0, 0.25, -0.04),
    "happy": Prosody(185, 22, 80, -3, 1.0, 0.0, 0.00, 0.06),
    "sad": Prosody(128, -3, 15, -14, -2.5, 0.4, 0.20, -0.12),
    "angry": Prosody(200, 8, 55, 0, 2.5, 0.1, 0.00, -0.10),
    "fearful": Prosody(215, 28, 30, -6, 0.3, 1.0, 0.30, 0.04),
    "disgust": Prosody(140, -14, 60, -5, 0.6, 0.2, 0.05, -0.20),
    "surprised": Prosody(175, 30, 95, -4, 0.4, 0.0, 0.10, 0.25),
}
"""Textbook prosody of each emotion."""

_ROOM_NOISE = 10 ** (-80 / 20)  # root mean square of full scale; faint, so that silence is found
_LOUDEST = 0.7  # peak of full scale at 0 dB
_LEAST_SILENCE = 0.2  # seconds before and after the sentence


@dataclass(frozen=True)
class Timbre:
    """What stays the same in an actor's voice; ``size`` scales pitch and formants together."""

    variant: str
    pitch: float
    size: float
    bias: np.ndarray


@dataclass(frozen=True)
class Utterance:
    """The sound track of a clip.

    Attributes
    ----------
    samples
        ``(samples,)`` float32 in [-1, 1] at 48 kHz.
    start_s, stop_s
        Where the sentence lies, in seconds.
    """

    samples: np.ndarray
    start_s: float
    stop_s: float


def timbre_of(actor: int, settings: SyntheticCorpusSettings) -> Timbre:
    """The voice of an actor: odd numbers male, even ones female."""
    random = random_source(settings.seed, f"voice of actor {actor}")
    variants = ("m1", "m2", "m3", "m7", "m8") if actor % 2 else ("f1", "f2", "f3", "f4", "f5")
    return Timbre(
        variant=f"en-us+{random.choice(variants)}",
        pitch=float(random.uniform(40, 52)),
        size=float(random.uniform(0.94, 1.06)),
        bias=settings.difficulty.actor_bias * random.standard_normal(len(spread(PROSODY))),
    )


def speak(clip: Clip, timbre: Timbre, settings: SyntheticCorpusSettings) -> Utterance:
    """Speak a clip, with silence before and after."""
    random = random_source(settings.seed, clip.name, "voice")
    difficulty = settings.difficulty
    performance = perform(
        clip, VOICE_CONFUSIONS, difficulty.voice_blend, difficulty.weak_share, random
    )
    words = STATEMENTS[clip.statement - 1]
    return _with_silence(utter(words, performance, timbre, difficulty, random), settings, random)


def utter(
    words: str,
    performance: Performance,
    timbre: Timbre,
    difficulty: Difficulty,
    random: np.random.Generator,
) -> np.ndarray:
    """Speak some words, ``(samples,)`` float64 in [-1, 1] at 48 kHz, without silence around."""
    strays = timbre.bias + difficulty.jitter * random.standard_normal(len(timbre.bias))
    prosody = _within_bounds(Prosody(*(blend(PROSODY, performance) + strays * spread(PROSODY))))
    spoken = say(
        words,
        timbre.variant,
        rate=prosody.rate,
        pitch=timbre.pitch + prosody.pitch,
        range_=prosody.range,
        seed=int(random.integers(1, 2**31)),
    )
    return _coloured(_at_corpus_rate(spoken, timbre.size), prosody, random)


def _within_bounds(prosody: Prosody) -> Prosody:
    """Keep a prosody where espeak-ng and the post-processing can follow."""
    lowest = Prosody(100, -40, 0, -20, -4, 0, 0, -0.35)
    highest = Prosody(280, 45, 99, 1, 4, 1.3, 0.5, 0.35)
    return Prosody(*np.clip(astuple(prosody), astuple(lowest), astuple(highest)).tolist())


def _at_corpus_rate(spoken: np.ndarray, size: float) -> np.ndarray:
    """int16 at espeak-ng's rate to float64 at 48 kHz, without the silence at the ends."""
    loud = np.flatnonzero(np.abs(spoken) > 100)
    trimmed = spoken[loud[0] : loud[-1] + 1] / 32768
    upsampled = resample_poly(trimmed, AUDIO_RATE // 150, ESPEAK_RATE // 150)
    positions = np.arange(0, len(upsampled) - 1, size)
    return np.interp(positions, np.arange(len(upsampled)), upsampled)


def _coloured(sentence: np.ndarray, prosody: Prosody, random: np.random.Generator) -> np.ndarray:
    """Add what espeak-ng cannot do: glide, tremor, spectral tilt, breath, loudness."""
    times = np.arange(len(sentence)) / AUDIO_RATE
    shaking = np.sin(2 * np.pi * 6.0 * times + random.uniform(0, 2 * np.pi))
    speed = 1 + prosody.glide * (times / times[-1] - 0.5) + 0.05 * prosody.tremor * shaking
    positions = np.cumsum(speed)
    positions *= (len(sentence) - 1) / positions[-1]
    sentence = np.interp(positions, np.arange(len(sentence)), sentence)
    sentence = sentence * (1 - 0.3 * prosody.tremor * (0.5 + 0.5 * shaking))
    breath = random.standard_normal(len(sentence)) * loudness_envelope(sentence)
    sentence = _tilted(sentence + prosody.breath * breath, prosody.tilt)
    return sentence * (_LOUDEST * 10 ** (prosody.loudness / 20) / np.abs(sentence).max())


def _tilted(sentence: np.ndarray, decibels_per_octave: float) -> np.ndarray:
    """Tilt the spectrum above 500 Hz."""
    frequencies = np.fft.rfftfreq(len(sentence), 1 / AUDIO_RATE)
    octaves = np.log2(np.clip(frequencies, 500, 8000) / 500)
    gains = 10 ** (decibels_per_octave * octaves / 20)
    return np.fft.irfft(np.fft.rfft(sentence) * gains, len(sentence))


def loudness_envelope(samples: np.ndarray, window_s: float = 0.03) -> np.ndarray:
    """``(samples,)`` running root mean square over ``window_s`` seconds."""
    width = max(int(window_s * AUDIO_RATE), 1)
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(samples, np.float64) ** 2)])
    middles = np.arange(len(samples))
    starts = np.clip(middles - width // 2, 0, None)
    stops = np.clip(middles + width - width // 2, None, len(samples))
    return np.sqrt(np.maximum(sums[stops] - sums[starts], 0) / (stops - starts))


def _with_silence(
    sentence: np.ndarray, settings: SyntheticCorpusSettings, random: np.random.Generator
) -> Utterance:
    """Put the sentence into a clip of the length the settings ask for; cut it if it is longer."""
    wished = random.uniform(settings.shortest_seconds, settings.longest_seconds)
    needed = len(sentence) / AUDIO_RATE + 2 * _LEAST_SILENCE
    seconds = min(max(wished, needed), settings.longest_seconds)
    samples = _ROOM_NOISE * random.standard_normal(int(seconds * AUDIO_RATE))
    spare = max(len(samples) - len(sentence), 0)
    start = int(spare * random.uniform(0.4, 0.6))
    fitting = sentence[: len(samples) - start]
    samples[start : start + len(fitting)] += fitting
    return Utterance(
        samples.clip(-1, 1).astype(np.float32),
        start / AUDIO_RATE,
        (start + len(fitting)) / AUDIO_RATE,
    )
