"""RECOLA: people who solve a task together by video call, rated for arousal and valence over time.

Source: Ringeval, Sonderegger, Sauer and Lalanne 2013, Introducing the RECOLA Multimodal Corpus of
Remote Collaborative and Affective Interactions.  The first five minutes are rated, every 40 ms, by
six people.  AVEC 2016 (Valstar et al. 2016) made its challenge of 27 recordings; 23 are public.  A
licence is needed (RECOLA's End User Licence Agreement, for research that is not commercial), so
nothing here is downloaded: the folder is the user's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from mmer.corpora.base import Corpus, CorpusSettings
from mmer.corpora.recola_files import Tree, find_tree
from mmer.items import Items, items_table
from mmer.protocol import Split, one_fold_out
from mmer.runtime.errors import UserError
from mmer.settings import decided, from_source
from mmer.tasks import Traces

DIMENSIONS = ("arousal", "valence")
RATE = 25
"""Ratings and pictures a second."""

PARTS = ("train", "dev", "test")

AVEC_PEOPLE = {
    "train": (16, 21, 23, 25, 37, 39, 41, 46, 56),
    "dev": (19, 26, 28, 30, 34, 42, 45, 64, 65),
    "test": (13, 20, 32, 38, 47, 49, 53, 59, 63),
}
"""Participants of each part of AVEC 2016, as users of the corpus tell them."""

AUTHORS_PEOPLE = {
    "train": (15, 16, 17, 18, 21, 23, 25, 37, 39, 41, 46, 50, 51, 55, 56, 60),
    "dev": (14, 19, 24, 26, 28, 30, 34, 40, 42, 43, 44, 45, 52, 64, 65),
    "test": (13, 20, 22, 32, 38, 47, 48, 49, 53, 54, 57, 58, 59, 62, 63),
}
"""Those of the authors' code for their end-to-end networks (Tzirakis et al. 2017)."""

AVEC_FILES = {part: tuple(f"{part}_{number}" for number in range(1, 10)) for part in PARTS}
"""What AVEC 2016 calls its recordings; whose they are is not published."""


class RecolaSettings(CorpusSettings):
    """Which recordings of RECOLA, and who is tested."""

    label: str = Field("RECOLA", description="What tables, figures and pages call the data.")
    partition: Literal["avec", "authors"] = from_source(
        "avec",
        "Who is in which part: 27 people as in AVEC 2016, or 46 as in the published code for the "
        "end-to-end networks.  AVEC's own folder knows only the first.",
        "Valstar et al. 2016; the second is Tzirakis et al. 2017",
    )
    tested: Literal["test", "development"] = decided(
        "development",
        "Part that is tested; with 'test' the development part chooses, with 'development' it is "
        "tested and chooses too.",
        "The gold standard of AVEC 2016's test part is withheld, so hardly anyone has it.",
    )
    whole: bool = Field(
        True, description="Whether every recording of the parts in use must be there."
    )
    rows: int = from_source(
        7501,
        "Rows of every trace, which are counted: five minutes at 25 a second, both ends included.",
        "Valstar et al. 2016, and the challenge's scripts",
        ge=2,
    )
    drop_first_row: bool = from_source(
        True,
        "Whether the row at 0 s is dropped, so that a row tells of the 40 ms before its time.",
        "the published code for the end-to-end networks",
    )


