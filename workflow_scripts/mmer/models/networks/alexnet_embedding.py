"""The embedding (fc7) of every item, as DeepSpectrum takes it.

Source: paper section 3.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torchvision.models import AlexNet
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.media.spectrogram_image import spectrogram_images
from mmer.media.spectrogram_image_settings import SpectrogramImageSettings
from mmer.media.speech_spans import SpeechSpan
from mmer.models.alexnet_embedding import AlexNetEmbeddingSettings
from mmer.models.base import ModelJob
from mmer.models.networks.alexnet import fc7, initial_alexnet
from mmer.ragged import Ragged, read_ragged
from mmer.training.device import prepare_device
from mmer.training.kept_audio import spans_of
from mmer.training.recordings import every_recording

ITEMS_AT_ONCE = 32
"""Items per pass: bounds memory."""


def embed(job: ModelJob) -> None:
    """Draw, embed, write the output ``embeddings``."""
    settings = job.settings(AlexNetEmbeddingSettings)
    device = prepare_device(job.seed)
    # The last layer is not used, but random weights are drawn after it.
    network = initial_alexnet(settings.weights, settings.width, job.task.outputs, job.weights)
    audio = read_ragged(job.inputs["audio"])
    embeddings = embed_items(network.to(device), audio, spans_of(job), settings.image)
    write_embeddings(job.output("embeddings"), embeddings)


def embed_items(
    network: AlexNet,
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    image: SpectrogramImageSettings,
) -> Embeddings:
    """Trim, draw and embed every item, in order of their names.

    The network, on any device, is left in eval mode.

    Raises
    ------
    UserError
        If an item comes twice, is shorter than 0.31 s, or has no span or an empty one.
    """
    device = next(network.parameters()).device
    names, waveforms = every_recording(audio, spans)
    values = []
    for start in tqdm(range(0, len(names), ITEMS_AT_ONCE), unit="batch", mininterval=10):
        drawn = spectrogram_images(waveforms[start : start + ITEMS_AT_ONCE], image)
        values.append(fc7(network, torch.from_numpy(drawn).to(device)).cpu().numpy())
    return Embeddings(names, np.concatenate(values))
