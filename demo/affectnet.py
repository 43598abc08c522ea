"""A folder shaped like AffectNet, of drawn faces: pictures, both lists, and a label that says so.

Expressions lean to happy and neutral as AffectNet's do; valence and arousal follow them, with
noise.  ``training.csv`` has a first line of column names and ``validation.csv`` has none, as in the
copies that are about.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from demo.acting import random_source
from demo.archive import made_by, write_json
from demo.settings import SyntheticAffectNetSettings
from demo.snapshot import Sitter, Snapshot, shapes
from mmer.corpora.affectnet_lists import COLUMNS, EXPRESSIONS, IMAGES, LABEL, LISTS, read_lists
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing

TITLE = "synthetic faces"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """An expression code: its share of the pictures, mean valence and arousal."""

    share: float
    valence: float = -2
    arousal: float = -2


KINDS: dict[str, Kind] = {
    "neutral": Kind(0.18, 0, 0),
    "happy": Kind(0.22, 0.65, 0.1),
    "sad": Kind(0.12, -0.6, -0.25),
    "surprised": Kind(0.1, 0.15, 0.7),
    "fearful": Kind(0.09, -0.35, 0.75),
    "disgust": Kind(0.08, -0.65, 0.45),
    "angry": Kind(0.12, -0.5, 0.6),
    "contempt": Kind(0.03, -0.5, 0.1),
    "none": Kind(0.015),
    "uncertain": Kind(0.015),
    "non-face": Kind(0.03),
}

_PICTURES_OF_A_SITTER = 25
_FIRST_SITTER = 1001  # beyond every actor's number
_NOISE = 0.12  # spread of valence and arousal
_VALIDATION_SHARE = 0.15
_FOLDERS = 10
_JPEG_QUALITY = 92


def write_affectnet(folder: Path, settings: SyntheticAffectNetSettings) -> None:
    """Write pictures and lists, then the label that makes the folder complete.

    A folder made with the same settings and program stays as it is.

    Raises
    ------
    UserError
        If something else lies in the folder.
    """
    current = made_by(settings)
    if _is_complete(folder, current):
        _log.info("the synthetic AffectNet in %s is complete: nothing to do", folder)
        return
    if folder.exists() and any(folder.iterdir()) and not (folder / LABEL).is_file():
        raise UserError(
            f"{folder} holds something else than a synthetic AffectNet: name another folder"
        )
    write_json(folder / LABEL, {"title": TITLE})
    shutil.rmtree(folder / IMAGES, ignore_errors=True)
    rows = _write_pictures(folder / IMAGES, settings)
    random = random_source(settings.seed, "affectnet lists")
    is_validation = random.random(len(rows)) < _VALIDATION_SHARE
    for part, chosen in zip(LISTS, (~is_validation, is_validation), strict=True):
        with writing(folder / f"{part}.csv") as unfinished, unfinished.open("w", newline="") as out:
            writer = csv.writer(out)
            if part == "training":
                writer.writerow(COLUMNS)
            writer.writerows(row for row, here in zip(rows, chosen, strict=True) if here)
    write_json(folder / LABEL, {"title": TITLE, "made_by": current})


def _write_pictures(images: Path, settings: SyntheticAffectNetSettings) -> list[list[Any]]:
    """Draw every picture; give its row of the lists."""
    kinds = _kinds(settings)
    rows, sitter = [], None
    for index, kind in enumerate(tqdm(kinds, desc="synthetic AffectNet", unit="picture")):
        if index % _PICTURES_OF_A_SITTER == 0:
            sitter = Sitter(_FIRST_SITTER + index // _PICTURES_OF_A_SITTER, settings.seed)
        random = random_source(settings.seed, f"affectnet picture {index}")
        digest = hashlib.sha224(f"{settings.seed}/{index}".encode()).hexdigest()
        name = f"{1 + index % _FOLDERS}/{digest}.jpg"
        strength = float(random.uniform(0.6, 1.2))
        shown = _show(sitter, kind, strength, random)
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        (images / name).write_bytes(cv2.imencode(".jpg", shown.picture, quality)[1].tobytes())
        landmarks = ";".join(f"{value:.2f}" for value in shown.landmarks.ravel())
        ratings = _ratings(KINDS[kind], strength, random)
        rows.append([name, *shown.box, landmarks, EXPRESSIONS.index(kind), *ratings])
    return rows


def _kinds(settings: SyntheticAffectNetSettings) -> list[str]:
    """Every picture's kind, each at least once, in random order."""
    names = list(KINDS)
    counts = [max(round(KINDS[name].share * settings.pictures), 1) for name in names]
    counts[names.index("happy")] += settings.pictures - sum(counts)
    return (
        random_source(settings.seed, "affectnet kinds")
        .permutation(np.repeat(names, counts))
        .tolist()
    )


def _show(sitter: Sitter, kind: str, strength: float, random: np.random.Generator) -> Snapshot:
    """A picture of one kind; who is uncertain to the raters hardly shows anything."""
    if kind == "non-face":
        return shapes(random)
    if kind in ("none", "uncertain"):
        return sitter.snapshot(str(random.choice(["sad", "disgust"])), 0.3 * strength, random)
    return sitter.snapshot(kind, strength, random)


def _ratings(kind: Kind, strength: float, random: np.random.Generator) -> list[float]:
    """Valence and arousal in [-1, 1], or -2 for kinds that have none."""
    means = np.array([kind.valence, kind.arousal])
    noisy = np.clip(strength * means + _NOISE * random.standard_normal(2), -1, 1)
    return [-2.0, -2.0] if kind.valence == -2 else np.round(noisy, 6).tolist()


def _is_complete(folder: Path, current: dict[str, Any]) -> bool:
    """Whether a label of the same making is there, and every listed picture."""
    try:
        label = json.loads((folder / LABEL).read_text("utf-8"))
        pictures = [folder / IMAGES / name for name in read_lists(folder)["item"]]
    except (OSError, ValueError, UserError):
        return False
    return label.get("made_by") == current and all(map(Path.is_file, pictures))
