"""AffectNet's folder: where the pictures and lists lie, and what the lists say of each picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from mmer.runtime.errors import UserError

EXPRESSIONS = (
    *("neutral", "happy", "sad", "surprised", "fearful", "disgust", "angry"),
    *("contempt", "none", "uncertain", "non-face"),
)
"""AffectNet's expression codes 0 to 10, in RAVDESS's words where RAVDESS has one."""

COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
"""Of both lists.  Copies of ``validation.csv`` without this first line are about."""

LISTS = ("training", "validation")

IMAGES = "Manually_Annotated_Images"
IMAGE_PLACES = (IMAGES, f"Manually_Annotated/{IMAGES}", f"Manually_Annotated_compressed/{IMAGES}")
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

BOX = ["left", "top", "width", "height"]
"""Columns with the face's box in pixels; zeros where the list gives no numbers."""


def find_images(folder: Path) -> Path:
    """The folder of pictures of a user's copy; a UserError if it is not found."""
    return _find(folder, IMAGE_PLACES, "the folder of AffectNet's pictures")


def find_lists(folder: Path) -> list[Path]:
    """The lists of a user's copy, as :data:`LISTS`; a UserError if one is not found."""
    return [
        _find(folder, [f"{place}/{name}.csv" for place in LIST_PLACES], "AffectNet's list")
        for name in LISTS
    ]


def read_title(folder: Path) -> str | None:
    """What a corpus in AffectNet's layout says it is in one line; None where it has no label."""
    label = folder / LABEL
    if not label.is_file():
        return None
    try:
        title = json.loads(label.read_text("utf-8"))["title"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise UserError(f"{label} cannot be read ({type(error).__name__}): remove it") from error
    if not isinstance(title, str) or not title or not title.isprintable():
        raise UserError(f"{label} gives no title in one line: write one, or remove the file")
    return title


def read_lists(folder: Path) -> pd.DataFrame:
    """The rows of both lists, training before validation; a UserError if they are none.

    ``item`` (the picture, relative to the folder of pictures), ``left``, ``top``, ``width``,
    ``height`` (int32), ``expression`` (int8, codes of :data:`EXPRESSIONS`), ``valence`` (float32,
    -1 to 1, or -2 where there is none) and ``list``.
    """
    lists = [_read_list(path, name) for name, path in zip(LISTS, find_lists(folder), strict=True)]
    return pd.concat(lists, ignore_index=True)


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


def _read_list(path: Path, name: str) -> pd.DataFrame:
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
    items = table[COLUMNS[0]].fillna("")
    expression = pd.to_numeric(table["expression"], errors="coerce")
    valence = pd.to_numeric(table["valence"], errors="coerce")
    boxes = table[list(COLUMNS[1:5])].apply(pd.to_numeric, errors="coerce").fillna(0)
    _refuse(path, headed, ~items.map(_stays_inside), "names no picture below its folder")
    _refuse(path, headed, ~expression.isin(range(len(EXPRESSIONS))), "has no expression 0 to 10")
    _refuse(path, headed, ~valence.between(-2, 2), "has no number as its valence")
    outside = ~boxes.abs().lt(LARGEST_PICTURE).all(axis="columns")
    _refuse(path, headed, outside, "has a face that lies in no picture")
    rows = boxes.astype(np.int32).set_axis(BOX, axis="columns")
    rows.insert(0, "item", items)
    return rows.assign(
        expression=expression.astype(np.int8), valence=valence.astype(np.float32), list=name
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
