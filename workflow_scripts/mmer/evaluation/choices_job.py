"""From tables of predictions under several protocols to the table of what the choices are worth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from mmer.by_recording import BY_RECORDING, read_apart
from mmer.evaluation.choices import (
    Choices,
    Recognised,
    choices_table,
    of_folds,
    of_trainings,
)
from mmer.evaluation.fusion_choices import (
    best_on_tested,
    chosen_by_tested,
    of_fused,
    same_on_resubstituted,
)
from mmer.evaluation.merged_classes import merge_classes
from mmer.evaluation.predictions import from_posteriors
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.ways import CLASSIFIER, EPOCH, ONE, RESUBSTITUTED, SETTING
from mmer.fusion.classifiers import candidates
from mmer.fusion.resubstituted import resubstituted
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.fusion.tables import read_fused, write_table
from mmer.items import Items, read_items
from mmer.models.base import Modality
from mmer.nested_predictions import out_of_fold, read_nested
from mmer.predictions import Posteriors
from mmer.protocol import NESTED, PAPER, Split
from mmer.runtime.job import Job
from mmer.tasks import Classes

Tables = Mapping[str, Path]


class _Request(BaseModel):
    """What is looked at, and by way why it cannot be (:mod:`mmer.evaluation.choices`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    modality: Modality
    variant: str
    absent: dict[str, str] = {}


class SystemChoices(_Request):
    """A system with its tables of predictions, by protocol and split.

    ``chosen`` is what its trainings leave to those who choose; where these are two things, there
    are ``crossed`` predictions of the nested splits too.  ``merged`` are classes that count as one.
    """

    predictions: dict[str, dict[str, Path]] = {}
    chosen: tuple[str, ...] = ()
    crossed: dict[str, Path] = {}
    merged: tuple[tuple[str, ...], ...] = ()


class FusionChoices(_Request):
    """A fusion with its fused predictions by protocol.

    ``systems`` are the tables of the predictions that the nested fusion reads, by system and split,
    ``inputs`` what of them goes in, ``settings`` by which classifiers.
    """

    fused: dict[str, Path] = {}
    systems: dict[str, dict[str, Path]] = {}
    inputs: InputsSettings
    settings: FusionSettings


class ChoicesJob(Job):
    """What the step is told.

    Attributes
    ----------
    task
        The systems' classes.
    items, divided
        The item table, and that of the protocol by recording, where there is one.
    nested
        The splits of the nested protocol, by name.
    seed
        Of the bootstrap.
    out
        The table.
    """

    task: Classes
    items: Path
    divided: Path | None = None
    systems: tuple[SystemChoices, ...]
    fusions: tuple[FusionChoices, ...] = ()
    nested: dict[str, Split]
    settings: EvaluationSettings
    seed: int
    out: Path


def weigh_choices(job: ChoicesJob) -> None:
    """Read the predictions under all protocols, and write what each choice is worth.

    Raises
    ------
    UserError
        If a table cannot be read, or tables do not fit together.
    """
    items = read_items(job.items)
    found = [_system(job, request, items) for request in job.systems]
    found += [_fusion(job, request, items) for request in job.fusions]
    table = choices_table(found, items, job.settings.resamples, job.seed)
    write_table(job.out, table)


def _system(job: ChoicesJob, request: SystemChoices, items: Items) -> Choices:
    """A system in all ways that there are of it."""
    ways: dict[str, Recognised] = {}
    for protocol, paths in request.predictions.items():
        nests, known = protocol == NESTED, items
        if protocol == BY_RECORDING and job.divided:
            known = read_items(job.divided)
        folds = _averaged(job, paths, items) if nests else _tables(job, paths, known)
        ways[protocol] = of_folds(
            merge_classes(from_posteriors(request.name, fold, said), request.merged)
            for fold, said in folds.items()
        )
        if nests:
            ways |= _of_trainings(job, request, items)
    return _choices(request, ways, request.absent)


def _of_trainings(job: ChoicesJob, request: SystemChoices, items: Items) -> dict[str, Recognised]:
    """One nested training at a time: nobody tested chooses, or one thing is chosen by them."""
    tables = _tables(job, request.predictions[NESTED], items)
    one, by_tested = of_trainings(tables.values(), request.merged)
    if not request.crossed:
        return {ONE: one, **dict.fromkeys(request.chosen, by_tested)}
    # A split's items are tested with the setting that was chosen for the other one, by folds among
    # which theirs is; and they choose weights beside the setting that was chosen without them.
    crossed = _tables(job, request.crossed, items)
    setting, epoch = of_trainings(crossed.values(), request.merged)
    return {ONE: one, SETTING: setting, EPOCH: epoch}


def _fusion(job: ChoicesJob, request: FusionChoices, items: Items) -> Choices:
    """A fusion in all ways that there are of it."""
    task, fed, settings = job.task, request.inputs, request.settings
    fused = {protocol: read_fused(path, task) for protocol, path in request.fused.items()}
    absent = dict(request.absent)
    ways: dict[str, Recognised] = {}
    for protocol in {PAPER, BY_RECORDING} & set(fused):
        best = chosen_by_tested(fused[protocol], task, items)
        ways[protocol] = of_fused(best, task, items)
    if NESTED in fused:
        ways[NESTED] = of_fused(fused[NESTED], task, items)
        rows = {name: _rows(job, paths, items) for name, paths in request.systems.items()}
        others = {name: out for name, (out, _) in rows.items()}
        own = {name: learned for name, (_, learned) in rows.items()}
        same = same_on_resubstituted(own, fused[NESTED], task, fed, settings)
        ways[RESUBSTITUTED] = of_fused(same, task, items)
        if len(candidates(settings, len(rows))) > 1:
            best = best_on_tested(others, task, items, fed, settings)
            ways[CLASSIFIER] = of_fused(best, task, items)
        else:
            absent[CLASSIFIER] = "there is one classifier to choose from"
    return _choices(request, ways, absent)


def _rows(
    job: ChoicesJob, paths: Tables, items: Items
) -> tuple[dict[str, Posteriors], dict[str, Posteriors]]:
    """What a fusion may learn from of a system, by fold: rows out of fold, and resubstituted."""
    tables = _tables(job, paths, items)
    if set(paths) != set(job.nested):
        return out_of_fold(tables), tables
    averaged = _averaged(job, paths, items)
    return averaged, resubstituted(tables, job.nested, averaged)


def _tables(job: ChoicesJob, paths: Tables, items: Items) -> dict[str, Posteriors]:
    return {split: read_apart(path, job.task, items) for split, path in paths.items()}


def _averaged(job: ChoicesJob, paths: Tables, items: Items) -> dict[str, Posteriors]:
    return read_nested(paths, job.nested, job.task, items)


def _choices(request: _Request, ways: Mapping[str, Recognised], absent: Mapping) -> Choices:
    told = request.model_dump(include={"name", "title", "modality", "variant"})
    return Choices(**told, ways=[ways], absent=absent)
