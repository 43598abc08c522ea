"""Mistakes between keys of the configuration that are each valid alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmer.config import Configuration
from mmer.corpus.clips import Clip
from mmer.model_families import BASES


def reference_errors(configuration: Configuration) -> list[tuple[str, str]]:
    """Mistakes between keys that are each valid alone, as ``(key, what is wrong)``."""
    errors = [*_protocol_errors(configuration), *_model_errors(configuration.models)]
    for system in configuration.systems:
        errors += _system_errors(configuration, "systems", system, whole=True)
    for pairing, members in configuration.fusion.pairings.items():
        key = f"fusion.pairings.{pairing}"
        if len(set(members)) < 2:
            errors.append((key, "fusion needs at least two different systems"))
        for member in members:
            errors += _system_errors(configuration, key, member, whole=False)
    return [*errors, *_fusion_input_errors(configuration), *_report_errors(configuration)]


def _fusion_input_errors(configuration: Configuration) -> list[tuple[str, str]]:
    """Inputs by system name systems, or their models, that some pairing fuses."""
    fused = {member for members in configuration.fusion.pairings.values() for member in members}
    known = fused | {member.split("/")[0] for member in fused}
    return [
        (f"fusion.settings.by_system.{name}", "is not fused by any of fusion.pairings")
        for name in configuration.fusion.settings.by_system
        if name not in known
    ]


def _protocol_errors(configuration: Configuration) -> list[tuple[str, str]]:
    """Each actor in exactly one fold, and no fold empty."""
    errors = []
    members = [actor for fold in configuration.protocol.folds for actor in fold]
    for actor in configuration.corpus.actors:
        if members.count(actor) != 1:
            times = members.count(actor)
            errors.append(("protocol.folds", f"actor {actor} is in {times} folds instead of one"))
    present = set(configuration.corpus.actors)
    for index, fold in enumerate(configuration.protocol.folds):
        if not present & set(fold):
            errors.append(("protocol.folds", f"fold {index} has none of corpus.actors"))
    return errors


def _model_errors(models: Mapping[str, Any]) -> list[tuple[str, str]]:
    """``of`` names a model of a fitting family that has the same variants."""
    errors = []
    for name, model in models.items():
        base_name = getattr(model, "of", None)
        if base_name is None:
            continue
        base = models.get(base_name)
        wanted = BASES[model.family]
        if base is None or base.family not in wanted:
            errors.append((f"models.{name}.of", f"{base_name!r} is no {' or '.join(wanted)} here"))
        elif not set(model.variants) <= set(base.variants):
            errors.append((f"models.{name}.variants", f"{base_name!r} lacks one of them"))
    return errors


def _system_errors(
    configuration: Configuration, key: str, system: str, *, whole: bool
) -> list[tuple[str, str]]:
    """A system names a model with posteriors, and one of its variants."""
    name, _, variant = system.partition("/")
    model = configuration.models.get(name)
    if model is None:
        return [(key, f"{name!r} is not among models")]
    readers = [reader for reader, bases in BASES.items() if model.family in bases]
    if readers:
        return [(key, f"{name!r} gives no posteriors; name a {' or '.join(readers)} model of it")]
    if model.family == "literature" and not whole:
        return [(key, f"{name!r} is a constant and cannot be fused")]
    if variant not in model.variants and not (whole and not variant):
        known = ", ".join(f"{name}/{each}" for each in model.variants)
        return [(key, f"{system!r} is not one of {known}")]
    return []


def _report_errors(configuration: Configuration) -> list[tuple[str, str]]:
    """Clips to draw are of the corpus's actors, and a model is evaluated that lets frames vote."""
    report, errors = configuration.report, []
    for name in report.clips:
        if Clip.parse(name).actor not in configuration.corpus.actors:
            errors.append(("report.clips", f"the actor of {name} is not among corpus.actors"))
    model = report.clip_system.partition("/")[0]
    shown = configuration.models.get(model)
    evaluated = {report.clip_system, model} & set(configuration.systems)
    if evaluated and shown is not None and shown.family != "max_voting":
        errors.append(("report.clip_system", f"{report.clip_system!r} is no max_voting model"))
    if report.clips and not evaluated:
        errors.append(("report.clip_system", f"{report.clip_system!r} is not among systems"))
    return errors
