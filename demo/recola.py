"""A synthetic RECOLA: AVEC 2016's folder, with voices and faces that follow hidden traces.

Voices tell arousal well and valence less well, faces the other way round, so that both together
tell most.  Six raters follow each recording, each late and with a scale of their own; the gold
standard is computed from them as for the real recordings.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter1d

from demo.recola_film import write_film
from mmer.corpora.recola import DIMENSIONS, RATE
from mmer.corpora.recola_files import RATERS, SPACING_S, gold_standard
from mmer.settings import Settings, decided

AUDIO_RATE = 44_100
"""Samples per second of RECOLA's headsets (Ringeval et al. 2013)."""

_SMOOTH_S = 2.0
_HARMONICS = 8
_ARFF = (
    "@relation GOLDSTANDARD\r\n\r\n@attribute Instance_name string\r\n"
    "@attribute frameTime numeric\r\n@attribute GoldStandard numeric\r\n\r\n\r\n@data\r\n\r\n"
)


class SyntheticRecolaSettings(Settings):
    """What it holds; the same settings give the same bytes on one machine."""

    training: int = Field(8, description="recordings of the training part", ge=1, le=9)
    development: int = Field(4, description="recordings of the development part", ge=1, le=9)
    seconds: int = decided(
        60,
        "length of each recording",
        "Two cores are to need minutes for all, and more people teach more than longer recordings.",
        ge=4,
    )
    seed: int = 2016


def write_recola(folder: Path, settings: SyntheticRecolaSettings) -> None:
    """Write sounds, films, ratings and gold standard of every recording."""
    parts = {"train": settings.training, "dev": settings.development}
    names = [f"{part}_{number + 1}" for part, count in parts.items() for number in range(count)]
    for number, name in enumerate(names):
        drawn = np.random.default_rng([settings.seed, number])
        rows = settings.seconds * RATE + 1
        hidden = {dimension: _smooth(drawn, rows) for dimension in DIMENSIONS}
        other = np.random.default_rng([settings.seed, number, 1])
        heard, seen = (
            {**hidden, dimension: _blurred(hidden[dimension], other)}
            for dimension in ("valence", "arousal")
        )
        _write_wav(folder / "recordings_audio" / f"{name}.wav", _voice(heard, drawn))
        write_film(folder / "recordings_video" / f"{name}.mp4", seen, number, settings.seed)
        for dimension, trace in hidden.items():
            ratings = np.stack([_rated(trace, drawn) for _ in RATERS], axis=1)
            _write_ratings(folder / "ratings_individual" / dimension / f"{name}.csv", ratings)
            gold = folder / "ratings_gold_standard" / dimension / f"{name}.arff"
            _write_gold(gold, name, gold_standard(ratings))


def _smooth(drawn: np.random.Generator, rows: int) -> np.ndarray:
    """A slow random trace with a deviation of 0.25, ``(rows,)``."""
    slow = gaussian_filter1d(drawn.standard_normal(rows), _SMOOTH_S * RATE, mode="wrap")
    return 0.25 * slow / slow.std()


def _blurred(trace: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    """A trace of about its size, whose variance is half another one's."""
    return 0.5**0.5 * (trace + _smooth(drawn, len(trace)))


def _rated(trace: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    """What one rater makes of a trace: late, on another scale, and not quite sure."""
    late = round(drawn.uniform(1.0, 3.0) * RATE)
    seen = np.concatenate([np.repeat(trace[:1], late), trace])[: len(trace)]
    doubt = 0.2 * _smooth(drawn, len(trace))
    rated = drawn.uniform(0.7, 1.2) * seen + drawn.uniform(-0.1, 0.1) + doubt
    return np.clip(rated, -1, 1)


def _voice(hidden: dict[str, np.ndarray], drawn: np.random.Generator) -> np.ndarray:
    """Syllables, loud and bright where arousal is high, high where valence is, in [-1, 1]."""
    rows = len(hidden["arousal"])
    times = np.arange(round((rows - 1) / RATE * AUDIO_RATE)) / AUDIO_RATE
    arousal, valence = (np.interp(times, np.arange(rows) / RATE, hidden[d]) for d in DIMENSIONS)
    pitch = drawn.uniform(110, 220) * 2 ** (2 * valence)
    phase = 2 * np.pi * np.cumsum(pitch) / AUDIO_RATE
    fall = 1.5 - arousal
    sound = sum(np.sin(n * phase) * n**-fall for n in range(1, _HARMONICS + 1))
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * times + drawn.uniform(0, 6))
    loud = sound * syllables * 10 ** (arousal - 1)
    return np.clip(loud + 0.002 * drawn.standard_normal(len(times)), -1, 1)


def _write_wav(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(AUDIO_RATE)
        stream.writeframes((samples * 32767).astype("<i2").tobytes())


def _write_ratings(path: Path, ratings: np.ndarray) -> None:
    """Six columns, a blank after each name but the last, as in the real files."""
    rows = [
        ";".join([f"{row * SPACING_S:.2f}", *(f"{value:.6f}" for value in values)])
        for row, values in enumerate(ratings)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"time;{' ;'.join(RATERS)}", *rows, ""]), "utf-8")


def _write_gold(path: Path, name: str, gold: np.ndarray) -> None:
    rows = [f"{name},{row * SPACING_S:.2f},{value:.6f}\r\n" for row, value in enumerate(gold)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((_ARFF + "".join(rows)).encode())
