"""The corpus as a download mirror: zips of RAVDESS's names and layout, and their Zenodo record.

The mirror serves ``<mirror>/<host>/<path>``, so the record of RAVDESS, Zenodo record 1188976, lies
at ``zenodo.org/api/records/1188976`` and a zip at ``zenodo.org/records/1188976/files/<name>``.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import multiprocessing
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from demo.film import cast, film
from demo.inventory import clips_of_actor
from demo.movie import without_sound
from demo.settings import SyntheticCorpusSettings
from mmer.corpora.ravdess import VIDEO_ONLY
from mmer.runtime.writing import writing
from mmer.settings import Settings

_RECORD = 1188976
_HOST = "zenodo.org"
_MADE_BY = "synthetic_corpus"  # key in the record for what the corpus was made with
_DATE = (2018, 4, 5, 0, 0, 0)  # of every file in the zips: the day RAVDESS was published

_log = logging.getLogger(__name__)


def record_path(mirror: Path) -> Path:
    """Where the Zenodo record lies in a mirror."""
    return mirror / _HOST / "api" / "records" / str(_RECORD)


def archive_path(mirror: Path, actor: int) -> Path:
    """Where an actor's zip lies in a mirror."""
    return mirror / _HOST / "records" / str(_RECORD) / "files" / archive_name(actor)


def archive_name(actor: int) -> str:
    """The name of an actor's zip, as RAVDESS has it."""
    return f"Video_Speech_Actor_{actor:02d}.zip"


def write_corpus(mirror: Path, settings: SyntheticCorpusSettings, jobs: int) -> None:
    """Write the zips of all actors, then the record that makes the corpus complete.

    A mirror whose record was made with the same settings and program stays as it is.

    Parameters
    ----------
    mirror
        Folder to write to; made where it is absent.
    jobs
        Actors filmed at the same time, each in a process of its own; 1 uses this process.
    """
    current = made_by(settings)
    if _is_complete(mirror, current):
        _log.info("the synthetic corpus in %s is complete: nothing to do", mirror)
        return
    record_path(mirror).unlink(missing_ok=True)  # it would describe the zips that go now
    files = {}
    with tqdm(total=len(settings.actors), desc="synthetic corpus", unit="actor") as progress:
        for actor, entry in _film_all(mirror, settings, jobs):
            files[actor] = entry
            progress.update()
    record = _record([files[actor] for actor in sorted(files)], settings) | {_MADE_BY: current}
    write_json(record_path(mirror), record)


def _film_all(
    mirror: Path, settings: SyntheticCorpusSettings, jobs: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Actors with their zip's entry in the record, as they get done."""
    if jobs == 1:
        for actor in settings.actors:
            yield actor, write_actor(mirror, actor, settings)
        return
    # Spawned, since the calling process may hold threads that a forked one would wait for.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, cv2.setNumThreads, (1,)) as pool:
        futures = {
            pool.submit(write_actor, mirror, actor, settings): actor for actor in settings.actors
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def write_actor(mirror: Path, actor: int, settings: SyntheticCorpusSettings) -> dict[str, Any]:
    """Film one actor and write the zip; give the zip's entry in the record."""
    path = archive_path(mirror, actor)
    filmed = cast(actor, settings)
    with writing(path) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        for clip in clips_of_actor(actor, settings.clips_per_actor):
            movie = film(clip, filmed, settings)
            _add(archive, f"Actor_{actor:02d}/{clip.name}.mp4", movie)
            twin = replace(clip, modality=VIDEO_ONLY)
            _add(archive, f"Actor_{actor:02d}/{twin.name}.mp4", without_sound(movie))
    return _entry(path)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    information = zipfile.ZipInfo(name, _DATE)
    information.external_attr = 0o644 << 16
    archive.writestr(information, content, zipfile.ZIP_STORED)


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "md5").hexdigest()
    return {
        "key": path.name,
        "size": path.stat().st_size,
        "checksum": f"md5:{digest}",
        "links": {"self": f"https://{_HOST}/records/{_RECORD}/files/{path.name}"},
    }


def _record(files: list[dict[str, Any]], settings: SyntheticCorpusSettings) -> dict[str, Any]:
    """A record shaped like Zenodo's answer."""
    return {
        "id": _RECORD,
        "metadata": {
            "title": "A synthetic corpus in the shape of RAVDESS (synthetic voices and faces)",
            "description": (
                f"Synthetic: {len(settings.actors)} actors, {settings.clips_per_actor} clips each, "
                "spoken by espeak-ng and drawn by machine. It holds no recording of RAVDESS, and "
                "results on it say nothing about emotion recognition in people."
            ),
        },
        "links": {"self": f"https://{_HOST}/api/records/{_RECORD}"},
        "files": files,
    }


def made_by(settings: Settings) -> dict[str, Any]:
    """All that decides the bytes: settings, this package's source, and the media libraries."""
    source = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source.update(path.read_bytes())
    return {
        "settings": settings.model_dump(mode="json"),
        "source_sha256": source.hexdigest(),
        "libraries": {
            name: importlib.metadata.version(name)
            for name in ("av", "espeakng-loader", "numpy", "opencv-python-headless", "scipy")
        },
    }


def _is_complete(mirror: Path, current: dict[str, Any]) -> bool:
    try:
        record = json.loads(record_path(mirror).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    if record.get(_MADE_BY) != current:
        return False
    folder = archive_path(mirror, 1).parent
    paths = {folder / file["key"]: file["size"] for file in record["files"]}
    return all(path.is_file() and path.stat().st_size == size for path, size in paths.items())


def write_json(path: Path, value: Any) -> None:
    """Write JSON, indented, keys in the given order."""
    with writing(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
