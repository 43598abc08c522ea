"""Which models take part in the nested protocol."""

from __future__ import annotations

import itertools

from mmer.plan.models import ModelsPlan
from mmer.protocol import PAPER


def protocols_of(models: ModelsPlan, model: str) -> tuple[str, ...]:
    """The protocols under which a model is trained, or its predictions are had."""
    if not_nested(models, model):
        return (PAPER,)
    return models.run.configuration.protocol.evaluated


def not_nested(models: ModelsPlan, model: str) -> str | None:
    """Why a model takes no part in the nested protocol; None where it does."""
    for name in models.run.configuration.chain(model):
        if reason := models.family(name).only_paper_splits:
            return reason
        bases = models.entry(name).reads
        for step, of in itertools.product(models.steps[name], bases):
            had = [s.outputs.get(read) for s in models.steps[of] for read in step.of_base]
            if step.per == "split" and any(each and each.per == "split" for each in had):
                return f"it starts from {of}, of which two weights are kept in each training"
    return None
