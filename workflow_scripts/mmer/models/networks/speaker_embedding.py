"""The embedding of every item by a speaker network: the mean direction of its parts' embeddings."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.media.log_mel import FULL_SCALE
from mmer.models.base import ModelJob
from mmer.models.networks.speaker_encoder import SpeakerEncoder, mels_of_parts, start_from
from mmer.models.speaker_embedding import SpeakerEmbeddingSettings
from mmer.ragged import read_ragged
from mmer.training.device import prepare_device
from mmer.training.kept_audio import spans_of
from mmer.training.recordings import every_recording


def embed(job: ModelJob) -> None:
    """Embed every item in order of their names, write the output ``embeddings``.

    Raises
    ------
    UserError
        If the weights are refused, or an item comes twice, is shorter than 0.31 s before trimming,
        or has no span or an empty one.
    """
    settings = job.settings(SpeakerEmbeddingSettings)
    device = prepare_device(job.seed)
    network = start_from(SpeakerEncoder(), settings.weights, job.weights).eval().to(device)
    names, waveforms = every_recording(read_ragged(job.inputs["audio"]), spans_of(job))
    items = tqdm(waveforms, unit="item", mininterval=10)
    values = [embedding_of(network, samples, settings.loudness_dbfs) for samples in items]
    write_embeddings(job.output("embeddings"), Embeddings(names, np.stack(values)))


@torch.inference_mode()
def embedding_of(
    network: SpeakerEncoder, samples: np.ndarray, loudness_dbfs: float | None
) -> np.ndarray:
    """The embedding of one item's int16 samples, ``(256,)`` float32 of length 1.

    That of digital silence may be all 0.
    """
    mels = mels_of_parts(raised(samples / FULL_SCALE, loudness_dbfs).astype(np.float32))
    parts = network(torch.from_numpy(mels).to(next(network.parameters()).device))
    return torch.nn.functional.normalize(parts.mean(dim=0), dim=0).cpu().numpy()


def raised(samples: np.ndarray, loudness_dbfs: float | None) -> np.ndarray:
    """Samples in [-1, 1], amplified to a level where they are quieter; silence stays."""
    level = np.sqrt(np.mean(np.square(samples)))
    if loudness_dbfs is None or level == 0:
        return samples
    return samples * max(1.0, 10 ** (loudness_dbfs / 20) / level)
