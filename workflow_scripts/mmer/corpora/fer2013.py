"""FER2013: grey faces from the web, 48×48 pixels, each labelled with one of seven emotions.

Source: Goodfellow et al. 2013, Challenges in Representation Learning: A report on three machine
learning contests.  Its 35,887 pictures come as the contest's one table, or as folders of pictures
by part and emotion.  Nothing here is downloaded: the folder is the user's.  No valence was rated,
so that it may stand in for AffectNet's emotions only.

Some of its pictures come twice, in two parts even, and some are black.  They stay, since published
scores count them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from mmer.corpora.base import Corpus, CorpusSettings, Picture
from mmer.items import Items, check_items
from mmer.protocol import Split
from mmer.runtime.errors import UserError
from mmer.settings import decided
from mmer.tasks import Classes

log = logging.getLogger(__name__)

EMOTIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""As AffectNet's seven, so that a network on either says the same."""

CODES = ("angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral")
"""The emotions of the codes 0 to 6."""

FOLDERS = {"fear": "fearful", "surprise": "surprised"}
"""Emotions that folders call otherwise."""

TABLES = ("fer2013.csv", "icml_face_data.csv")
COLUMNS = ("emotion", "pixels", "Usage")
"""Of the table; the older one has spaces around the names."""

TRAINING, PUBLIC, PRIVATE = "Training", "PublicTest", "PrivateTest"
USAGES = (TRAINING, PUBLIC, PRIVATE)
PARTS = {"train": TRAINING, "training": TRAINING, "publictest": PUBLIC, "validation": PUBLIC}
PARTS |= {"val": PUBLIC, "privatetest": PRIVATE, "test": PRIVATE}
"""Folders of parts, in lower case, by the contest's names."""

ENDINGS = frozenset({".png", ".jpg", ".jpeg"})
SIDE = 48


class Fer2013Settings(CorpusSettings):
    """How the pictures are prepared."""

    label: str = Field("FER2013", description="What tables, figures and pages call the pictures.")
    blocks: int = decided(
        8,
        "Parts in which the pictures are prepared, each a job.",
        "A kill loses one part of the work; with MSI-Net each is half an hour on a CPU core.",
        ge=1,
        le=100,
    )


