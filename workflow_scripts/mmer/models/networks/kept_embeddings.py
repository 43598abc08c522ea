"""Vectors of new recordings, as a run made those of its items."""

from __future__ import annotations

from torch import Tensor

from mmer.models.base import ModelJob
from mmer.models.embedding import EmbeddingFamily
from mmer.models.kept import KeptModel, NewItems, Predictor, Said
from mmer.models.networks.embedding import settings_of, vectors
from mmer.training.device import prepare_device
from mmer.training.foreign_checkpoint import load_exactly
from mmer.training.recordings import every_recording


def kept_state(family: EmbeddingFamily, job: ModelJob) -> dict[str, Tensor]:
    """Weights of the network that described a run's items: random ones follow from the seed."""
    if not family.starts_from_weights:
        return {}
    prepare_device(job.seed)
    return family.network(job.task, settings_of(family, job), job.weights).state_dict()


def predictor(family: EmbeddingFamily, kept: KeptModel) -> Predictor:
    """What the family says of each piece."""
    settings = settings_of(family, kept)
    if family.starts_from_weights:
        device = prepare_device(None)
        network = family.network(kept.task, settings.model_copy(update={"weights": "random"}), None)
        load_exactly(network, kept.model, kept.state)
        network.eval().to(device)
    else:
        network = family.network(kept.task, settings, None)

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert pieces.audio is not None, "what describes a voice is given sound"
        _, waveforms = every_recording(pieces.audio, pieces.kept_by(kept.variant))
        return Said(embeddings=vectors(family, network, waveforms, settings))

    return say
