"""A vector of every item's voice: what stands behind ``EmbeddingFamily``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.models.base import ModelJob
from mmer.models.embedding import EmbeddingFamily
from mmer.models.kept import KeptModel
from mmer.ragged import read_ragged
from mmer.training.device import prepare_device
from mmer.training.kept_audio import spans_of
from mmer.training.recordings import every_recording


def embed(family: EmbeddingFamily, job: ModelJob) -> None:
    """Describe every item in order of their names, write the output ``embeddings``.

    A UserError if the weights are refused, or an item comes twice, is shorter than 0.31 s before
    trimming, or has no span or an empty one.
    """
    settings = settings_of(family, job)
    device = prepare_device(job.seed) if family.starts_from_weights else None
    network = family.network(job.task, settings, job.weights)
    if device is not None:
        network.eval().to(device)
    names, waveforms = every_recording(read_ragged(job.inputs["audio"]), spans_of(job))
    values = vectors(family, network, waveforms, settings)
    write_embeddings(
        job.output("embeddings"), Embeddings(names, values, family.dimensions(network))
    )


def settings_of(family: EmbeddingFamily, told: ModelJob | KeptModel) -> Any:
    """The model's settings; None of a family that has none."""
    field = family.Entry.model_fields.get("settings")
    return None if field is None else told.settings(field.annotation)


def vectors(
    family: EmbeddingFamily, network: Any, waveforms: Sequence[np.ndarray], settings: Any
) -> np.ndarray:
    """What the family says of int16 waveforms, ``(items, dimensions)`` float32."""
    size = family.items_at_once or len(waveforms)
    starts = tqdm(range(0, len(waveforms), size), unit="batch", mininterval=10)
    said = [family.describe(network, waveforms[at : at + size], settings) for at in starts]
    return np.concatenate(said)
