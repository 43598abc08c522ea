"""The clip files that a step is given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmer.corpus.clips import Clip
from mmer.errors import UserError


def find_clips(given: Sequence[Path]) -> list[Path]:
    """The clip files of audio-visual speech, sorted by name.

    Parameters
    ----------
    given
        Files, or one folder of them.

    Raises
    ------
    UserError
        If there are none, or one has a name outside RAVDESS's grammar.
    """
    files = [
        file
        for path in given
        for file in (path.glob("*.mp4") if path.is_dir() else [path])
        if Clip.parse(file.stem).is_audio_visual_speech
    ]
    if not files:
        raise UserError(f"no clips of modality 01 in {given[0]}: look at the folder or the archive")
    return sorted(files, key=lambda file: file.stem)
