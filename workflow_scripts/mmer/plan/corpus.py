"""The corpus: where archives and clips lie, and what is prepared from them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mmer.acquire.download import mirrored_path
from mmer.acquire.record import record_address
from mmer.corpus.affectnet import find_lists
from mmer.errors import UserError
from mmer.plan.run import RunPlan
from mmer.user_paths import PATTERN_LETTERS

Kind = Literal["audio", "frames", "saliency", "speech"]
_ENDINGS = {"audio": "npz", "frames": "npz", "saliency": "npz", "speech": "csv"}


@dataclass(frozen=True)
class CorpusPlan(RunPlan):
    """Adds downloads, clips and prepared files."""

    def downloaded(self, place: str) -> str:
        """Where a download lies."""
        return f"{self.configuration.data.downloads}/{place}"

    @property
    def record(self) -> str:
        """The metadata of the corpus's record."""
        return self.downloaded(
            f"{mirrored_path(record_address(self.configuration.corpus.record))}.json"
        )

    def archive(self, actor: str) -> str:
        """The archive of an actor: a local one, or the download."""
        name = f"Video_Speech_Actor_{actor}.zip"
        local = self.configuration.data.ravdess
        if local is not None:
            return str(Path(local) / name)
        return self.downloaded(
            f"zenodo.org/records/{self.configuration.corpus.record}/files/{name}"
        )

    def clips(self, actor: str) -> list[str]:
        """The clips of an actor: loose local files, or the folder they are extracted to."""
        local = self.configuration.data.ravdess
        if local is not None:
            folder = Path(local) / f"Actor_{actor}"
            loose = sorted(str(file) for file in folder.glob("01-01-*.mp4"))
            if loose:
                self._check_count(folder, len(loose))
                return loose
        return [f"{self.results}/clips/Actor_{actor}"]

    def _check_count(self, folder: Path, count: int) -> None:
        expected = self.configuration.corpus.clips_per_actor
        if count != expected:
            raise UserError(
                f"{folder} holds {count} clips of modality 01 and channel 01 instead of "
                f"{expected}: complete the folder, or set corpus.clips_per_actor"
            )

    def prepared(self, kind: Kind, actors: list[str] | None = None) -> list[str]:
        """The prepared files of some actors, by default of all."""
        chosen = self.actors if actors is None else actors
        return [f"{self.results}/prepared/{kind}/actor_{a}.{_ENDINGS[kind]}" for a in chosen]

    def check_local_data(self) -> None:
        """Look at the folders that the user names, before anything runs.

        Raises
        ------
        UserError
            If a folder of loose clips is incomplete, AffectNet's lists are not found, or the
            project lies in a folder whose name neither engine nor Python can carry.
        """
        if set(str(self.scripts)) & {*PATTERN_LETTERS, os.pathsep}:
            raise UserError(
                f"the project lies in {str(self.scripts.parent)!r}, but neither {PATTERN_LETTERS} "
                f"nor {os.pathsep} may be in the name of its folder: move it"
            )
        for actor in self.actors:
            self.clips(actor)
        if self.configuration.data.affectnet is not None:
            find_lists(Path(self.configuration.data.affectnet))

    @property
    def affectnet_lists(self) -> list[str]:
        """The lists of AffectNet's pictures, which stand for all of its folder."""
        folder = Path(self.configuration.data.affectnet or "")
        return [str(path) for path in find_lists(folder)]

    def spans(self, variant: str) -> list[str]:
        """The tables of speech spans where the variant needs them."""
        return self.prepared("speech") if variant == "vad" else []
