"""AffectNet: faces from the web, rated by people for expression, valence and arousal.

Source: Mollahosseini, Hasani and Mahoor 2019, AffectNet: A Database for Facial Expression, Valence,
and Arousal Computing in the Wild.  Of its manually annotated part, some 420,000 pictures lie in
``Manually_Annotated_Images/<number>/<hash>.jpg``, listed by ``training.csv`` and
``validation.csv``.  A licence is needed, so nothing here is downloaded: the folder is the user's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from mmer.corpora.affectnet_lists import (
    BOX,
    EXPRESSIONS,
    LISTS,
    find_images,
    find_lists,
    read_lists,
    read_title,
)
from mmer.corpora.base import Corpus, CorpusSettings, Picture
from mmer.items import Items, check_items
from mmer.protocol import Split, one_fold_out
from mmer.runtime.errors import UserError
from mmer.settings import decided
from mmer.tasks import Classes

log = logging.getLogger(__name__)

EMOTIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""The seven emotions that AffectNet shares with RAVDESS, in RAVDESS's order (paper section 5.2)."""

VALENCES = ("neutral", "positive", "negative")
"""Classes of the published valence network, in its order."""

NEUTRAL_VALENCE = np.float32(0.2)
"""Valence from minus this to this is neutral, both ends included (the authors' published code)."""

FOLDS = 5
"""Of the authors' published code."""

DRAWN = tuple(map(str, range(FOLDS)))

CONVERTED = frozenset({".bmp", ".tif", ".tiff"})
"""Endings in the lists whose files may lie converted to ``.jpg``, as the authors' code does it."""

CODE = "the authors' published code for AffectNet"


class AffectNetSettings(CorpusSettings):
    """Which pictures of AffectNet, how they are cut out, and which of them are held out."""

    label: str = Field("AffectNet", description="What tables, figures and pages call the pictures.")
    crop: Literal["whole_picture", "face_box"] = decided(
        "whole_picture",
        "What is resized to 48×48: the whole picture, or the face's box in AffectNet's lists.",
        "The paper is silent; the authors' published code resizes whole pictures, which AffectNet "
        "publishes cropped around the face.",
    )
    max_unreadable_share: float = decided(
        0.01,
        "Share of a block's pictures that may be missing or damaged; they are logged and left out.",
        "The authors' code leaves out one picture that cannot be read; many more mean a wrong or "
        "half unpacked folder.",
        ge=0,
        lt=1,
    )
    blocks: int = decided(
        64,
        "Parts in which the pictures are prepared, each a job.",
        "A kill loses one part of the work, and parts are prepared side by side. MSI-Net maps a "
        "picture in 0.4 s on a CPU core, so that 64 parts of 420,000 pictures are 45 minutes each.",
        ge=1,
        le=100,
    )
    valence_pictures: Literal["all_rated", "seven_emotions"] = decided(
        "all_rated",
        "Pictures that valence is learned from: all with a valence in [-1, 1], contempt among "
        "them, or only those of the seven emotions.",
        f"The paper is silent; {CODE} takes every picture with such a valence.",
    )
    held_out: Literal["folds", "published_list"] = decided(
        "folds",
        "Pictures held out, in trainings of their own, to score a network that is then trained on "
        "all: each of five stratified folds of both lists joined, or AffectNet's own validation "
        "list.",
        f"The paper says 'the same evaluation strategy' as {CODE}, which joins the lists and "
        "reports the mean of five such folds (70.60 % for valence).",
    )