class Recola(Corpus):
    """RECOLA's recordings, a speaker each."""

    name = "recola"
    Settings = RecolaSettings
    recordings = "voice"
    media_settings = frozenset({"rows", "drop_first_row"})
    item_settings = frozenset({"partition", "tested", "whole"})

    @property
    def tasks(self) -> Mapping[str, Traces]:
        """Both dimensions at once."""
        return {"affect": Traces(names=DIMENSIONS, rate=RATE)}

    @property
    def _folder(self) -> Path:
        if self.folder is None:
            raise self.missing_folder()
        return self.folder

    @cached_property
    def _tree(self) -> Tree:
        return find_tree(self._folder)

    @cached_property
    def _parts(self) -> Mapping[str, tuple[str, ...]]:
        """Recordings of the parts in use."""
        if self._tree.numbered and self.settings.partition != "avec":
            raise UserError(
                f"corpora.recola.partition is {self.settings.partition}, but {self._folder} is "
                "AVEC 2016's and does not say who is who: set it to avec"
            )
        people = AVEC_PEOPLE if self.settings.partition == "avec" else AUTHORS_PEOPLE
        named = {part: tuple(f"P{n}" for n in numbers) for part, numbers in people.items()}
        known = AVEC_FILES if self._tree.numbered else named
        used = PARTS if self.settings.tested == "test" else PARTS[:2]
        parts = {part: tuple(filter(self._is_wanted, known[part])) for part in used}
        if empty := [part for part, recordings in parts.items() if not recordings]:
            raise UserError(
                f"{self._folder} has no recording of the part {empty[0]}: complete it, or set "
                "corpora.recola.tested or .partition to what is there"
            )
        return parts

    def _is_wanted(self, recording: str) -> bool:
        """Whether a recording is used, there or not."""
        if self.settings.whole:
            return True
        return all(file.is_file() for file in self._labels(recording))

    def _labels(self, recording: str) -> list[Path]:
        return [self._tree.labels(self._folder, each, recording) for each in DIMENSIONS]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody is in one recording, which names them."""
        return tuple(sorted(name for part in self._parts.values() for name in part))

    @property
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """None: the partition is published."""
        return ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The ratings, so that other ones are prepared again."""
        return tuple(str(file) for name in self.speakers for file in self._labels(name))

    @property
    def shows_faces(self) -> bool:
        """Whether the folder has every film; without a folder it is expected to have."""
        return self.folder is None or all(
            Path(film).is_file() for speaker in self.speakers for film in self.films(speaker)
        )

    def films(self, speaker: str) -> list[str]:
        """The one film; it lies beside the sound."""
        return [str(self._tree.film(self._folder, speaker))]

    def lacks(self, media: Collection[str]) -> str:
        """Films may be missing, which the public folder has of those who agreed alone."""
        return f"data.{self.name} has no film of every recording"

    @property
    def first_seconds(self) -> float:
        """What is rated; the call goes on."""
        return (self.settings.rows - 1) / RATE

    def files(self, speaker: str) -> list[str]:
        """The one recording; a UserError where it or its ratings are not there."""
        sound = self._tree.sound(self._folder, speaker)
        for file in (sound, *self._labels(speaker)):
            if not file.is_file():
                raise UserError(
                    f"{file} is not there: complete data.recola, set corpora.recola.whole to false "
                    "to use what there is, or corpora.recola.tested to development where the test "
                    "part is withheld"
                )
        return [str(sound)]

    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """A recording each, with its part."""
        rows = [
            {"item": name, "speaker": name, "published_part": part}
            for part, recordings in self._parts.items()
            for name in recordings
        ]
        return items_table(sorted(rows, key=lambda row: row["item"]), ["published_part"])

    def traces(self, speaker: str, items: Items) -> Mapping[str, np.ndarray]:
        """Arousal and valence, ``(steps, 2)``."""
        columns = []
        for file in self._labels(speaker):
            column = self._tree.read(file)
            if len(column) != self.settings.rows:
                raise UserError(
                    f"{file} has {len(column)} rows instead of {self.settings.rows}: get it again, "
                    "or set corpora.recola.rows"
                )
            columns.append(column[int(self.settings.drop_first_row) :])
        return {speaker: np.stack(columns, axis=1)}

    def splits(self, task: str, folds: Sequence[Sequence[str]] | None) -> dict[str, Split]:
        """The published one, named after the part that is tested, unless folds are named."""
        if folds is not None:
            return one_fold_out(folds)
        name, parts = self.settings.tested, self._parts
        tested = parts["test" if name == "test" else "dev"]
        split = {"train": parts["train"], "choose": parts["dev"], "test": tested}
        return {name: Split(name=name, **split)}
