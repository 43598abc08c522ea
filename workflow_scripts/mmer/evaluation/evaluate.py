"""From tables of predictions to the tables of the evaluation."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from mmer.by_recording import read_apart
from mmer.evaluation import tables, trace_tables
from mmer.evaluation.best_fusion import best_fusion, nested_fusion
from mmer.evaluation.calibration import calibration_table
from mmer.evaluation.groups import groups_table
from mmer.evaluation.job import EvaluationJob, SystemRequest
from mmer.evaluation.merged_classes import merge_classes, merge_note
from mmer.evaluation.paper import find_in_paper
from mmer.evaluation.predictions import from_posteriors
from mmer.evaluation.significance import significance_table
from mmer.evaluation.summary_table import summary_table
from mmer.evaluation.tables_of_task import tables_of
from mmer.evaluation.traces import fold_of
from mmer.fusion.tables import read_fused, write_table
from mmer.items import Items, read_items
from mmer.nested_predictions import read_nested
from mmer.predictions import Predictions
from mmer.ragged import read_ragged
from mmer.tasks import Classes


def evaluate(job: EvaluationJob) -> None:
    """Read all predictions, compute the statistics, write the tables of the task."""
    tables_of_kind = _of_classes if isinstance(job.task, Classes) else _of_traces
    made = tables_of_kind(job, read_items(job.items))
    assert set(made) == set(tables_of(job.task))
    for name, table in made.items():
        write_table(job.out / f"{name}.csv", table)


def _predictions(
    job: EvaluationJob, request: SystemRequest, items: Items
) -> dict[str, Predictions]:
    """What a system said, by split; under the nested protocol by fold."""
    if job.nested and request.predictions:
        return read_nested(request.predictions, job.nested, job.task, items)
    paths = request.predictions.items()
    return {split: read_apart(path, job.task, items) for split, path in paths}


def _of_classes(job: EvaluationJob, items: Items) -> dict[str, pd.DataFrame]:
    """Accuracies and whatever else counts recognised items."""
    paper = {}
    if job.paper is not None:
        paper = {name: find_in_paper(job.paper, row) for name, row in job.paper_rows.items()}
    systems = [
        request.system(
            {
                split: merge_classes(from_posteriors(request.name, split, said), request.merged)
                for split, said in _predictions(job, request, items).items()
            },
            merge_note(request.merged),
        )
        for request in job.systems
    ]
    for fusion in job.fusions:
        if fusion.predictions is None:
            systems.append(fusion.absent())
        else:
            fused = read_fused(fusion.predictions, job.task)
            as_system = nested_fusion if job.nested else best_fusion
            best = as_system(fusion, fused, job.task, items)
            systems.append(replace(best, unlike_paper=fusion.unlike_paper))
    return {
        "accuracies": tables.accuracies_table(systems),
        "summary": summary_table(systems, paper, job.settings, job.seed),
        "confusion": tables.confusion_table(systems),
        "significance": significance_table(systems, job.settings, job.seed),
        "groups": groups_table(systems, job.groups),
        "calibration": calibration_table(systems, job.settings.calibration_bins),
        "predictions": tables.predictions_table(systems),
    }


def _of_traces(job: EvaluationJob, items: Items) -> dict[str, pd.DataFrame]:
    """Concordance and whatever else follows a dimension over time."""
    true = read_ragged(job.traces)
    systems = [
        request.system(
            {
                split: fold_of(request.name, split, said, true)
                for split, said in _predictions(job, request, items).items()
            }
        )
        for request in job.systems
    ]
    systems += [fusion.absent() for fusion in job.fusions]
    resamples, seed = job.settings.resamples, job.seed
    return {
        "scores": trace_tables.scores_table(systems, job.task),
        "summary": trace_tables.summary_table(systems, job.task, resamples, seed),
        "items": trace_tables.items_table(systems, job.task),
        "differences": trace_tables.differences_table(systems, job.task, resamples, seed),
        "significance": trace_tables.significance_table(),
        "predictions": trace_tables.predictions_table(systems, job.task),
    }
