"""Mistakes between keys of the configuration that are each valid alone."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from mmer.by_recording import BY_RECORDING
from mmer.config import Configuration
from mmer.corpora.base import Corpus
from mmer.evaluation.paper_description import PAPERS, PROJECT
from mmer.models.base import PREDICTIONS, ModelEntry
from mmer.protocol import NESTED
from mmer.registry import Registry
from mmer.tasks import Classes

Mistake = tuple[str, str]
"""A key, and what is wrong with it."""


def corpus_of(configuration: Configuration, registry: Registry, name: str) -> Corpus:
    """A corpus with its settings and the folder that the user names for it."""
    folder = getattr(configuration.data, name)
    settings = getattr(configuration.corpora, name)
    return registry.corpora[name](settings, folder and Path(folder), configuration.seed)


def reference_errors(
    configuration: Configuration, registry: Registry, broken: Collection[str] = ()
) -> list[Mistake]:
    """Every such mistake; of models that are ``broken`` and left out nothing is said."""
    corpora = _corpus_errors(configuration, registry)
    models = list(_model_errors(configuration, registry, broken))
    systems = [
        error
        for system in configuration.systems
        if system.partition("/")[0] not in broken
        for error in _system_errors(configuration, registry, "systems", system, whole=True)
    ]
    return [
        *corpora,
        *models,
        *systems,
        *_doubled_systems(configuration),
        *_fusion_errors(configuration, registry, broken),
        *([] if corpora else _protocol_errors(configuration, registry)),
        *([] if corpora else _seed_errors(configuration, registry)),
        *_beside_errors(configuration),
        *_report_errors(configuration, registry),
        *_paper_errors(configuration),
    ]


def _corpus_errors(configuration: Configuration, registry: Registry) -> list[Mistake]:
    """The corpus is known, and so is its task."""
    if configuration.corpus not in registry.corpora:
        return [("corpus", _unknown(configuration.corpus, registry.corpora))]
    tasks = corpus_of(configuration, registry, configuration.corpus).tasks
    if configuration.task is not None and configuration.task not in tasks:
        return [("task", _unknown(configuration.task, tasks))]
    return []


def _protocol_errors(configuration: Configuration, registry: Registry) -> list[Mistake]:
    """Each speaker in exactly one fold, and no fold empty; only folds that the user names.

    The nested protocol needs three that those who are tested choose by.
    """
    folds, corpus = configuration.protocol.folds, configuration.corpus
    known = corpus_of(configuration, registry, corpus)
    task = configuration.task or next(iter(known.tasks))
    by_recording = BY_RECORDING in configuration.protocol.evaluated
    if by_recording and not isinstance(known.tasks[task], Classes):
        return [("protocol.kind", "recordings are divided by their classes; set it to paper")]
    if folds is None:
        if NESTED not in configuration.protocol.evaluated:
            return []
        splits = known.splits(task, None).values()
        if len(splits) < 3 or any(split.holds_tested_out for split in splits):
            return [("protocol.kind", f"{corpus} has no three folds to nest; set it to paper")]
        return []
    if NESTED in configuration.protocol.evaluated and len(folds) < 3:
        return [("protocol.folds", "the nested protocol needs three folds at least; name more")]
    present = known.speakers
    members = Counter(speaker for fold in folds for speaker in fold)
    key = "protocol.folds"
    return [
        *((key, f"speaker {s} is in {members[s]} folds instead of one")
          for s in present if members[s] != 1),
        *((key, f"speaker {_unknown(s, present)}") for s in members if s not in present),
    ]  # fmt: skip


def _beside_errors(configuration: Configuration) -> list[Mistake]:
    """Models beside the run's own protocol are known ones."""
    return [
        (f"protocol.{key}", _unknown(name, configuration.models))
        for key in ("beside", "by_recording")
        for name in getattr(configuration.protocol, key) or ()
        if name not in configuration.models
    ]


def _seed_errors(configuration: Configuration, registry: Registry) -> list[Mistake]:
    """Each seed once, that of the run first; what classes are named is compared."""
    seeds = configuration.seeds
    if seeds and seeds[0] != configuration.seed:
        return [("seeds", f"begins with {seeds[0]}, but seed is {configuration.seed}: name it")]
    if len(set(seeds)) < len(seeds):
        return [("seeds", "names a seed twice: remove one")]
    known = corpus_of(configuration, registry, configuration.corpus)
    task = known.tasks[configuration.task or next(iter(known.tasks))]
    if configuration.repeats and not isinstance(task, Classes):
        return [("seeds", "several are compared for tasks of classes only: name one")]
    return []


def _model_errors(
    configuration: Configuration, registry: Registry, broken: Collection[str]
) -> Iterator[Mistake]:
    """``of`` names a model that puts out what is read, under the same variants; corpora exist."""
    for name, entry in configuration.models.items():
        family = registry.families[entry.family]
        trained_on = getattr(entry, "corpus", None)
        if trained_on is not None:
            yield from _training_corpus_errors(configuration, registry, name, entry)
        if not entry.reads and family.needs and type(entry).model_fields["of"].is_required():
            yield f"models.{name}.of", "is missing; add it"
        for read in entry.reads:
            if read in broken:
                continue
            base = configuration.models.get(read)
            key = f"models.{name}.{next(k for k, value in reversed(list(entry)) if value == read)}"
            if base is None:
                yield key, _unknown(read, configuration.models)
            elif not family.needs <= registry.families[base.family].gives:
                yield key, f"{read!r} gives no {' or '.join(sorted(family.needs))}"
            elif not set(entry.variants) <= set(base.variants):
                yield f"models.{name}.variants", f"{read!r} lacks one of them"
            elif _circular(configuration, name):
                yield key, "models read each other in a circle"


