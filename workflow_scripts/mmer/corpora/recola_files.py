"""The three folders in which RECOLA is had, and what their files hold.

Sources: the challenge's scripts and readers of it (AVEC 2016's folder: gold standard as ARFF); the
public release (six raters' tables, semicolons between columns); and the one that the authors' code
for their end-to-end networks reads (gold standard as CSV without titles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.runtime.errors import UserError

RATERS = ("FM1", "FM2", "FM3", "FF1", "FF2", "FF3")
"""Columns of a table of ratings: three men and three women."""

SPACING_S = 0.04
"""Seconds from row to row of every file."""


@dataclass(frozen=True)
class Tree:
    """Where a folder keeps what.

    Attributes
    ----------
    known_by
        The folder in it that no other of the three has.
    sounds, films
        Folder and ending of the recordings.
    gold
        Folder of a folder for each dimension, and the ending of the files there.
    read
        Gold standard of one file, ``(rows,)`` float64.
    numbered
        Whether recordings are called ``train_1``, and not by the number of a participant, ``P16``.
    """

    known_by: str
    sounds: tuple[str, str]
    films: tuple[str, str]
    gold: tuple[str, str]
    read: Callable[[Path], np.ndarray]
    numbered: bool = False

    def sound(self, folder: Path, recording: str) -> Path:
        """The file of a recording's sound."""
        return folder / self.sounds[0] / f"{recording}{self.sounds[1]}"

    def film(self, folder: Path, recording: str) -> Path:
        """The file of a recording's pictures."""
        return folder / self.films[0] / f"{recording}{self.films[1]}"

    def labels(self, folder: Path, dimension: str, recording: str) -> Path:
        """The file of a recording's ratings, or of what is made of them."""
        return folder / self.gold[0] / dimension / f"{recording}{self.gold[1]}"


def read_arff(path: Path) -> np.ndarray:
    """The column ``GoldStandard`` of an ARFF, whose texts SciPy's reader does not take."""
    lines = _text(path).splitlines()
    starts = [place for place, line in enumerate(lines) if line.strip().lower() == "@data"]
    if len(starts) != 1:
        raise UserError(f"{path} has no line @data, so it is no ARFF: get it again")
    head, data = lines[: starts[0]], lines[starts[0] + 1 :]
    titles = [line.split()[1] for line in head if line.lower().startswith("@attribute")]
    rows = [line.split(",") for line in data if line.strip()]
    return _columns(path, pd.DataFrame(rows), titles, "frameTime", ["GoldStandard"])[:, 0]


def read_ratings(path: Path) -> np.ndarray:
    """The gold standard of six raters' traces; blanks may follow their names."""
    titles, *rows = [line.split(";") for line in _text(path).splitlines() if line.strip()] or [[]]
    titles = [title.strip() for title in titles]
    return gold_standard(_columns(path, pd.DataFrame(rows), titles, "time", list(RATERS)))


def read_untitled(path: Path) -> np.ndarray:
    """The second column of a table without titles, of which the first is the time."""
    rows = pd.DataFrame([line.split(",") for line in _text(path).splitlines() if line.strip()])
    titles = ["time", "gold", *map(str, range(2, rows.shape[1]))]
    return _columns(path, rows, titles[: rows.shape[1]], "time", ["gold"])[:, 0]


TREES = (
    Tree(
        known_by="ratings_gold_standard",
        sounds=("recordings_audio", ".wav"),
        films=("recordings_video", ".mp4"),
        gold=("ratings_gold_standard", ".arff"),
        read=read_arff,
        numbered=True,
    ),
    Tree(
        known_by="RECOLA-Annotation",
        sounds=("RECOLA-Audio-recordings", ".wav"),
        films=("RECOLA-Video-recordings", ".mp4"),
        gold=("RECOLA-Annotation/emotional_behaviour", ".csv"),
        read=read_ratings,
    ),
    Tree(
        known_by="Ratings_affective_behaviour_CCC_centred",
        sounds=("Video_recordings_MP4", ".mp4"),
        films=("Video_recordings_MP4", ".mp4"),
        gold=("Ratings_affective_behaviour_CCC_centred", ".csv"),
        read=read_untitled,
    ),
)


def find_tree(folder: Path) -> Tree:
    """Which of the three a folder is; a UserError where it is none, or several in one."""
    found = [tree for tree in TREES if (folder / tree.known_by).is_dir()]
    if len(found) != 1:
        names = ", ".join(tree.known_by for tree in TREES)
        raise UserError(
            f"data.recola: {folder} holds {len(found)} of the folders {names} instead of one: name "
            "the folder that AVEC 2016 or RECOLA came in"
        )
    return found[0]


def gold_standard(ratings: np.ndarray) -> np.ndarray:
    """One trace of several raters' ``(rows, raters)``, ``(rows,)``.

    A rater counts by the mean concordance with the others, but only for where the trace lies: each
    rating loses its own mean and gets the weighted mean of all; the trace is their plain mean.

    Source: Valstar et al. 2016, section 2.1, with the challenge's scripts; concordances have
    population moments.
    """
    means = ratings.mean(axis=0)
    centred = ratings - means
    covariance = centred.T @ centred / len(ratings)
    variance = np.diag(covariance)
    spread = variance[:, None] + variance + (means[:, None] - means) ** 2
    concordance = 2 * covariance / np.maximum(spread, 1e-12)
    others = ~np.eye(len(means), dtype=bool)
    agreement = concordance.mean(axis=1, where=others)
    return centred.mean(axis=1) + agreement @ means / agreement.sum()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise UserError(f"{path} cannot be read ({error}): complete data.recola") from error


def _columns(
    path: Path, table: pd.DataFrame, titles: Sequence[str], time: str, wanted: list[str]
) -> np.ndarray:
    """Some columns as float64, ``(rows, wanted)``, once the times are seen to be 40 ms apart."""
    if table.shape[1] != len(titles) or not {time, *wanted} <= set(titles):
        raise UserError(
            f"{path} has the columns {', '.join(titles)}, but {', '.join([time, *wanted])} are "
            "wanted, and a cell for each in every row: get it again"
        )
    table = table.set_axis(list(titles), axis="columns")[[time, *wanted]]
    values = table.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise UserError(f"{path}: row {row + 1} holds no number in some column: get it again")
    if not np.allclose(values[:, 0], np.arange(len(values)) * SPACING_S, atol=SPACING_S / 4):
        raise UserError(
            f"{path}: its times do not go from 0 in steps of {SPACING_S} s: get it again"
        )
    return values[:, 1:]
