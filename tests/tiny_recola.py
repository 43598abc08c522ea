"""RECOLA's three folders with a few recordings of seconds, in the formats of the real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.own_recordings import RATE, noisy_tone, write_wav

DIMENSIONS = ("arousal", "valence")
RATERS = "time;FM1 ;FM2 ;FM3 ;FF1 ;FF2 ;FF3"
ARFF_HEAD = (
    "@relation GOLDSTANDARD",
    "",
    "@attribute Instance_name string",
    "@attribute frameTime numeric",
    "@attribute GoldStandard numeric",
    "",
    "",
    "@data",
    "",
)


def traces_of(number: int, rows: int) -> dict[str, np.ndarray]:
    """Slow hidden traces of a recording, ``(rows,)`` in [-0.5, 0.5]."""
    time = np.arange(rows) / 25
    return {
        "arousal": 0.5 * np.sin(time * (0.7 + 0.1 * number)),
        "valence": 0.5 * np.cos(time * (1.1 - 0.05 * number)),
    }


def write_sound(path: Path, number: int, rows: int) -> None:
    """A voice whose loudness is arousal and whose pitch is valence."""
    samples = np.arange((rows - 1) * RATE // 25) // (RATE // 25)
    traces = {name: trace[samples] for name, trace in traces_of(number, rows).items()}
    sound = noisy_tone(400 * 4 ** traces["valence"], np.random.default_rng(number))
    write_wav(path, sound * (0.55 + 0.8 * traces["arousal"]))


def write_arff(path: Path, recording: str, trace: np.ndarray) -> None:
    """A gold standard of AVEC 2016."""
    rows = [f"{recording},{row * 0.04:.2f},{value:.6f}" for row, value in enumerate(trace)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join([*ARFF_HEAD, *rows, ""]).encode())


def write_ratings(path: Path, ratings: np.ndarray) -> None:
    """Ratings ``(rows, 6)`` as RECOLA publishes them."""
    rows = [
        ";".join([f"{row * 0.04:.2f}", *(f"{value:.6f}" for value in values)])
        for row, values in enumerate(ratings)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([RATERS, *rows, ""]))


def write_avec(folder: Path, recordings: tuple[str, ...], rows: int = 101) -> None:
    """AVEC 2016's folder; recordings of the test part have no gold standard."""
    for number, recording in enumerate(recordings):
        write_sound(folder / "recordings_audio" / f"{recording}.wav", number, rows)
        for name, trace in traces_of(number, rows).items():
            if not recording.startswith("test"):
                path = folder / "ratings_gold_standard" / name / f"{recording}.arff"
                write_arff(path, recording, trace)


def write_public(folder: Path, recordings: tuple[str, ...], rows: int = 101) -> None:
    """The public folder; everyone rates the hidden trace, each from a level of their own."""
    levels = np.array([-0.1, 0.0, 0.1, 0.05, 0.02, -0.07])
    for number, recording in enumerate(recordings):
        write_sound(folder / "RECOLA-Audio-recordings" / f"{recording}.wav", number, rows)
        for name, trace in traces_of(number, rows).items():
            path = folder / "RECOLA-Annotation" / "emotional_behaviour" / name
            write_ratings(path / f"{recording}.csv", trace[:, None] + levels)
