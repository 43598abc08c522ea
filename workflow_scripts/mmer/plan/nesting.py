"""Which models take part in which protocol."""

from __future__ import annotations

import itertools

from mmer.by_recording import BY_RECORDING
from mmer.plan.models import ModelsPlan
from mmer.protocol import NESTED, PAPER


def protocols_of(models: ModelsPlan, model: str) -> tuple[str, ...]:
    """The protocols under which a model is trained, or its predictions are had.

    One that takes no part in another has those of the paper's, which a fusion may read.
    """
    configuration = models.run.configuration
    evaluated = configuration.protocol.evaluated
    takers = [name for name in configuration.used() if model in configuration.chain(name)]
    part = [p for p in evaluated if not all(no_part(models, name, p) for name in takers)]
    return tuple(dict.fromkeys(part if len(part) == len(evaluated) else [PAPER, *part]))


def no_part(models: ModelsPlan, model: str, protocol: str) -> str | None:
    """Why a model takes no part in a protocol; None where it does."""
    if protocol == PAPER:
        return None
    if reason := not_beside(models, model, protocol):
        return reason
    for name in models.run.configuration.chain(model):
        if reason := models.family(name).only_paper_splits:
            return reason
        bases = models.entry(name).reads if protocol == NESTED else ()
        for step, of in itertools.product(models.steps[name], bases):
            had = [s.outputs.get(read) for s in models.steps[of] for read in step.of_base]
            if step.per == "split" and any(each and each.per == "split" for each in had):
                return f"it starts from {of}, of which two weights are kept in each training"
    return None


def not_beside(models: ModelsPlan, model: str, protocol: str) -> str | None:
    """Why the user leaves a model out of a protocol beside the run's own; None where not."""
    settings = models.run.configuration.protocol
    if protocol == settings.evaluated[0]:
        return None
    key = settings.named_by[protocol]
    named = getattr(settings, key)
    return None if named is None or model in named else f"protocol.{key} does not name it"


def not_fused(models: ModelsPlan, model: str, protocol: str) -> str | None:
    """Why no fusion under a protocol may read a model; None where it may.

    Under the nested one it may read posteriors of the paper's splits, out of fold.
    """
    return (no_part if protocol == BY_RECORDING else not_beside)(models, model, protocol)
