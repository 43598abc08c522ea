"""Tiny recordings for the README's example plug-ins: tones whose pitch tells what is to be said."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pandas as pd

RATE = 16000
LABELS = ("angry", "bored", "happy", "neutral", "sad")
EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def write_wav(path: Path, samples: np.ndarray) -> None:
    """Write mono sound in [-1, 1] at 16 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE)
        stream.writeframes((samples * 32767).astype("<i2").tobytes())


def noisy_tone(pitch: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    """Sound of a pitch in Hz at each sample, under some noise."""
    noise = 0.02 * drawn.standard_normal(len(pitch))
    return 0.4 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE) + noise


def write_labelled(
    folder: Path, speakers: tuple[str, ...], per_label: int = 2, seconds: float = 0.6
) -> None:
    """What ``my_corpus.py`` reads: each label has a pitch of its own."""
    drawn = np.random.default_rng(0)
    rows = []
    for speaker in speakers:
        for number, label in enumerate(LABELS * per_label):
            length = int(RATE * (seconds + 0.01 * number))
            pitch = 200.0 * 2 ** LABELS.index(label) * drawn.uniform(0.95, 1.05)
            file = f"{speaker}_{number:02d}.wav"
            write_wav(folder / file, noisy_tone(np.full(length, pitch), drawn))
            rows.append({"file": file, "speaker": speaker, "label": label})
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)


def write_followed(
    folder: Path, speakers: tuple[str, ...], items: int = 2, seconds: float = 4.0
) -> None:
    """What ``my_traces.py`` reads: arousal is how loud the sound is, valence how high."""
    drawn = np.random.default_rng(0)
    times = np.arange(int(RATE * seconds)) / RATE
    for speaker in speakers:
        for number in range(items):
            slow, shift = drawn.uniform(0.3, 0.8), drawn.uniform(0, 6)
            arousal = np.sin(2 * np.pi * slow * times + shift)
            valence = np.sin(2 * np.pi * 0.7 * slow * times + 2 * shift)
            sound = noisy_tone(800 * 2**valence, drawn) * (0.55 + 0.45 * arousal)
            write_wav(folder / speaker / f"{speaker}_{number}.wav", sound)
            middle = np.arange(int(25 * seconds)) * 640 + 320
            traces = pd.DataFrame({"arousal": arousal[middle], "valence": valence[middle]})
            traces.to_csv(folder / speaker / f"{speaker}_{number}.csv", index=False)
