"""The embedding (fc7) of every clip, as DeepSpectrum takes it.

Source: paper section 3.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torchvision.models import AlexNet
from tqdm import tqdm

from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.alexnet import fc7
from mmer.speech.embeddings import Embeddings
from mmer.speech.kept_audio import kept_samples, rows_by_name
from mmer.speech.log_mel import SAMPLE_RATE
from mmer.speech.network_settings import SHORTEST_SECONDS
from mmer.speech.spectrogram_image import spectrogram_images
from mmer.speech.spectrogram_image_settings import SpectrogramImageSettings
from mmer.store import Ragged

CLIPS_AT_ONCE = 32
"""Clips per pass: bounds memory."""


def embed_clips(
    network: AlexNet,
    audio: Ragged,
    spans: Mapping[str, SpeechSpan] | None,
    image: SpectrogramImageSettings,
) -> Embeddings:
    """Trim, draw and embed every clip, in order of their names.

    Parameters
    ----------
    network
        On any device; left in eval mode.
    audio
        int16 mono at 16 kHz.
    spans
        What to keep of each clip (variant ``vad``); None keeps all of it (variant ``full``).
    image
        How a clip is drawn.

    Raises
    ------
    UserError
        If a clip comes twice, is shorter than 0.31 s, or has no span or an empty one.
    """
    assert audio.rate == SAMPLE_RATE, f"audio at {audio.rate} Hz"
    device = next(network.parameters()).device
    rows = rows_by_name(audio.clips)
    values = []
    for start in tqdm(range(0, len(rows), CLIPS_AT_ONCE), unit="batch", mininterval=10):
        some = rows[start : start + CLIPS_AT_ONCE]
        waveforms = [kept_samples(audio, row, spans, SHORTEST_SECONDS) for row in some]
        images = torch.from_numpy(spectrogram_images(waveforms, image)).to(device)
        values.append(fc7(network, images).cpu().numpy())
    return Embeddings(tuple(audio.clips[row] for row in rows), np.concatenate(values))
