"""Where the weights that every model of a run begins with come from."""

from __future__ import annotations

from mmer.models.base import Origin
from mmer.plan.models import ModelsPlan
from mmer.plan.weights import SALIENCY, VOICE_ACTIVITY


def origins_of(models: ModelsPlan) -> list[dict[str, str | None]]:
    """Where the initial weights of every evaluated model come from."""
    found: list[dict[str, str | None]] = []
    chains = [models.run.configuration.chain(m) for m, _ in models.run.configuration.evaluated()]
    for model in dict.fromkeys(name for chain in chains for name in chain):
        family, entry = models.family(model), models.entry(model)
        if not family.starts_from_weights:
            continue
        origin = family.origin(entry, models.corpora.had)
        name = models.registered_weights(model)
        if origin is None and name is not None:
            found.append(models.weights.origin(model, name))
            continue
        origin = origin or Origin("random initialisation")
        about = {"source": origin.source, "sha256": None, "licence": origin.licence}
        found.append({"name": model, **about})
    if models.weights.maps_by_network and any(models.sees_saliency(str(o["name"])) for o in found):
        found.append(models.weights.origin("saliency, MSI-Net", SALIENCY))
    if models.corpora.reads_recordings:
        found.append(models.weights.origin("voice activity", VOICE_ACTIVITY))
    return found
