"""Which models take part in which protocol."""

from __future__ import annotations

from mmer.by_recording import BY_RECORDING
from mmer.plan.models import ModelsPlan
from mmer.protocol import NESTED, PAPER


def protocols_of(models: ModelsPlan, model: str) -> tuple[str, ...]:
    """The protocols under which a model is trained, or its predictions are had.

    One that takes no part in another has those of the paper's, which a fusion may read.
    """
    evaluated = models.run.configuration.protocol.evaluated
    part = [protocol for protocol in evaluated if not no_part(models, model, protocol)]
    return tuple(dict.fromkeys(part if len(part) == len(evaluated) else [PAPER, *part]))


def no_part(models: ModelsPlan, model: str, protocol: str) -> str | None:
    """Why a model takes no part in a protocol; None where it does."""
    if protocol == PAPER:
        return None
    kind = models.run.configuration.protocol.kind
    if protocol == BY_RECORDING and kind != BY_RECORDING and models.is_random(model):
        return "by recording networks are trained only where protocol.kind is by_recording"
    for name in models.run.configuration.chain(model):
        if reason := models.family(name).only_paper_splits:
            return reason
        of = models.entry(name).of
        for step in models.steps[name] if of and protocol == NESTED else ():
            had = [s.outputs.get(read) for s in models.steps[of] for read in step.of_base]
            if step.per == "split" and any(each and each.per == "split" for each in had):
                return f"it starts from {of}, of which two weights are kept in each training"
    return None