class AffectNet(Corpus):
    """AffectNet's manually annotated pictures; people are not known, blocks stand for speakers."""

    name = "affectnet"
    Settings = AffectNetSettings
    recordings = "picture"
    media_settings = frozenset({"blocks", "crop", "max_unreadable_share"})
    item_settings = frozenset({"blocks", "valence_pictures"})
    seeded = True

    @property
    def tasks(self) -> Mapping[str, Classes]:
        """Both are columns of the item table."""
        return {
            "valence": Classes(names=VALENCES, column="valence"),
            "emotion": Classes(names=EMOTIONS, column="emotion"),
        }

    @property
    def title(self) -> str:
        """The configured label, unless the folder says that it holds something else."""
        return read_title(self._folder) or self.settings.label

    @property
    def speakers(self) -> tuple[str, ...]:
        """Blocks of pictures that follow each other in the lists."""
        return tuple(f"block{block:02d}" for block in range(self.settings.blocks))

    @property
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """None: nobody knows who is in which picture."""
        return ()

    @property
    def _folder(self) -> Path:
        if self.folder is None:
            raise self.missing_folder()
        return self.folder

    @property
    def sources(self) -> tuple[str, ...]:
        """Both lists."""
        return tuple(str(path) for path in find_lists(self._folder))

    def check(self) -> None:
        """Look whether pictures, lists and label are where they should be."""
        find_images(self._folder)
        find_lists(self._folder)
        read_title(self._folder)

    def files(self, speaker: str) -> list[str]:
        """None: the lists stand for all pictures, which are too many to name."""
        return []

    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """Every picture that has an emotion or a valence, in the order of the lists."""
        table = self._listed().drop(columns=["expression", *BOX])
        if self.settings.valence_pictures == "seven_emotions":
            table.loc[table["emotion"] == "", "valence"] = ""
        for name, task in self.tasks.items():
            table[f"fold_{name}"] = self._drawn_folds(task, Items(table))
        return check_items(table.astype(str), str(self._folder))

    def _listed(self) -> pd.DataFrame:
        """The rows of those pictures, with the block of each as its speaker.

        No setting but the number of blocks and no seed moves a picture to another block, so that
        none repeats the preparation.
        """
        table = read_lists(self._folder)
        table["emotion"] = emotions(table["expression"].to_numpy())
        table["valence"] = valences(table["valence"].to_numpy())
        table = table[(table["emotion"] != "") | (table["valence"] != "")]
        if doubled := int(table["item"].duplicated().sum()):
            log.warning("%d pictures are listed twice; their first row counts", doubled)
        table = table.drop_duplicates("item").reset_index(drop=True)
        if table.empty:
            raise UserError(
                f"no row of the lists in {self._folder} has an emotion or a valence: set "
                "data.affectnet to AffectNet's manually annotated part"
            )
        blocks = np.arange(len(table)) * self.settings.blocks // len(table)
        table.insert(1, "speaker", np.array(self.speakers)[blocks])
        return table

    def _drawn_folds(self, task: Classes, items: Items) -> np.ndarray:
        """The fold of each item, ``(items,)`` text.

        It is empty where the item has no class of the task, and everywhere where a class has too
        few items for so many folds.
        """
        from sklearn.model_selection import StratifiedKFold

        drawn = np.full(len(items), "", dtype="U1")
        labelled = task.labelled(items)
        rows, labels = np.flatnonzero(labelled), task.labels(items.where(labelled))
        if np.bincount(labels, minlength=task.outputs).min() < FOLDS:
            return drawn
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)
        for index, (_, heldout) in enumerate(folds.split(labels, labels)):
            drawn[rows[heldout]] = str(index)
        return drawn

    def pictures(self, speaker: str) -> list[Picture]:
        """The pictures of a block, in the order of the lists."""
        table, images = self._listed(), find_images(self._folder)
        table = table[table["speaker"] == speaker]
        boxes = [None] * len(table)
        if self.settings.crop == "face_box":
            boxes = [tuple(box) for box in table[BOX].to_numpy().tolist()]
        found = []
        for name, box in zip(table["item"], boxes, strict=True):
            path = images / name
            if path.suffix.lower() in CONVERTED and not path.exists():
                path = path.with_suffix(".jpg")
            found.append(Picture(name, path, box))
        return found

    @property
    def unreadable_share(self) -> float:
        """As configured."""
        return self.settings.max_unreadable_share

    def splits(self, task: str, folds: Sequence[Sequence[str]] | None) -> dict[str, Split]:
        """One per fold, or one; they may hold pictures without a class of the task."""
        if self.settings.held_out == "folds":
            return one_fold_out([[fold] for fold in DRAWN], by=f"fold_{task}")
        training, validation = LISTS
        split = {"train": (training,), "choose": (validation,), "test": (validation,)}
        return {"published_list": Split(name="published_list", by="list", **split)}


def emotions(expression: np.ndarray) -> np.ndarray:
    """The emotion of each expression code, empty where it is none of :data:`EMOTIONS`."""
    return np.array([word if word in EMOTIONS else "" for word in EXPRESSIONS])[expression]


def valences(valence: np.ndarray) -> np.ndarray:
    """The class of each valence float32, empty outside [-1, 1]."""
    rated = (valence >= -1) & (valence <= 1)
    positive, negative = valence > NEUTRAL_VALENCE, valence < -NEUTRAL_VALENCE
    return np.select([~rated, positive, negative], ["", "positive", "negative"], default="neutral")
