"""Downloads: checked, atomic, resumed by running again, and servable from a mirror.

A mirror is a folder or an address prefix under which ``<mirror>/<host>/<path>`` holds what
``https://<host>/<path>`` serves: for clusters without internet, and for the demo.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

import pooch
import requests

from mmer.media.checksums import verify
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.runtime.writing import writing

log = logging.getLogger(__name__)

ATTEMPTS = 4
FIRST_PAUSE_S = 5.0
"""Pause before the second attempt; it doubles with each further one."""

TIMEOUT_S = 60.0
_BLOCK = 1 << 20
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


class DownloadJob(Job):
    """What the download of a registered file is told; None is what is not published of it."""

    address: str
    sha256: str | None = None
    size: int | None = None
    out: Path


def download_file(job: DownloadJob) -> None:
    """Bring a registered file, or one sentence why not."""
    checksum = f"sha256:{job.sha256}" if job.sha256 else None
    download(job.address, job.out, checksum, job.size)


def mirrored_path(address: str) -> PurePosixPath:
    """Where a mirror keeps an address: ``<host>/<path>``, without query.

    A UserError if the address is not https, names no file, or one that a folder cannot hold.
    """
    refused = UserError(f"{address!r} is not a plain https address: mend it in the registry")
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise refused from error
    path = PurePosixPath(unquote(parts.path).lstrip("/"))
    named = path.parts and ".." not in path.parts and str(path).isprintable()
    if parts.scheme != "https" or not _HOST.fullmatch(parts.hostname or "") or not named:
        raise refused
    return PurePosixPath(parts.hostname) / path


def download(
    address: str,
    target: Path,
    checksum: str | None,
    size: int | None = None,
    mirror: str | None = None,
    first_pause_s: float = FIRST_PAUSE_S,
) -> None:
    """Bring one file to ``target``: the whole verified file, or nothing.

    A UserError if the file cannot be had or is not the published one.

    Parameters
    ----------
    checksum
        ``md5:<hex>`` or ``sha256:<hex>``; None where none is published, which is logged with the
        sha256 found.
    size
        Bytes, or None where not published.
    mirror
        Folder or address prefix that serves every address, or empty for the internet; None takes
        what the environment says in ``MMER_MIRROR``.
    """
    mirror = os.environ.get("MMER_MIRROR", "") if mirror is None else mirror
    with writing(target) as unfinished:
        if mirror and "://" not in mirror:
            source = Path(mirror) / mirrored_path(address)
            if not source.is_file():
                raise UserError(
                    f"the mirror lacks {source}: put the file there, or remove data.mirror to "
                    "download it"
                )
            shutil.copyfile(source, unfinished)
        else:
            place = quote(str(mirrored_path(address)))
            source = f"{mirror.rstrip('/')}/{place}" if mirror else address
            _fetch_with_retries(source, unfinished, first_pause_s)
        if checksum is None:
            found = pooch.file_hash(str(unfinished), alg="sha256")
            log.warning("%s has no published checksum; its sha256 is %s", address, found)
        else:
            try:
                verify(unfinished, checksum, size)
            except UserError as error:
                reason = str(error).replace(str(unfinished), str(source))
                raise UserError(reason) from error


def _fetch_with_retries(address: str, target: Path, pause_s: float) -> None:
    """Fetch over the network, again after transient failures."""
    fetch = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT_S, chunk_size=_BLOCK)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            fetch(address, str(target), None, check_only=False)
            return
        except requests.RequestException as error:  # not for a full disk, which is an OSError too
            status = None if error.response is None else error.response.status_code
            final = status is not None and 400 <= status < 500 and status not in (408, 429)
            no_address = isinstance(error, ValueError)
            if final or no_address or attempt == ATTEMPTS:
                raise UserError(
                    f"{address} could not be downloaded ({error}): look at the network, or set "
                    "data.mirror to a folder that holds the file"
                ) from error
            log.warning(
                "attempt %d of %d failed (%s); again in %g s", attempt, ATTEMPTS, error, pause_s
            )
            time.sleep(pause_s)
            pause_s *= 2