def _circular(configuration: Configuration, name: str, readers: tuple[str, ...] = ()) -> bool:
    """Whether a model, or one that it reads, is read by a reader of its own."""
    if name in readers:
        return True
    known = [base for base in configuration.models[name].reads if base in configuration.models]
    return any(_circular(configuration, base, (*readers, name)) for base in known)


def _training_corpus_errors(
    configuration: Configuration, registry: Registry, name: str, entry: Any
) -> Iterator[Mistake]:
    """A model that is trained on another corpus names it, and one of its tasks."""
    if entry.corpus not in registry.corpora:
        yield f"models.{name}.corpus", _unknown(entry.corpus, registry.corpora)
        return
    tasks = corpus_of(configuration, registry, entry.corpus).tasks
    if entry.target not in tasks:
        yield f"models.{name}.target", _unknown(entry.target, tasks)


def _system_errors(
    configuration: Configuration, registry: Registry, key: str, system: str, *, whole: bool
) -> list[Mistake]:
    """A system names a model with predictions, and one of its variants."""
    name, _, variant = system.partition("/")
    entry: ModelEntry | None = configuration.models.get(name)
    if entry is None:
        return [(key, f"{name!r} is not among models")]
    family = registry.families[entry.family]
    is_constant = family.constant(entry) is not None
    if PREDICTIONS not in family.gives and not is_constant:
        readers = [
            reader
            for reader, kind in registry.families.items()
            if PREDICTIONS in kind.gives
            and kind.needs
            and kind.needs <= family.gives
            and kind.Entry.model_fields["of"].is_required()
        ]
        advice = f"; name a {' or '.join(readers)} model of it" if readers else ""
        return [(key, f"{name!r} gives no predictions{advice}")]
    if is_constant and not whole:
        return [(key, f"{name!r} is a constant and cannot be fused")]
    if variant not in entry.variants and not (whole and not variant):
        known = ", ".join(f"{name}/{each}" for each in entry.variants)
        return [(key, f"{system!r} is not one of {known}")]
    return []


def _doubled_systems(configuration: Configuration) -> list[Mistake]:
    """Systems that would be evaluated more than once; unknown ones are told elsewhere."""
    models = configuration.models
    known = [name for name in configuration.systems if name.partition("/")[0] in models]
    counts = Counter(configuration.model_copy(update={"systems": known}).evaluated())
    return [
        ("systems", f"'{model}/{variant}' is named {times} times; keep one")
        for (model, variant), times in counts.items()
        if times > 1
    ]


def _fusion_errors(
    configuration: Configuration, registry: Registry, broken: Collection[str]
) -> Iterator[Mistake]:
    """Pairings of several systems of a task with classes; settings of systems that are fused."""
    pairings = configuration.fusion.pairings
    for pairing, members in pairings.items():
        key = f"fusion.pairings.{pairing}"
        if len(set(members)) < 2:
            yield key, "fusion needs at least two different systems"
        for member in members:
            if member.partition("/")[0] in broken:
                continue
            yield from _system_errors(configuration, registry, key, member, whole=False)
    for pairing in set(configuration.fusion.by_pairing) - set(pairings):
        yield f"fusion.by_pairing.{pairing}", _unknown(pairing, pairings)
    fused = {member for members in pairings.values() for member in members}
    known = fused | {member.split("/")[0] for member in fused}
    for fed, inputs in configuration.fusion.inputs.items():
        for name in inputs.by_system:
            if name not in known:
                key = f"fusion.inputs.{fed}.by_system.{name}"
                yield key, "is not fused by any of fusion.pairings"
    if pairings and configuration.corpus in registry.corpora:
        tasks = corpus_of(configuration, registry, configuration.corpus).tasks
        task = tasks.get(configuration.task or next(iter(tasks)))
        if task is not None and not isinstance(task, Classes):
            yield "fusion.pairings", "late fusion needs classes, and this task has none: remove it"


def _report_errors(configuration: Configuration, registry: Registry) -> Iterator[Mistake]:
    """A model is evaluated that lets frames vote, where items are to be drawn."""
    report = configuration.report
    model = report.item_system.partition("/")[0]
    shown = configuration.models.get(model)
    evaluated = {report.item_system, model} & set(configuration.systems)
    if (
        evaluated
        and shown is not None
        and "frame_logits" not in registry.families[shown.family].needs
    ):
        yield "report.item_system", f"{report.item_system!r} lets no frames vote"
    if report.items and not evaluated:
        yield "report.item_system", f"{report.item_system!r} is not among systems"


def _paper_errors(configuration: Configuration) -> list[Mistake]:
    """The paper to compare with has a folder."""
    name, known = configuration.compared_with, [path.name for path in (PROJECT / PAPERS).iterdir()]
    return [("compared_with", _unknown(name, known))] if name and name not in known else []


def _unknown(name: str, known: Iterable[str]) -> str:
    """What is said of a name that is not there."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"{name!r} is not known; did you mean {near[0]}?" if near else f"{name!r} is not known"
