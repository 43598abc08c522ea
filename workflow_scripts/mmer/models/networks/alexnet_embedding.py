"""The embedding (fc7) of items, as DeepSpectrum takes it.

Source: paper section 3.2.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torchvision.models import AlexNet

from mmer.media.spectrogram_image import spectrogram_images
from mmer.media.spectrogram_image_settings import SpectrogramImageSettings
from mmer.models.networks.alexnet import fc7


def embeddings_of(
    network: AlexNet, waveforms: Sequence[np.ndarray], image: SpectrogramImageSettings
) -> np.ndarray:
    """Embeddings of int16 waveforms, ``(items, 4096 * width)`` float32; the network evaluates."""
    drawn = torch.from_numpy(spectrogram_images(waveforms, image))
    return fc7(network, drawn.to(next(network.parameters()).device)).cpu().numpy()
