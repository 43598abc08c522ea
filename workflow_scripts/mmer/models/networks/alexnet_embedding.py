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
from mmer.media.log_mel import SAMPLE_RATE
from mmer.media.spectrogram_image import spectrogram_images
from mmer.media.spectrogram_image_settings import SpectrogramImageSettings
from mmer.media.speech_spans import SpeechSpan
from mmer.models.alexnet_embedding import AlexNetEmbeddingSettings
from mmer.models.base import ModelJob
from mmer.models.networks.alexnet import fc7
from mmer.models.networks.alexnet_checkpoint import initial_alexnet
from mmer.models.weights_settings import SHORTEST_SECONDS
from mmer.ragged import Ragged, read_ragged
from mmer.runtime.job import Compute
from mmer.training.job import prepare_device, spans_of
from mmer.training.kept_audio import kept_samples, rows_by_name

ITEMS_AT_ONCE = 32
"""Items per pass: bounds memory."""


def embed(job: ModelJob) -> None:
    """Draw, embed, write the output ``embeddings``."""
    settings = job.settings(AlexNetEmbeddingSettings)
    device = prepare_device(job, Compute.from_environment())
    # The last layer is not used, but random weights are drawn after it.
    network = initial_alexnet(settings.weights, settings.width, job.task.outputs, job.weights).to(
        device
    )
    audio = read_ragged(job.inputs["audio"])
    embeddings = embed_items(network, audio, spans_of(job), settings.image)
    write_embeddings(job.output("embeddings"), embeddings)


def embed_items(
    network: AlexNet,
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    image: SpectrogramImageSettings,
) -> Embeddings:
    """Trim, draw and embed every item, in order of their names.

    Parameters
    ----------
    network
        On any device; left in eval mode.
    audio
        int16 mono at 16 kHz.
    spans
        What to keep of each item (variant ``vad``); None keeps all of it (variant ``full``).
    image
        How an item is drawn.

    Raises
    ------
    UserError
        If an item comes twice, is shorter than 0.31 s, or has no span or an empty one.
    """
    assert audio.rate == SAMPLE_RATE, f"audio at {audio.rate} Hz"
    device = next(network.parameters()).device
    rows = rows_by_name(audio.items)
    values = []
    for start in tqdm(range(0, len(rows), ITEMS_AT_ONCE), unit="batch", mininterval=10):
        some = rows[start : start + ITEMS_AT_ONCE]
        waveforms = [kept_samples(audio, row, spans, SHORTEST_SECONDS) for row in some]
        images = torch.from_numpy(spectrogram_images(waveforms, image)).to(device)
        values.append(fc7(network, images).cpu().numpy())
    return Embeddings(tuple(audio.items[row] for row in rows), np.concatenate(values))