class Fer2013(Corpus):
    """FER2013's pictures; people are not known, blocks stand for speakers."""

    name = "fer2013"
    Settings = Fer2013Settings
    recordings = "picture"

    @property
    def tasks(self) -> Mapping[str, Classes]:
        """Which of seven emotions."""
        return {"emotion": Classes(names=EMOTIONS, column="emotion")}

    @property
    def speakers(self) -> tuple[str, ...]:
        """Blocks of pictures that follow each other."""
        return tuple(f"block{block:02d}" for block in range(self.settings.blocks))

    @property
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """None: nobody knows who is in which picture."""
        return ()

    @cached_property
    def _table(self) -> Path | None:
        """The contest's table; None where the folder has pictures instead."""
        if self.folder is None:
            raise self.missing_folder()
        return next((self.folder / t for t in TABLES if (self.folder / t).is_file()), None)

    @cached_property
    def _folders(self) -> dict[Path, tuple[str, str]]:
        """Folders of pictures, each with its part and its emotion."""
        found = {}
        for part in sorted(self.folder.glob("[!.]*")):
            if part.is_dir() and part.name.lower() in PARTS:
                for folder in sorted(each for each in part.glob("[!.]*") if each.is_dir()):
                    emotion = FOLDERS.get(folder.name.lower(), folder.name.lower())
                    if emotion not in EMOTIONS:
                        raise UserError(
                            f"{folder} is named after no emotion of FER2013: rename or remove it"
                        )
                    found[folder] = (PARTS[part.name.lower()], emotion)
        return found

    def check(self) -> None:
        """Look whether the table or the folders are there."""
        if self._table is None and not self._folders:
            raise UserError(
                f"{self.folder} holds neither {' nor '.join(TABLES)} nor folders such as "
                "train/angry and test/angry: set data.fer2013 to where FER2013 was unpacked"
            )

    @property
    def sources(self) -> tuple[str, ...]:
        """The table, or the folders of pictures."""
        return tuple(map(str, self._folders if self._table is None else [self._table]))

    def files(self, speaker: str) -> list[str]:
        """None: the sources stand for all pictures, which are too many to name."""
        return []

    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """Every picture, in the order of the table or of the folders' names."""
        table = self._listed()
        if self._table is not None:
            learned = table["usage"] == TRAINING
            again = table["pixels"][~learned].isin(table["pixels"][learned])
            if again.any():
                log.warning(
                    "%d of %d pictures that choose or test are among those to train on, pixel for "
                    "pixel",
                    again.sum(),
                    len(again),
                )
        return check_items(table[["item", "speaker", "emotion", "usage"]], str(self.folder))

    def pictures(self, speaker: str) -> list[Picture]:
        """The pictures of a block: pixels of the table, or files."""
        table = self._listed()
        mine = table[table["speaker"] == speaker]
        if self._table is None:
            return [Picture(item, self.folder / item) for item in mine["item"]]
        return [
            Picture(item, self._image(text, line))
            for item, text, line in zip(mine["item"], mine["pixels"], mine["line"], strict=True)
        ]

    def splits(self, task: str, folds: Sequence[Sequence[str]] | None) -> dict[str, Split]:
        """The contest's; where folders are of two parts only, those who choose are tested."""
        there = set(USAGES)
        if self._table is None:
            there = {part for part, _ in self._folders.values()}
        if not {TRAINING, PRIVATE} <= there:
            raise UserError(
                f"{self.folder} lacks a folder of pictures to train on or to test: unpack FER2013 "
                "again, with train and test"
            )
        choose = PUBLIC if PUBLIC in there else PRIVATE
        split = {"train": (TRAINING,), "choose": (choose,), "test": (PRIVATE,)}
        return {"contest": Split(name="contest", by="usage", **split)}

    def _listed(self) -> pd.DataFrame:
        """``item``, ``emotion``, ``usage`` and ``speaker``; of the table also text and line."""
        table = self._of_folders() if self._table is None else self._of_table(self._table)
        if table.empty:
            raise UserError(f"{self.folder} holds no picture: unpack FER2013 again")
        blocks = np.arange(len(table)) * self.settings.blocks // len(table)
        return table.assign(speaker=np.array(self.speakers)[blocks])

    def _of_folders(self) -> pd.DataFrame:
        rows = [
            (str(file.relative_to(self.folder)), emotion, usage)
            for folder, (usage, emotion) in self._folders.items()
            for file in sorted(folder.glob("[!.]*"))
            if file.suffix.lower() in ENDINGS
        ]
        return pd.DataFrame(rows, columns=["item", "emotion", "usage"])

    def _of_table(self, path: Path) -> pd.DataFrame:
        try:
            table = pd.read_csv(path, dtype=str, skipinitialspace=True, keep_default_na=False)
            table = table.rename(columns=str.strip)[list(COLUMNS)]
        except (OSError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{path} is not FER2013's table ({reason}): its columns must be "
                f"{', '.join(COLUMNS)}"
            ) from error
        table = table.apply(lambda column: column.str.strip())
        codes = {str(code): emotion for code, emotion in enumerate(CODES)}
        line = np.arange(len(table)) + 2
        for column, known in (("emotion", list(codes)), ("Usage", USAGES)):
            if (wrong := ~table[column].isin(known)).any():
                raise UserError(
                    f"{path}, line {line[wrong][0]} has the {column} "
                    f"{table[column][wrong].iloc[0]!r}, which is none of {', '.join(known)}: get "
                    "the table again, or mend that line"
                )
        return pd.DataFrame(
            {
                "item": [f"line{number:05d}" for number in line],
                "emotion": table["emotion"].map(codes),
                "usage": table["Usage"],
                "pixels": table["pixels"],
                "line": line,
            }
        )

    def _image(self, text: str, line: int) -> np.ndarray:
        """The pixels of one line, ``(48, 48)`` uint8."""
        numbers = text.split(" ")
        grey = [int(n) if n.isascii() and n.isdigit() and len(n) < 4 else 256 for n in numbers]
        if len(grey) != SIDE**2 or max(grey) > 255:
            raise UserError(
                f"{self._table}, line {line} has not {SIDE**2} pixels from 0 to 255: get the table "
                "again, or mend that line"
            )
        return np.array(grey, np.uint8).reshape(SIDE, SIDE)
