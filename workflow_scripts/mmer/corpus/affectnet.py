"""AffectNet: faces from the web, rated by people for expression, valence and arousal.

Source: Mollahosseini, Hasani and Mahoor 2019, AffectNet: A Database for Facial Expression, Valence,
and Arousal Computing in the Wild.  Of its manually annotated part, some 420,000 pictures lie in
``Manually_Annotated_Images/<number>/<hash>.jpg``, listed by ``training.csv`` and
``validation.csv``.  A licence is needed, so nothing here is downloaded: the folder is the user's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError

EXPRESSIONS: tuple[str, ...] = (
    "neutral",
    "happy",
    "sad",
    "surprised",
    "fearful",
    "disgust",
    "angry",
    "contempt",
    "none",
    "uncertain",
    "non-face",
)
"""AffectNet's expression codes 0 to 10, in RAVDESS's words where RAVDESS has one."""

EMOTION_CLASSES = tuple(emotion for emotion in EMOTIONS if emotion != "calm")
"""The seven emotions that AffectNet shares with RAVDESS, in RAVDESS's order (paper section 5.2)."""

VALENCE_CLASSES = ("neutral", "positive", "negative")
"""Classes of the published valence network, in its order."""

NEUTRAL_VALENCE = np.float32(0.2)
"""Valence from minus this to this is neutral, both ends included (the authors' published code)."""

COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
"""Of both lists.  Copies of ``validation.csv`` without this first line are about."""

PARTS = ("training", "validation")

IMAGES = "Manually_Annotated_Images"
IMAGE_PLACES = (
    IMAGES,
    f"Manually_Annotated/{IMAGES}",
    f"Manually_Annotated_compressed/{IMAGES}",
)
"""Where unpacked copies have the pictures."""

LIST_PLACES = (
    ".",
    "Manually_Annotated_file_lists",
    "Manually_Annotated",
    "Manually_Annotated/Manually_Annotated_file_lists",
    "Manually_Annotated_compressed",
)
"""Where unpacked copies have the lists."""

LARGEST_PICTURE = 100_000
"""Pixels; no picture is wider or higher, and places beyond are damage."""

LABEL = "corpus.json"
"""A corpus in AffectNet's layout that is not AffectNet says what it is in this file's ``title``."""


@dataclass(frozen=True)
class AffectNetRows:
    """Rows of the lists, training before validation.

    Attributes
    ----------
    names
        Picture files, relative to the folder of pictures.
    boxes
        ``(rows, 4)`` int32: left, top, width and height of the face in pixels; zeros where the
        list gives no numbers.
    expression
        ``(rows,)`` int8, codes of :data:`EXPRESSIONS`.
    valence
        ``(rows,)`` float32, -1 to 1, or -2 where there is none.
    part
        ``(rows,)``: ``training`` or ``validation``, the list that holds the row.
    """

    names: tuple[str, ...]
    boxes: np.ndarray
    expression: np.ndarray
    valence: np.ndarray
    part: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def select(self, rows: Sequence[int] | np.ndarray) -> AffectNetRows:
        """Some of the rows, by position."""
        positions = np.asarray(rows, dtype=np.int64)
        return AffectNetRows(
            tuple(self.names[row] for row in positions),
            self.boxes[positions],
            self.expression[positions],
            self.valence[positions],
            self.part[positions],
        )


@dataclass(frozen=True)
class AffectNetFolder:
    """A user's copy: the folder of pictures, what lies in it, and what the corpus is called."""

    images: Path
    rows: AffectNetRows
    title: str


def read_affectnet(folder: Path) -> AffectNetFolder:
    """Find the pictures and read both lists.

    Raises
    ------
    UserError
        If pictures or lists are not found, or a list is not of AffectNet's form.
    """
    images = _find(folder, IMAGE_PLACES, "the folder of AffectNet's pictures")
    lists = [_read_list(path, part) for part, path in zip(PARTS, find_lists(folder), strict=True)]
    rows = AffectNetRows(
        tuple(name for each in lists for name in each.names),
        *(
            np.concatenate([getattr(each, field) for each in lists])
            for field in ("boxes", "expression", "valence", "part")
        ),
    )
    return AffectNetFolder(images, rows, corpus_title(folder))


