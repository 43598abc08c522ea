"""The embedding of every item by a speaker network: the mean direction of its parts' embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import normalize
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.media.log_mel import FULL_SCALE
from mmer.models.base import ModelJob
from mmer.models.networks.speaker_encoder import SpeakerEncoder, mels_of, parts_of, start_from
from mmer.models.speaker_weights_settings import SpeakerEmbeddingSettings
from mmer.ragged import read_ragged
from mmer.training.device import prepare_device
from mmer.training.kept_audio import spans_of
from mmer.training.recordings import every_recording

ITEMS_AT_ONCE = 32
"""Per pass through the network: bounds memory."""


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
    starts = tqdm(range(0, len(names), ITEMS_AT_ONCE), unit="batch", mininterval=10)
    values = [
        embeddings_of(network, waveforms[start : start + ITEMS_AT_ONCE], settings.loudness_dbfs)
        for start in starts
    ]
    write_embeddings(job.output("embeddings"), Embeddings(names, np.concatenate(values)))


@torch.inference_mode()
def embeddings_of(
    network: SpeakerEncoder, waveforms: Sequence[np.ndarray], loudness_dbfs: float | None
) -> np.ndarray:
    """The embeddings of items' int16 samples, ``(items, 256)`` float32, each of length 1.

    That of digital silence may be all 0.
    """
    parts = [parts_of(heard(samples, loudness_dbfs)[None])[0] for samples in waveforms]
    device = next(network.parameters()).device
    of_items = network(torch.cat(parts).to(device)).split([len(each) for each in parts])
    return normalize(torch.stack([each.mean(dim=0) for each in of_items])).cpu().numpy()


def heard(samples: np.ndarray, loudness_dbfs: float | None) -> torch.Tensor:
    """Mel powers ``(frames, 40)`` of an item's int16 samples, at a level."""
    loud_enough = raised(samples / FULL_SCALE, loudness_dbfs)
    return torch.from_numpy(mels_of(loud_enough.astype(np.float32)))


def raised(samples: np.ndarray, loudness_dbfs: float | None) -> np.ndarray:
    """Samples in [-1, 1], amplified to a level where they are quieter; silence stays."""
    level = np.sqrt(np.mean(np.square(samples)))
    if loudness_dbfs is None or level == 0:
        return samples
    return samples * max(1.0, 10 ** (loudness_dbfs / 20) / level)
