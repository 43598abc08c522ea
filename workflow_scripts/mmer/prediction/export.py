"""Writing a run's networks into one folder: weights, settings, accuracies and a model card."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from mmer.evaluation.paper_description import PROJECT
from mmer.fusion.kept import kept_fusion
from mmer.fusion.tables import best_candidate, read_fused
from mmer.items import Items, read_items
from mmer.media.speech_spans import read_spans
from mmer.models.base import ModelJob
from mmer.prediction.card import model_card
from mmer.prediction.finished_run import FinishedRun, Kept
from mmer.prediction.manifest import (
    CARD,
    MANIFEST,
    RECORDINGS,
    SALIENCY,
    ExportedFile,
    ExportedFusion,
    ExportedModel,
    ExportedSystem,
    Manifest,
    Score,
    file_sha256,
)
from mmer.prediction.recordings_table import known_recordings
from mmer.predictions import read_predictions
from mmer.report.corpus_label import is_synthetic
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job
from mmer.runtime.writing import writing
from mmer.training.checkpoint import read_model, write_model

log = logging.getLogger(__name__)

KIND = {"format": "pt"}
"""In the header of every file: without one the library cannot read back a file of no tensors."""


class ExportJob(Job):
    """Which run is exported to which folder; ``systems`` are those asked, none for the best."""

    run: str
    systems: tuple[str, ...] = ()
    out: Path


def export_run(job: ExportJob) -> None:
    """Write the folder, whole or not at all.

    Raises
    ------
    UserError
        If the run is not finished, or a file of it is missing.
    """
    run = FinishedRun.read(job.run, {"systems": job.systems} if job.systems else None)
    missing = [path for path in run.inputs if not Path(path).exists()]
    if missing:
        raise UserError(f"{missing[0]} is missing: run the same configuration again, then export")
    with writing(job.out) as folder:
        folder.mkdir()
        manifest = _write(run, folder)
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1), "utf-8")
        (folder / CARD).write_text(model_card(manifest), "utf-8")
    log.info("%d systems and %d fusions", len(manifest.systems), len(manifest.fusions))


def _write(run: FinishedRun, folder: Path) -> Manifest:
    """Write everything but the manifest, which is returned."""
    plan, configuration = run.plan, run.configuration
    items = read_items(Path(run.items_file))
    systems, fusions = run.chosen
    models = tuple(_model(run, kept, folder) for kept in run.kept)
    fused = tuple(_fusion(run, fusion, items, folder) for fusion in fusions)
    spans = read_spans(Path(path) for path in run.speech_files if Path(path).exists())
    own = plan.corpora.own
    audio = plan.corpora.prepared("audio") if "audio" in own.media else []
    known = known_recordings([Path(path) for path in audio], items, run.splits, spans)
    (folder / RECORDINGS).write_bytes(known)
    if run.sees and plan.weights.saliency:
        weights = read_model(Path(plan.weights.saliency[0]), torch.device("cpu"))
        write_model(folder / SALIENCY, weights, KIND)
    written = sorted(path for path in folder.rglob("*") if path.is_file())
    return Manifest(
        run=configuration.run,
        corpus=own.name,
        label=configuration.label,
        speakers=len({*items.speakers}),
        caution=caution_of(own.name, configuration.label),
        task=plan.corpora.task,
        preparation=configuration.preparation,
        saliency=configuration.saliency,
        voice_activity=configuration.voice_activity,
        splits=tuple(run.splits),
        models=models,
        systems=tuple(_system(run, name) for name in systems),
        fusions=fused,
        files={
            str(path.relative_to(folder)): ExportedFile(
                sha256=file_sha256(path), size=path.stat().st_size
            )
            for path in written
        },
    )


def caution_of(corpus: str, label: str) -> str:
    """What is to be said with everything that networks of a corpus say."""
    cautions = yaml.safe_load((PROJECT / "resources" / "cautions.yaml").read_text("utf-8"))
    return cautions.get("synthetic" if is_synthetic(label) else corpus, cautions["others"])


def _model(run: FinishedRun, kept: Kept, folder: Path) -> ExportedModel:
    """Write the weights of a model, for each split or for all."""
    family, entry = run.plan.models.family(kept.model), run.plan.models.entry(kept.model)
    files, job = {}, None
    for split in run.splits_of(kept):
        job = ModelJob.model_validate(run.told(kept, split))
        log.info("%s %s", kept.name, split)
        file = f"models/{kept.model}/{kept.variant}/{split or 'all'}.safetensors"
        write_model(folder / file, family.kept_state(job, split), KIND)
        files[split] = file
    assert job is not None, "a model has a split or stands for all"
    return ExportedModel(
        name=kept.model,
        variant=kept.variant,
        family=family.name,
        options=job.options,
        task=run.plan.models.says(kept.model),
        base_task=run.plan.models.says(entry.of) if entry.of else None,
        of=entry.of,
        files=files,
    )


def _fusion(run: FinishedRun, name: str, items: Items, folder: Path) -> ExportedFusion:
    """Write the classifier of a fusion for each split."""
    pairing, inputs = name.split("/")
    layout, settings = run.plan.run.layout, run.configuration.fusion
    task, members = run.plan.corpora.task, settings.pairings[pairing]
    fed = settings.inputs[inputs].only(members)
    chosen = best_candidate(
        read_fused(Path(layout.fusion(pairing, inputs, "predictions")), task), task, items
    )
    tables = {member: run.predictions_of(member) for member in members}
    files = {}
    for split in run.splits:
        systems = {
            member: read_predictions(Path(paths[split]), task, items)
            for member, paths in tables.items()
        }
        arrays = kept_fusion(split, systems, fed, settings.settings, chosen)
        files[split] = f"fusion/{pairing}/{inputs}/{split}.safetensors"
        state = {key: torch.from_numpy(np.ascontiguousarray(a)) for key, a in arrays.items()}
        write_model(folder / files[split], state, KIND)
    return ExportedFusion(
        name=name,
        title=str(run.summary.loc[name, "title"]),
        members=members,
        inputs=fed,
        score=_score(run.summary.loc[name]),
        files=files,
    )


def _system(run: FinishedRun, name: str) -> ExportedSystem:
    row = run.summary.loc[name]
    return ExportedSystem(
        name=name, title=str(row["title"]), modality=row["modality"], score=_score(row)
    )


def _score(row: Mapping[str, Any]) -> Score:
    """What the run measured."""

    def number(column: str) -> float | None:
        value = float(row[column])
        return value if math.isfinite(value) else None

    return Score(
        items=int(row["items"]),
        accuracy=float(row["mean_accuracy"]),
        low=number("speaker_low"),
        high=number("speaker_high"),
        calibration_error=number("ece"),
    )
