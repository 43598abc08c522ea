"""RAVDESS's zip archives: keep the clips the workflow uses, refuse everything suspicious."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from mmer.corpus.clips import Clip
from mmer.errors import UserError

LARGEST_CLIP = 64 << 20
"""Bytes; RAVDESS's largest clip has under 10 MB, so more is damage or an attack."""


def extract_clips(
    archive: Path,
    folder: Path,
    actor: int,
    expected: int,
    progress: Callable[[Iterable[zipfile.ZipInfo]], Iterable[zipfile.ZipInfo]] = iter,
) -> list[str]:
    """Extract one actor's audio-visual speech clips; all of them, or nothing stays behind.

    Parameters
    ----------
    archive
        ``Video_Speech_Actor_NN.zip``.
    folder
        Where the clips go, as ``<clip>.mp4``; made, and emptied first.
    actor
        The actor whose clips these must be.
    expected
        How many clips of modality 01 and channel 01 there must be.
    progress
        Wraps the iteration over the clips, for a progress bar.

    Returns
    -------
    list of str
        Names of the extracted clips, sorted.

    Raises
    ------
    UserError
        If the archive is damaged, holds a path that leaves its folder, a link, a name outside
        RAVDESS's grammar, another actor's clip, a clip twice or of absurd size, or another number
        of clips.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as content:
            members = _wanted(archive, content, actor)
            if len(members) != expected:
                raise UserError(
                    f"{archive} holds {len(members)} clips of modality 01 and channel 01 of actor "
                    f"{actor:02d} instead of {expected}: get the archive again, or set "
                    "corpus.clips_per_actor"
                )
            for member in progress(members.values()):
                _extract(archive, content, member, folder)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UserError(
            f"{archive} is not a whole zip archive ({error}): delete it and run again"
        ) from error
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return sorted(members)


def _wanted(archive: Path, content: zipfile.ZipFile, actor: int) -> dict[str, zipfile.ZipInfo]:
    """The members to extract, by clip name; every member of the archive is checked."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    for member in content.infolist():
        if member.is_dir():
            continue
        path = PurePosixPath(member.filename)
        _check_place(archive, member, path)
        try:
            clip = Clip.parse(path.stem)
        except UserError as error:
            raise UserError(f"{archive}: {error}") from error
        if clip.actor != actor:
            raise UserError(
                f"{archive} holds {path.name} of actor {clip.actor:02d} instead of {actor:02d}: "
                "look whether archives were renamed"
            )
        if not clip.is_audio_visual_speech:
            continue
        if clip.name in wanted:
            raise UserError(f"{archive} holds {clip.name} twice: get the archive again")
        wanted[clip.name] = member
    return wanted


def _check_place(archive: Path, member: zipfile.ZipInfo, path: PurePosixPath) -> None:
    """A plain file of sane size, directly in a folder like ``Actor_01``."""
    escapes = (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in member.filename
        or ":" in member.filename
    )
    linked = stat.S_ISLNK(member.external_attr >> 16)
    if escapes or linked or len(path.parts) > 2 or path.suffix.lower() != ".mp4":
        raise UserError(
            f"{archive} holds {member.filename!r}, which no RAVDESS archive does: get the archive "
            "from Zenodo record 1188976"
        )
    if member.file_size > LARGEST_CLIP:
        raise UserError(
            f"{archive}: {member.filename} would unpack to {member.file_size} bytes, more than any "
            "RAVDESS clip: get the archive from Zenodo record 1188976"
        )


def _extract(
    archive: Path, content: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path
) -> None:
    """Unpack one member under its clip name; its CRC is checked while reading."""
    target = folder / f"{PurePosixPath(member.filename).stem}.mp4"
    written = 0
    with content.open(member) as reader, target.open("xb") as writer:
        while block := reader.read(1 << 20):
            written += len(block)
            if written > member.file_size:
                raise UserError(
                    f"{archive}: {member.filename} unpacks to more bytes than it declares: get the "
                    "archive from Zenodo record 1188976"
                )
            writer.write(block)
