"""The embedding of every item by WeSpeaker's residual network, each at its own length."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.models.base import ModelJob
from mmer.models.networks.speaker_resnet import SpeakerResnet, log_mels
from mmer.models.networks.speaker_resnet_checkpoint import start_from
from mmer.models.speaker_weights_settings import SpeakerResnetEmbeddingSettings
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
    settings = job.settings(SpeakerResnetEmbeddingSettings)
    device = prepare_device(job.seed)
    network = SpeakerResnet(settings.width).eval()
    network = start_from(network, settings.weights, job.weights).to(device)
    names, waveforms = every_recording(read_ragged(job.inputs["audio"]), spans_of(job))
    items = tqdm(waveforms, unit="item", mininterval=10)
    values = np.stack([embedding_of(network, samples) for samples in items])
    write_embeddings(job.output("embeddings"), Embeddings(names, values))


@torch.inference_mode()
def embedding_of(network: SpeakerResnet, samples: np.ndarray) -> np.ndarray:
    """The embedding ``(256,)`` float32 of an item's int16 samples; the network evaluates."""
    heard = log_mels(samples).to(next(network.parameters()).device)
    return network(heard[None], torch.tensor([len(heard)], device=heard.device))[0].cpu().numpy()
