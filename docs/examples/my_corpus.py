"""A folder of WAV files with ``labels.csv``: a row per file with its ``speaker`` and ``label``."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd

from mmer.corpora.base import Corpus, CorpusSettings
from mmer.items import Items, items_table
from mmer.runtime.errors import UserError
from mmer.settings import decided
from mmer.tasks import Classes

LABELS = ("angry", "bored", "happy", "neutral", "sad")


class MyCorpusSettings(CorpusSettings):
    """Its part of the configuration, ``corpora.my_corpus``."""

    folds: int = decided(5, "Groups of speakers held out together.", "As the paper has.", ge=2)


class MyCorpus(Corpus):
    """What a configuration means by ``corpus: my_corpus``."""

    name = "my_corpus"
    Settings = MyCorpusSettings
    recordings = "voice"

    @property
    def list_of_files(self) -> Path:
        """``labels.csv`` with the columns ``file``, ``speaker`` and ``label``."""
        if self.folder is None:
            raise self.missing_folder()
        return self.folder / "labels.csv"

    @cached_property
    def table(self) -> pd.DataFrame:
        """That list, as text."""
        try:
            return pd.read_csv(self.list_of_files, dtype=str)[["file", "speaker", "label"]]
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{self.list_of_files} cannot be read ({error}): mend it") from error

    @property
    def tasks(self) -> Mapping[str, Classes]:
        """One of five classes."""
        return {"label": Classes(names=LABELS, column="label")}

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody in the list."""
        return tuple(sorted(set(self.table["speaker"])))

    @property
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """Speakers dealt out in order of their names."""
        folds = min(self.settings.folds, len(self.speakers))
        return tuple(self.speakers[first::folds] for first in range(folds))

    @property
    def sources(self) -> tuple[str, ...]:
        """What the item table is read from."""
        return (str(self.list_of_files),)

    def files(self, speaker: str) -> list[str]:
        """A speaker's recordings; a file's name without its ending is the item's."""
        mine = self.table["file"][self.table["speaker"] == speaker]
        return [str(self.folder / file) for file in mine]

    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """The rows of the list."""
        rows = self.table.assign(item=self.table["file"].map(lambda file: Path(file).stem))
        return items_table(rows.to_dict("records"), ["label"])
