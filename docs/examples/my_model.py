"""A small convolutional network on log-mel spectrograms."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torchaudio.transforms import MelSpectrogram

from mmer.models.base import ModelEntry
from mmer.models.network import NetworkFamily, NetworkSettings
from mmer.settings import decided
from mmer.tasks import Classes


class MySettings(NetworkSettings):
    """How the network is built and trained."""

    bands: int = decided(64, "Mel bands.", "As many as CNN-14 hears.", ge=8)
    channels: int = decided(32, "Channels of each layer.", "Enough for an example.", ge=1)


class MyEntry(ModelEntry):
    """Its entry under ``models`` in the configuration."""

    family: Literal["my_network"]
    settings: MySettings = MySettings()


class MyNetwork(nn.Module):
    """Two convolutions over time, then the mean over the frames of each item."""

    def __init__(self, width: int, channels: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, channels, kernel_size=5, padding=2)
        self.second = nn.Conv1d(channels, channels, kernel_size=5, padding=2)
        self.classes = nn.Linear(channels, classes)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Logits ``(batch, classes)`` of features ``(batch, frames, width)``."""
        heard = self.second(self.first(features.mT).relu()).relu()
        inside = torch.arange(heard.shape[2], device=heard.device) < lengths[:, None]
        return self.classes((heard * inside[:, None]).sum(dim=2) / lengths[:, None])


class MyFamily(NetworkFamily):
    """What a configuration means by ``family: my_network``."""

    name = "my_network"
    Entry = MyEntry

    def features(self, samples: np.ndarray, settings: MySettings) -> Tensor:
        """Log-mels ``(frames, bands)``, a hundred frames per second."""
        mel = MelSpectrogram(16000, n_fft=512, hop_length=160, n_mels=settings.bands)
        return (mel(torch.from_numpy(samples / 32768).float()) + 1e-6).log().T

    def network(self, width: int, task: Classes, settings: MySettings) -> nn.Module:
        """The network, with random weights."""
        return MyNetwork(width, settings.channels, task.outputs)
