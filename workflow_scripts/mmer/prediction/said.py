"""What is said of a recording: as tables, and as what figure and page show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from mmer.prediction.card import cautions, measured
from mmer.prediction.manifest import Manifest
from mmer.prediction.networks import SystemSays
from mmer.prediction.recording import PreparedRecording
from mmer.runtime.writing import writing

JSON, CSV, PICTURE = "prediction.json", "prediction.csv", "prediction"
"""Names of the files of a recording; the picture has two endings."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SystemTold(_Told):
    """What a system or fusion says of a piece.

    ``posteriors`` are by class, ``of_splits`` those of each split's network; ``are_votes`` of a
    fusion that names classes only, whose posteriors are shares of the splits.
    """

    system: str
    predicted: str
    posteriors: dict[str, float]
    of_splits: dict[str, dict[str, float]]
    are_votes: bool = False


class PieceTold(_Told):
    """A piece, its times and its speech in seconds from the start of the recording."""

    start_s: float
    stop_s: float
    speech_found: bool
    speech_start_s: float
    speech_stop_s: float
    systems: list[SystemTold]


class AskedSystem(_Told):
    """A system that was asked, and how good it is, in words."""

    system: str
    title: str
    modality: str
    measured: str


class RecordingTold(_Told):
    """Everything that is said of a recording.

    Attributes
    ----------
    made_from
        A digest of all that it depends on.
    refused
        In a sentence, why nothing can be said.
    known_as, splits
        The item of the run's corpus that it is, and the splits whose networks were asked.
    """

    recording: str
    made_from: str
    label: str
    cautions: list[str]
    classes: list[str]
    refused: str | None = None
    seconds: float | None = None
    known_as: str | None = None
    splits: list[str] = []
    speech_by: str = ""
    notes: list[str] = []
    systems: list[AskedSystem] = []
    pieces: list[PieceTold] = []

    @property
    def mean(self) -> dict[str, tuple[AskedSystem, dict[str, float]]]:
        """Of each system the mean posteriors over all pieces, weighted by their length."""
        found = {}
        for asked in self.systems:
            rows = [
                (piece.stop_s - piece.start_s, list(told.posteriors.values()))
                for piece in self.pieces
                for told in piece.systems
                if told.system == asked.system
            ]
            if rows:
                weights, values = zip(*rows, strict=True)
                mean = np.average(values, axis=0, weights=weights)
                found[asked.system] = asked, dict(zip(self.classes, mean.tolist(), strict=True))
        return found


def told_of(
    path: Path,
    made_from: str,
    manifest: Manifest,
    prepared: PreparedRecording,
    splits: tuple[str, ...],
    says: list[list[SystemSays]],
) -> RecordingTold:
    """All that is said; ``says`` are systems by piece, each with the rows of that piece alone."""
    classes = manifest.task.names
    pieces = []
    for piece, systems in zip(prepared.pieces, says, strict=True):
        span = piece.span
        pieces.append(
            PieceTold(
                start_s=piece.start_s,
                stop_s=piece.stop_s,
                speech_found=span.found,
                speech_start_s=piece.start_s + span.start_s,
                speech_stop_s=piece.start_s + span.stop_s,
                systems=[_system(classes, splits, each) for each in systems],
            )
        )
    asked = {each.name for systems in says for each in systems}
    known = prepared.known
    return RecordingTold(
        recording=readable(path.name),
        made_from=made_from,
        label=manifest.label,
        cautions=cautions(manifest),
        classes=list(classes),
        seconds=prepared.pieces[-1].stop_s - prepared.pieces[0].start_s,
        known_as=None if known is None else known.item,
        splits=list(splits),
        speech_by=prepared.speech_by,
        notes=[_sentence(note, path) for note in prepared.notes],
        systems=[
            AskedSystem(
                system=each.name,
                title=each.title,
                modality=getattr(each, "modality", "fusion"),
                measured=measured(each.score),
            )
            for each in (*manifest.systems, *manifest.fusions)
            if each.name in asked
        ],
        pieces=pieces,
    )


def _system(classes: tuple[str, ...], splits: tuple[str, ...], says: SystemSays) -> SystemTold:
    """One system's posteriors of one piece."""

    def named(values: np.ndarray) -> dict[str, float]:
        return dict(zip(classes, values.tolist(), strict=True))

    (posteriors,) = says.probabilities
    return SystemTold(
        system=says.name,
        predicted=classes[int(posteriors.argmax())],
        posteriors=named(posteriors),
        of_splits={s: named(v[0]) for s, v in zip(splits, says.of_splits, strict=True)},
        are_votes=says.are_votes,
    )


def readable(text: str) -> str:
    """A text whose letters all are letters: names of files may be any bytes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _sentence(text: str, path: Path) -> str:
    """What is said of a recording, without the folder that it lies in."""
    return readable(text.replace(str(path), path.name))


def refused(path: Path, made_from: str, manifest: Manifest, sentence: str) -> RecordingTold:
    """That nothing can be said of a recording, and why."""
    return RecordingTold(
        recording=readable(path.name),
        made_from=made_from,
        label=manifest.label,
        cautions=cautions(manifest),
        classes=list(manifest.task.names),
        refused=_sentence(sentence, path),
    )


def table_of(told: RecordingTold) -> pd.DataFrame:
    """A row per piece and system."""
    rows: list[dict[str, Any]] = []
    modality = {each.system: each.modality for each in told.systems}
    for number, piece in enumerate(told.pieces):
        for each in piece.systems:
            rows.append(
                {
                    "recording": told.recording,
                    "piece": number,
                    "start_s": piece.start_s,
                    "stop_s": piece.stop_s,
                    "speech_found": piece.speech_found,
                    "system": each.system,
                    "modality": modality[each.system],
                    "predicted": each.predicted,
                    **{f"p_{name}": value for name, value in each.posteriors.items()},
                }
            )
    columns = ["recording", "piece", "start_s", "stop_s", "speech_found", "system", "modality"]
    columns += ["predicted", *(f"p_{name}" for name in told.classes)]
    return pd.DataFrame(rows, columns=columns)


def write_told(folder: Path, told: RecordingTold) -> None:
    """Write the table, then the JSON, by which the recording counts as done."""
    with writing(folder / CSV) as unfinished:
        table_of(told).to_csv(unfinished, index=False)
    with writing(folder / JSON) as unfinished:
        unfinished.write_text(told.model_dump_json(indent=1), "utf-8")


def read_told(folder: Path) -> RecordingTold | None:
    """What was written; None where nothing whole is there."""
    try:
        told = RecordingTold.model_validate(json.loads((folder / JSON).read_text("utf-8")))
    except (OSError, ValueError, ValidationError):
        return None
    pictures = [] if told.refused else [folder / f"{PICTURE}.png", folder / f"{PICTURE}.svg"]
    return told if all(file.is_file() for file in [folder / CSV, *pictures]) else None
