"""WeSpeaker's residual network, what it hears, and a layer on it that names classes.

What it hears and its layers are fixed by its published weights; of those only the width can be
another, where weights are random.  Source: WeSpeaker (Wang et al. 2023), its recipe of ResNet34 on
VoxCeleb, which was read and not copied.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torchaudio.compliance import kaldi

from mmer.media.log_mel import SAMPLE_RATE
from mmer.training.recordings import at_least_shortest

MEL_BANDS = 80
FRAME_MS, HOP_MS = 25.0, 10.0
BLOCKS = (3, 4, 6, 3)
"""Of each stage; a stage but the first halves bands and frames."""
CHANNELS = 32
"""Of the first stage; each further one has twice as many."""
WIDTH = 256
"""Values of an embedding."""
LEAST_VARIANCE = 1e-7
STAGES = ("layer1", "layer2", "layer3", "layer4")
PARTS = ("conv1", "bn1", *STAGES, "seg_1")
"""In order, by the names of the published weights."""
TRAINED_FROM = {"all": "conv1", "last_stage": "layer4", "embedding": "seg_1"}
"""First trained part for each choice of the setting ``trainable``."""


def log_mels(samples: np.ndarray) -> Tensor:
    """Log-mels ``(frames, 80)`` float32 of int16 samples, told from the item's mean of each band.

    Kaldi's: 25 ms every 10 ms, no frame beyond the sound, Hamming's window, no dither.
    """
    waveform = torch.from_numpy(at_least_shortest(samples).astype(np.float32))
    mels = kaldi.fbank(
        waveform[None],
        num_mel_bins=MEL_BANDS,
        frame_length=FRAME_MS,
        frame_shift=HOP_MS,
        sample_frequency=SAMPLE_RATE,
        window_type="hamming",
    )
    return mels - mels.mean(dim=0)


class Block(nn.Module):
    """Two convolutions, and what enters added to what they say (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride > 1 or before != after:
            self.shortcut.append(nn.Conv2d(before, after, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(after))

    def forward(self, maps: Tensor, inside: Tensor) -> Tensor:
        """Maps ``(batch, channels, bands, frames)``; 0 where ``inside`` is, after each layer."""
        inner = self.bn1(self.conv1(maps)).relu() * inside
        return (self.bn2(self.conv2(inner)) + self.shortcut(maps)).relu() * inside


class SpeakerResnet(nn.Module):
    """The embedding of log-mels: residual blocks, then mean and deviation over time.

    What lies beyond an item is silent in every layer, so that an item has the same embedding alone
    and among longer ones, but for the statistics of batch norm in training.

    Shapes
    ------
    log-mels ``(batch, frames, 80)`` and lengths ``(batch,)``, each 9 or more → ``(batch, 256)``.

    Parameters
    ----------
    width
        Factor on all channels.
    trainable
        ``all``, ``last_stage`` or ``embedding``, as in the settings.  What comes before keeps its
        weights and its batch-norm statistics.
    """

    def __init__(self, width: float = 1.0, trainable: str = "all") -> None:
        super().__init__()
        channels = [max(1, round(CHANNELS * width)) * 2**stage for stage in range(len(BLOCKS))]
        self.conv1 = nn.Conv2d(1, channels[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        before = channels[0]
        for name, blocks, after in zip(STAGES, BLOCKS, channels, strict=True):
            strides = [1 if name == STAGES[0] else 2] + [1] * (blocks - 1)
            stage = nn.ModuleList()
            for stride in strides:
                stage.append(Block(before, after, stride))
                before = after
            self.add_module(name, stage)
        left = MEL_BANDS // 2 ** (len(BLOCKS) - 1)
        self.seg_1 = nn.Linear(2 * channels[-1] * left, WIDTH)
        self.frozen = PARTS[: PARTS.index(TRAINED_FROM[trainable])]
        for name in self.frozen:
            self.get_submodule(name).requires_grad_(False)

    def train(self, mode: bool = True) -> SpeakerResnet:
        """Set the mode; frozen parts stay in evaluation mode."""
        super().train(mode)
        for name in self.frozen:
            self.get_submodule(name).eval()
        return self

    def forward(self, log_mels: Tensor, lengths: Tensor) -> Tensor:
        inside = torch.arange(log_mels.shape[1], device=log_mels.device) < lengths[:, None]
        inside = inside[:, None, None]  # (batch, 1, 1, frames)
        maps = self.bn1(self.conv1(log_mels.mT[:, None] * inside)).relu() * inside
        for name in STAGES:
            inside = inside if name == STAGES[0] else inside[..., ::2]
            for block in self.get_submodule(name):
                maps = block(maps, inside)
        return self.seg_1(torch.cat(_mean_and_deviation(maps.flatten(1, 2), inside[:, 0]), dim=1))


def _mean_and_deviation(values: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Of ``(batch, width, frames)`` over the frames inside, each ``(batch, width)``."""
    frames = inside.sum(dim=2)
    mean = (values * inside).sum(dim=2) / frames
    squares = ((values - mean[:, :, None]).square() * inside).sum(dim=2)
    return mean, (squares / (frames - 1) + LEAST_VARIANCE).sqrt()


class SpeakerResnetClassifier(nn.Module):
    """The embedding of an item, standardised, then a linear layer.

    Shapes
    ------
    log-mels ``(batch, frames, 80)``, lengths ``(batch,)`` → logits ``(batch, classes)``.
    """

    def __init__(self, network: SpeakerResnet, dropout: float, classes: int) -> None:
        super().__init__()
        self.network = network
        self.standardised = nn.BatchNorm1d(WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(WIDTH, classes)

    def forward(self, log_mels: Tensor, lengths: Tensor) -> Tensor:
        return self.classes(self.dropout(self.standardised(self.network(log_mels, lengths))))


@torch.inference_mode()
def embeddings_of(network: SpeakerResnet, waveforms: Sequence[np.ndarray]) -> np.ndarray:
    """Embeddings of int16 waveforms, each at its own length, ``(items, 256)`` float32."""
    device = next(network.parameters()).device
    heard = [log_mels(samples)[None].to(device) for samples in waveforms]
    said = [network(each, torch.tensor([each.shape[1]], device=device)) for each in heard]
    return torch.cat(said).cpu().numpy()
