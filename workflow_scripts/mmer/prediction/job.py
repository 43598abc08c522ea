"""What is told to the job that says something of recordings, and the job itself."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from mmer.models.kept import NewItems
from mmer.prediction.figure import recording_figure
from mmer.prediction.manifest import MANIFEST, Manifest, file_sha256, read_manifest
from mmer.prediction.named import named, recordings_in
from mmer.prediction.networks import Networks, SystemSays
from mmer.prediction.page import write_page
from mmer.prediction.recording import Preparation, PreparedRecording
from mmer.prediction.said import (
    PICTURE,
    RecordingTold,
    read_told,
    refused,
    told_of,
    write_told,
)
from mmer.prediction.settings import PredictionSettings
from mmer.ragged import Ragged
from mmer.registry import read_registry
from mmer.report.style import house_style, save_figure
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.weights import Weights

log = logging.getLogger(__name__)

PAGE = "index.html"


class PredictionJob(Job):
    """What is told.

    Attributes
    ----------
    export
        The exported folder whose networks are asked.
    recordings
        Files, and folders of them.
    out
        The folder of the results: one for each recording, and a page for all.
    settings
        How recordings are cut and faces are cropped.
    voice_activity
        The weights of the detector that cuts them; None cuts by level.
    """

    export: Path
    recordings: tuple[Path, ...]
    out: Path
    settings: PredictionSettings = PredictionSettings()
    voice_activity: Weights | None = None


def predict_recordings(job: PredictionJob) -> None:
    """Say something of each recording that is new or changed, and show all of them on a page.

    A recording of which nothing can be said gets a sentence, and the others go on.

    Raises
    ------
    UserError
        If the folder is no export, or there is no recording at all.
    """
    recordings = named(recordings_in(job.recordings))
    if not recordings:
        where = ", ".join(map(str, job.recordings)) or "nothing"
        raise UserError(f"{where} holds no recording: name files, or a folder with some")
    asking = Asking(job)
    told: dict[str, RecordingTold] = {}
    for name, path in recordings.items():
        started = time.monotonic()
        found, kept = asking.tell(path, job.out / name)
        told[name] = found
        took = "as it was" if kept else f"{time.monotonic() - started:.1f} s"
        log.info("%s: %s (%s)", path, found.refused or f"{len(found.pieces)} pieces", took)
    with house_style():
        write_page(job.out / PAGE, told, asking.manifest)


class Asking:
    """Asks the networks of an exported folder, which are loaded when the first one is asked."""

    def __init__(self, job: PredictionJob) -> None:
        self.job = job
        self.manifest: Manifest = read_manifest(job.export)
        detects = importlib.util.find_spec("inaSpeechSegmenter") is not None
        settings = job.settings.model_dump_json(exclude={"systems"})
        parts = (job.version, file_sha256(job.export / MANIFEST), settings, job.voice_activity)
        self._made_from = "\n".join(map(str, (*parts, detects)))

    @cached_property
    def networks(self) -> Networks:
        """Everything that can say something, loaded once."""
        started = time.monotonic()
        found = Networks.read(self.job.export, read_registry(self.job.plugins))
        log.info("the networks were loaded in %.1f s", time.monotonic() - started)
        return found

    @cached_property
    def preparation(self) -> Preparation:
        """What prepares recordings."""
        networks, job = self.networks, self.job
        return Preparation(
            job.export,
            self.manifest,
            networks.known,
            networks.sees,
            job.settings,
            job.voice_activity,
        )

    def tell(self, path: Path, folder: Path) -> tuple[RecordingTold, bool]:
        """What is said of a recording, and whether that was said before."""
        try:
            if path.exists() and not path.is_file():  # a pipe or a device may never end
                raise OSError(None, "it is no file")
            made_from = self._digest(path)
        except OSError as error:
            told = refused(path, "", self.manifest, f"{path} cannot be read ({error.strerror})")
            write_told(folder, told)
            return told, False
        before = read_told(folder)
        if before is not None and before.made_from == made_from:
            return before, True
        networks, preparation = self.networks, self.preparation
        try:
            prepared = preparation.prepared(path)
            splits = prepared.known.splits if prepared.known else self.manifest.splits
            says = says_of_pieces(networks, prepared, splits)
            told = told_of(path, made_from, self.manifest, prepared, splits, says)
            with house_style():
                save_figure(recording_figure(told, prepared, says), folder / PICTURE)
        except UserError as error:
            told = refused(path, made_from, self.manifest, str(error))
        except Exception as error:  # whatever a file does to a decoder, the others go on
            log.exception("%s", path)
            sentence = f"{path} could not be dealt with ({type(error).__name__}: {error})"
            told = refused(path, "", self.manifest, sentence)
        write_told(folder, told)
        return told, False

    def _digest(self, path: Path) -> str:
        """A digest of all that what is said of a recording depends on."""
        text = f"{self._made_from}\n{path.name}\n{file_sha256(path)}"
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def says_of_pieces(
    networks: Networks, prepared: PreparedRecording, splits: Sequence[str]
) -> list[list[SystemSays]]:
    """What every system says of each piece, which has one row in each."""
    found: list[list[SystemSays]] = [[] for _ in prepared.pieces]
    for positions, items in prepared.together():
        for says in networks.say(items, splits):
            for row, position in enumerate(positions):
                found[position].append(_of_row(says, row, items))
    return found


def _of_row(says: SystemSays, row: int, items: NewItems) -> SystemSays:
    """What is said of one of several pieces."""
    frames = None if says.frames is None else says.frames.only([items.names[row]])
    assert frames is None or isinstance(frames, Ragged)
    return replace(
        says,
        probabilities=says.probabilities[row : row + 1],
        of_splits=says.of_splits[:, row : row + 1],
        frames=frames,
    )
