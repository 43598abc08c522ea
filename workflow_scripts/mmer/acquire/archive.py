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

COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that zipfile unpacks in bounded memory; a megabyte of another can become gigabytes."""


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
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except Exception as error:  # a damaged or hostile archive can fail in any way
        shutil.rmtree(folder, ignore_errors=True)
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{archive} is not a whole zip archive ({reason}): delete it and run again"
        ) from error
    return sorted(members)


def _wanted(archive: Path, content: zipfile.ZipFile, actor: int) -> dict[str, zipfile.ZipInfo]:
    """The members to extract, by clip name; every member of the archive is checked."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for member in content.infolist():
        path = PurePosixPath(member.filename)
        if member.is_dir() and not _escapes(member, path):
            continue
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
        if clip.name in seen:
            raise UserError(f"{archive} holds {clip.name} twice: get the archive again")
        seen.add(clip.name)
        if clip.is_audio_visual_speech:
            wanted[clip.name] = member
    return wanted


def _escapes(member: zipfile.ZipInfo, path: PurePosixPath) -> bool:
    """Whether a name leads out of the folder, on any system."""
    return (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in member.filename
        or ":" in member.filename
    )


def _check_place(archive: Path, member: zipfile.ZipInfo, path: PurePosixPath) -> None:
    """A plain file of sane size, directly in a folder like ``Actor_01``."""
    linked = stat.S_ISLNK(member.external_attr >> 16)
    stray = len(path.parts) > 2 or path.suffix.lower() != ".mp4"
    if _escapes(member, path) or linked or stray:
        raise UserError(
            f"{archive} holds {member.filename!r}, which no RAVDESS archive does: get the archive "
            "from Zenodo record 1188976"
        )
    if member.compress_type not in COMPRESSIONS:
        raise UserError(
            f"{archive}: {member.filename!r} is compressed in another way than zip archives of "
            "RAVDESS are: get the archive from Zenodo record 1188976"
        )
    if member.file_size > LARGEST_CLIP:
        raise UserError(
            f"{archive}: {member.filename!r} would unpack to {member.file_size} bytes, more than "
            "any RAVDESS clip: get the archive from Zenodo record 1188976"
        )


def _extract(
    archive: Path, content: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path
) -> None:
    """Unpack one member under its clip name; its CRC is checked while reading."""
    target = folder / f"{PurePosixPath(member.filename).stem}.mp4"
    with content.open(member) as reader, target.open("xb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)  # the reader stops at the declared size
        written = writer.tell()
    if written != member.file_size:
        raise UserError(
            f"{archive}: {member.filename!r} unpacks to {written} bytes, not to the "
            f"{member.file_size} that it declares: get the archive from Zenodo record 1188976"
        )
