"""What a corpus is: which items it holds, where they come from, and what is to be said of them.

A corpus is one file in this folder, or a user's own, that defines a subclass of :class:`Corpus`.
Planning imports every such file, so one that needs a heavy library imports it where it is used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from mmer.items import Items
from mmer.protocol import Split, one_fold_out
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.settings import Settings
from mmer.tasks import Classes, Traces

MEDIA = {"film": ("audio", "frames"), "voice": ("audio",), "picture": ("frames",)}
"""What is prepared of each kind of recording."""


class CorpusSettings(Settings):
    """What ``corpora.<name>`` of every corpus has; a corpus adds its own, each with a default."""

    label: str = Field("", description="What every table, figure and page calls the data.")


@dataclass(frozen=True)
class Archive:
    """A published archive: its Zenodo record, and its name there or in a folder of the user's."""

    record: int
    file: str

    @property
    def place(self) -> str:
        """Where a download of it lies, below the folder of downloads."""
        return f"zenodo.org/records/{self.record}/files/{self.file}"


@dataclass(frozen=True)
class Picture:
    """A picture to prepare.

    Attributes
    ----------
    source
        Its file, or its grey pixels ``(height, width)`` uint8 where no file of its own has them.
    box
        What is cut out of it before it is resized: left, top, width and height in pixels, cut at
        the picture's edges; None for all of it.
    """

    item: str
    source: Path | np.ndarray
    box: tuple[int, int, int, int] | None = None


class CorpusJob(Job):
    """What every step that asks a corpus is told.

    Attributes
    ----------
    corpus, settings
        Which, and its settings but for the label.
    folder
        The user's own copy, where one is named.
    """

    corpus: str
    settings: dict[str, Any]
    folder: Path | None = None
    seed: int = 0


class Corpus(ABC):
    """A collection of items.

    Attributes
    ----------
    name
        As ``corpus`` and ``data.<name>`` of the configuration write it.
    Settings
        Its part of the configuration, ``corpora.<name>``.
    recordings
        What an item is: ``film`` (voice and face), ``voice`` or ``picture``.
    paper
        The folder under ``resources/papers`` with the paper's numbers; None where there is none.
    words
        The column of the item table that holds what is said; None where nothing is written down.
    words_note
        What tables say of a model that reads the words; empty where there is nothing to say.
    media_settings, item_settings
        Names of the settings that the preparation and the item table depend on, so that another
        value of any other repeats neither; None for all of them.
    seeded
        Whether the item table depends on the seed.
    paper_corpora
        Other corpora that the paper trained on.  A model trained on any other is named so in its
        title, and its numbers are not judged by the paper's.
    """

    name: ClassVar[str]
    Settings: ClassVar[type[CorpusSettings]]
    recordings: ClassVar[Literal["film", "voice", "picture"]]
    paper: ClassVar[str | None] = None
    words: ClassVar[str | None] = None
    words_note: ClassVar[str] = ""
    media_settings: ClassVar[frozenset[str] | None] = None
    item_settings: ClassVar[frozenset[str] | None] = None
    seeded: ClassVar[bool] = False
    paper_corpora: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: Any, folder: Path | None, seed: int) -> None:
        """Describe a corpus; ``folder`` is the user's own copy, None where there is none."""
        self.settings = settings
        self.folder = folder
        self.seed = seed

    @property
    def title(self) -> str:
        """What every table, figure and page calls the data."""
        return self.settings.label

    @property
    @abstractmethod
    def tasks(self) -> Mapping[str, Classes | Traces]:
        """What is to be said of an item, by name; the first one is the corpus's own."""

    @property
    @abstractmethod
    def speakers(self) -> tuple[str, ...]:
        """Everybody, sorted: letters, digits, ``_`` and ``-``.

        Where people are not known, the blocks of items that are prepared together.
        """

    @property
    @abstractmethod
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """Groups of speakers held out together by default, each speaker in one."""

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """Columns by which accuracies are shown, with their values in order.

        Besides those of every corpus: the class and the speaker.
        """
        return {}

    @property
    def media(self) -> tuple[str, ...]:
        """What is prepared of every speaker's recordings."""
        followed = any(isinstance(task, Traces) for task in self.tasks.values())
        return (*MEDIA[self.recordings], *(("traces",) if followed else ()))

    def lacks(self, media: Collection[str]) -> str:
        """Why a model is not run that reads what the corpus does not have."""
        return f"{self.name} has no {' and no '.join(media)}"

    def check(self) -> None:
        """Look at the folder that the user names, before anything runs.

        A UserError if it does not hold what it should, with every speaker's mistake.
        """
        mistakes = []
        for speaker in self.speakers:
            try:
                if self.archive(speaker) is None:
                    self.files(speaker)
            except UserError as error:
                mistakes.append(str(error))
        if mistakes:
            raise UserError("\n".join(dict.fromkeys(mistakes)))

    def archive(self, speaker: str) -> Archive | None:
        """The archive to extract a speaker's recordings from; None where they lie loose."""
        return None

    @abstractmethod
    def files(self, speaker: str) -> list[str]:
        """A speaker's loose recordings in the user's folder."""

    def extract(self, archive: Path, speaker: str, folder: Path) -> None:
        """Unpack a speaker's recordings into a new folder, which is removed where that fails."""
        raise AssertionError(f"{self.name} has no archives")

    @property
    def shows_faces(self) -> bool:
        """Whether there is a film of every speaker, to crop faces of."""
        return self.recordings == "film"

    def films(self, speaker: str) -> list[str]:
        """A speaker's loose films; other files than the recordings where these are sound only."""
        return self.files(speaker)

    @property
    def first_seconds(self) -> float | None:
        """What is used of each recording, from its start; None for all of it."""
        return None

    @property
    def sources(self) -> tuple[str, ...]:
        """Files that the item table is read from, where it is not the recordings themselves."""
        return ()

    @abstractmethod
    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """The item table of recordings by speaker; of none where no model of the run reads any."""

    def named(self, files: Sequence[Path], speaker: str) -> dict[str, Path]:
        """Recordings by their item, of the files given to the preparation of one speaker."""
        return {file.stem: file for file in sorted(files, key=lambda file: file.stem)}

    def pictures(self, speaker: str) -> Sequence[Picture]:
        """What :attr:`sources` say that is to be prepared of a speaker, of a corpus of pictures."""
        raise AssertionError(f"{self.name} has no pictures")

    @property
    def unreadable_share(self) -> float:
        """Share of a speaker's pictures that may be missing or damaged and are then left out."""
        return 0.0

    def traces(self, speaker: str, items: Items) -> Mapping[str, np.ndarray]:
        """The true traces of a speaker's items, each ``(steps, dimensions)`` float32."""
        raise AssertionError(f"{self.name} has no traces")

    def splits(self, task: str, folds: Sequence[Sequence[str]] | None) -> dict[str, Split]:
        """The splits of the paper's protocol, by name.

        ``folds`` are groups of speakers, where they are not the corpus's own.
        """
        return one_fold_out(self.folds if folds is None else folds)

    def missing_folder(self) -> UserError:
        """The error where the user names no folder and nothing can be downloaded."""
        return UserError(
            f"data.{self.name} names no folder, and {self.name} is not downloaded: set it to where "
            "the corpus lies"
        )
