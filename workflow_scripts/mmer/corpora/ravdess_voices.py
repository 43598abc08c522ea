"""RAVDESS's spoken sentences as sound alone: the same takes as the films', a 64th of their size.

Source: Livingstone and Russo 2018, Zenodo record 1188976, one archive for all actors.  Names differ
from the films' by the modality, as in ``03-01-03-02-01-01-12``.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from pydantic import Field

from mmer.corpora.ravdess import AUDIO_ONLY, Ravdess, RavdessSettings


class RavdessVoicesSettings(RavdessSettings):
    """Which recordings of RAVDESS's voices."""

    label: str = Field(
        "RAVDESS voices", description="What every table, figure and page calls the data."
    )


class RavdessVoices(Ravdess):
    """RAVDESS's voices of spoken sentences."""

    name = "ravdess_voices"
    Settings = RavdessVoicesSettings
    recordings = "voice"
    modality = AUDIO_ONLY
    endings = (".wav", ".flac")

    def archive_of(self, speaker: str) -> str:
        """One for everybody."""
        return "Audio_Speech_Actors_01-24.zip"

    def lacks(self, media: Collection[str]) -> str:
        """The films have what the voices have not."""
        return "the films are needed (this corpus is their sound alone, corpus: ravdess is both)"

    def _is_wanted(self, path: PurePosixPath, speaker: str) -> bool:
        """Nothing is asked of the others' recordings, which share the archive."""
        return path.parent.name == f"Actor_{speaker}" and super()._is_wanted(path, speaker)