def find_lists(folder: Path) -> list[Path]:
    """The lists of a user's copy, in the order of :data:`PARTS`.

    Raises
    ------
    UserError
        If one is not found.
    """
    return [
        _find(folder, [f"{place}/{part}.csv" for place in LIST_PLACES], "AffectNet's list")
        for part in PARTS
    ]


def corpus_title(folder: Path) -> str:
    """What results call the corpus in a folder: AffectNet, or what its label says.

    Raises
    ------
    UserError
        If the label has no title in one line.
    """
    label = folder / LABEL
    if not label.is_file():
        return "AffectNet"
    try:
        title = json.loads(label.read_text("utf-8"))["title"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise UserError(f"{label} cannot be read ({type(error).__name__}): remove it") from error
    if not isinstance(title, str) or not title or not title.isprintable():
        raise UserError(f"{label} gives no title in one line: write one, or remove the file")
    return title


def emotion_labels(expression: np.ndarray) -> np.ndarray:
    """Classes of :data:`EMOTION_CLASSES` for expression codes, -1 for any other; int64."""
    classes = [EMOTION_CLASSES.index(e) if e in EMOTION_CLASSES else -1 for e in EXPRESSIONS]
    return np.array(classes, dtype=np.int64)[expression]


def valence_labels(valence: np.ndarray) -> np.ndarray:
    """Classes of :data:`VALENCE_CLASSES` for valence float32, -1 outside [-1, 1]; int64."""
    rated = (valence >= -1) & (valence <= 1)
    positive, negative = valence > NEUTRAL_VALENCE, valence < -NEUTRAL_VALENCE
    return np.select([~rated, positive, negative], [-1, 1, 2], default=0).astype(np.int64)


def _find(folder: Path, places: Sequence[str], what: str) -> Path:
    """The first of several places that is there."""
    for place in places:
        if (folder / place).exists():
            return folder / place
    searched = ", ".join(str(PurePosixPath(place)) for place in places)
    raise UserError(
        f"{what} is not in {folder}, where {searched} was searched: set data.affectnet to the "
        "folder that AffectNet's manually annotated part was unpacked into"
    )


def _read_list(path: Path, part: str) -> AffectNetRows:
    """The rows of one list, with or without a first line of column names."""
    needed = [column for column in COLUMNS if column not in ("facial_landmarks", "arousal")]
    try:
        with path.open(encoding="utf-8-sig") as stream:
            headed = stream.readline().split(",")[0].strip() == COLUMNS[0]
        table = pd.read_csv(
            path,
            header=0 if headed else None,
            names=None if headed else list(COLUMNS),
            usecols=needed,
            index_col=False,  # a longer row is no reason to shift the columns
            dtype=str,
            encoding="utf-8-sig",
        )
        if table.empty:
            raise ValueError("it has no row")
    except (OSError, ValueError) as error:  # no text, no rows, a column lacking, a line too long
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} is not a list of AffectNet's form ({reason}): its columns must be "
            f"{', '.join(COLUMNS)}"
        ) from error
    names = table[COLUMNS[0]].fillna("")
    expression = pd.to_numeric(table["expression"], errors="coerce")
    valence = pd.to_numeric(table["valence"], errors="coerce")
    boxes = table[list(COLUMNS[1:5])].apply(pd.to_numeric, errors="coerce").fillna(0)
    _refuse(path, headed, ~names.map(_stays_inside), "names no picture below its folder")
    _refuse(path, headed, ~expression.isin(range(len(EXPRESSIONS))), "has no expression 0 to 10")
    _refuse(path, headed, ~valence.between(-2, 2), "has no number as its valence")
    outside = ~boxes.abs().lt(LARGEST_PICTURE).all(axis="columns")
    _refuse(path, headed, outside, "has a face that lies in no picture")
    return AffectNetRows(
        tuple(names),
        boxes.to_numpy().astype(np.int32),
        expression.to_numpy().astype(np.int8),
        valence.to_numpy().astype(np.float32),
        np.full(len(table), part),
    )


def _stays_inside(name: str) -> bool:
    """Whether a relative path names something below the folder it starts from."""
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts
    return bool(name) and inside and name.isprintable()


def _refuse(path: Path, headed: bool, wrong: pd.Series, what: str) -> None:
    """A UserError that names the first line where something is wrong."""
    if wrong.any():
        line = int(np.flatnonzero(wrong.to_numpy())[0]) + 1 + headed
        raise UserError(f"{path}, line {line} {what}: get the list again, or mend that line")
