"""Recordings as files: unpacked from archives, listed as items, found for a speaker."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from mmer.corpora.base import Corpus, CorpusJob
from mmer.items import Items, read_items, write_items
from mmer.media.archive import is_left_behind
from mmer.registry import corpus_of_job
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing

log = logging.getLogger(__name__)


class ExtractionJob(CorpusJob):
    """What the extraction of a speaker's recordings into the folder ``out`` is told."""

    archive: Path
    speaker: str
    out: Path


class ItemsJob(CorpusJob):
    """What the step that writes the item table is told.

    ``found`` are recordings or a folder of them by speaker; empty where nothing reads recordings.
    """

    found: dict[str, tuple[Path, ...]]
    out: Path


class RecordingsJob(CorpusJob):
    """What every step that reads a speaker's recordings is told.

    Attributes
    ----------
    files
        The recordings, or a folder of them; of pictures the lists that name them.
    items
        The item table, where the corpus is asked for traces by item.
    """

    speaker: str
    files: tuple[Path, ...] = ()
    items: Path | None = None


def extract_speaker(job: ExtractionJob) -> None:
    """Extract all recordings of a speaker, or none."""
    corpus = corpus_of_job(job)
    with writing(job.out) as unfinished:
        corpus.extract(job.archive, job.speaker, unfinished)


def list_items(job: ItemsJob) -> None:
    """Write the item table."""
    found = {speaker: files_in(paths) for speaker, paths in job.found.items()}
    items = corpus_of_job(job).items(found)
    write_items(job.out, items)
    log.info("%d items of %d speakers", len(items), len(set(items.speakers)))


def recordings_of(job: RecordingsJob) -> tuple[Corpus, Items | None, dict[str, Path]]:
    """The corpus, the item table where one is given, and the speaker's recordings by item."""
    corpus = corpus_of_job(job)
    items = None if job.items is None else read_items(job.items)
    named = corpus.named(files_in(job.files), job.speaker)
    if job.files and not named:
        raise UserError(f"no recordings in {job.files[0]}: look at the folder or the archive")
    return corpus, items, named


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Files as they are given, and those in folders, but for what engines and systems leave."""
    return [
        file
        for path in paths
        for file in (sorted(path.glob("[!.]*")) if path.is_dir() else [path])
        if file == path or not is_left_behind(file)
    ]
