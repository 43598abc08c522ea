"""Zip archives: keep the files that a corpus uses, refuse everything suspicious."""

from __future__ import annotations

import logging
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePath, PurePosixPath

from tqdm import tqdm

from mmer.runtime.errors import UserError

LARGEST_FILE = 64 << 20
"""Bytes; the largest recording of a sentence has under 10 MB, so more is damage or an attack."""

COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that zipfile unpacks in bounded memory; a megabyte of another can become gigabytes."""

_LEFT_BEHIND = {".ds_store", "thumbs.db", "desktop.ini"}
_ADVICE = "get the archive again from where it is published"

log = logging.getLogger(__name__)


def is_left_behind(path: PurePath) -> bool:
    """Whether a file is what macOS or Windows leave in folders and in the archives of them."""
    return (
        "__MACOSX" in path.parts or path.name.startswith("._") or path.name.lower() in _LEFT_BEHIND
    )


def extract_files(
    archive: Path,
    folder: Path,
    ending: str,
    is_wanted: Callable[[PurePosixPath], bool],
    expected: int,
) -> None:
    """Extract the wanted files of a zip archive into a new folder.

    What a computer left behind is told and skipped: see :func:`is_left_behind`.  Where extraction
    fails, some files may lie there: the caller removes the folder.

    A UserError if the archive is damaged, or holds a path that leaves its folder, a link, a file of
    another ending, one twice, of absurd size, or that ``is_wanted`` refuses, or another number of
    wanted files.

    Parameters
    ----------
    folder
        Where the files go, as ``<stem><ending>``.
    ending
        Of every file in the archive, such as ``.mp4``.
    is_wanted
        Whether to extract a file; it raises a UserError where the archive cannot hold it.
    expected
        How many wanted files there must be.
    """
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as content:
            members = _wanted(archive, content, ending, is_wanted)
            if len(members) != expected:
                raise UserError(
                    f"{archive} holds {len(members)} of the recordings that are used instead of "
                    f"{expected}: get the archive again, or mend the corpus's settings"
                )
            for name, member in tqdm(members.items(), unit="file", mininterval=5):
                _extract(archive, content, member, folder / f"{name}{ending}")
    except UserError:
        raise
    except Exception as error:  # a damaged or hostile archive can fail in any way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{archive} is not a whole zip archive ({reason}): delete it and run again"
        ) from error


def _wanted(
    archive: Path, content: zipfile.ZipFile, ending: str, is_wanted: Callable[[PurePosixPath], bool]
) -> dict[str, zipfile.ZipInfo]:
    """The members to extract, by name; every member of the archive is checked."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    skipped: list[str] = []
    for member in content.infolist():
        path = PurePosixPath(member.filename)
        if member.is_dir() and not _escapes(member, path):
            continue
        if _escapes(member, path) or stat.S_ISLNK(member.external_attr >> 16):
            raise _unpublished(archive, member)
        if is_left_behind(path):
            skipped.append(member.filename)
            continue
        _check_place(archive, member, path, ending)
        try:
            chosen = is_wanted(path)
        except UserError as error:
            raise UserError(f"{archive}: {error}") from error
        if path.stem in seen:
            raise UserError(f"{archive} holds {path.stem} twice: get the archive again")
        seen.add(path.stem)
        if chosen:
            wanted[path.stem] = member
    if skipped:
        names = ", ".join(map(repr, skipped))
        log.warning("%s: skipped what a computer left behind: %s", archive, names)
    return wanted


def _escapes(member: zipfile.ZipInfo, path: PurePosixPath) -> bool:
    """Whether a name leads out of the folder, on any system."""
    return (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in member.filename
        or ":" in member.filename
    )


def _unpublished(archive: Path, member: zipfile.ZipInfo) -> UserError:
    return UserError(
        f"{archive} holds {member.filename!r}, which the published archive does not: {_ADVICE}"
    )


def _check_place(archive: Path, member: zipfile.ZipInfo, path: PurePosixPath, ending: str) -> None:
    """A plain file of sane size, directly in a folder like ``Actor_01``."""
    if len(path.parts) > 2 or path.suffix.lower() != ending:
        raise _unpublished(archive, member)
    if member.compress_type not in COMPRESSIONS:
        raise UserError(
            f"{archive}: {member.filename!r} is compressed in another way than the published "
            f"archive is: {_ADVICE}"
        )
    if member.file_size > LARGEST_FILE:
        raise UserError(
            f"{archive}: {member.filename!r} would unpack to {member.file_size} bytes, more than "
            f"any recording of the corpus: {_ADVICE}"
        )


def _extract(
    archive: Path, content: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path
) -> None:
    """Unpack one member; its CRC is checked while reading."""
    with content.open(member) as reader, target.open("xb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)  # the reader stops at the declared size
        written = writer.tell()
    if written != member.file_size:
        raise UserError(
            f"{archive}: {member.filename!r} unpacks to {written} bytes, not to the "
            f"{member.file_size} that it declares: {_ADVICE}"
        )
