"""CNN-14: the convolutional network of PANNs, for log-mel spectrograms.

Source: Kong et al. 2020, "PANNs" (paper reference 49, used in paper section 3.2).  Parameters bear
the names of the published checkpoint, but for the last layer, ``classifier``.  SpecAugment: Park et
al. 2019, with the stripe counts and widths of PANNs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.transforms import FrequencyMasking, TimeMasking

from mmer.media.log_mel import MEL_BANDS

CHANNELS = (64, 128, 256, 512, 1024, 2048)
"""Channels of the six blocks; the embedding has as many values as the last."""
BLOCK_DROPOUT = 0.2
TOP_DROPOUT = 0.5
SHORTEST_FRAMES = 32
"""Five poolings halve time; below this many frames nothing is left of it."""

CHANNELS_LAST_BLOCKS = 4
"""The last two blocks hold 94 % of the convolutions' weights and 5 % of the maps' values."""

TIME_STRIPES, TIME_WIDTH = 2, 64
"""Stripes per item, and the width in frames below which each stays."""
MEL_STRIPES, MEL_WIDTH = 2, 8
"""Stripes per item, and the width in mel bands below which each stays."""

PARTS = ("bn0", *(f"conv_block{number}" for number in range(1, 7)), "fc1", "classifier")
"""Modules with parameters, from the input to the output."""


class Cnn14Output(NamedTuple):
    """What the network says of each item.

    Attributes
    ----------
    logits
        ``(batch, classes)`` float32, before the softmax.
    embedding
        ``(batch, 2048 * width)`` float32, not negative: the last layer before the classifier.
    """

    logits: Tensor
    embedding: Tensor


class SpecAugment(nn.Sequential):
    """Set random stripes of normalised log-mels to zero in training mode, others in each item.

    Shapes
    ------
    ``(batch, frames, mel)`` float32 → the same shape.
    """

    def __init__(self) -> None:
        in_time = [TimeMasking(TIME_WIDTH, iid_masks=True) for _ in range(TIME_STRIPES)]
        in_mel = [FrequencyMasking(MEL_WIDTH, iid_masks=True) for _ in range(MEL_STRIPES)]
        super().__init__(*in_time, *in_mel)

    def forward(self, log_mel: Tensor) -> Tensor:
        if not self.training:
            return log_mel
        return super().forward(log_mel.transpose(1, 2)).transpose(1, 2)


class ConvBlock(nn.Module):
    """Two 3×3 convolutions, each with batch norm and ReLU; average pooling; dropout.

    Shapes
    ------
    ``(batch, inputs, frames, mel)`` → ``(batch, outputs, frames // pool, mel // pool)``
    """

    def __init__(self, inputs: int, outputs: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.pool = pool

    def forward(self, maps: Tensor) -> Tensor:
        maps = functional.relu(self.bn1(self.conv1(maps)), inplace=True)
        maps = functional.relu(self.bn2(self.conv2(maps)), inplace=True)
        if self.pool > 1:
            maps = functional.avg_pool2d(maps, self.pool)
        return functional.dropout(maps, BLOCK_DROPOUT, self.training)


def mix_pairs(values: Tensor, mixing: Tensor) -> Tensor:
    """Mix each even row with the odd row after it (mixup, Zhang et al. 2018).

    Rows ``(2 * pairs, ...)`` become ``(pairs, ...)``; ``mixing`` is the share of the even row in
    each pair, ``(pairs,)`` float32 in [0, 1].
    """
    share = mixing.reshape(-1, *[1] * (values.ndim - 1))
    return values[0::2] * share + values[1::2] * (1 - share)


def _laid_out_for(block: int, maps: Tensor) -> Tensor:
    """The same maps in the layout in which a block is fastest; convolutions follow their input.

    On the CPU channels last saves a third of the time where maps are large, and costs as much where
    weights are larger than maps, since parameters keep their layout and are turned in every step.
    """
    last = block <= CHANNELS_LAST_BLOCKS and not maps.is_cuda
    return maps.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


class Cnn14(nn.Module):
    """CNN-14 from log-mel to logits.

    Parameters
    ----------
    width
        Factor on all channels; 1 is the published network, with 80.75 M parameters at AudioSet's
        527 classes.
    spec_augment
        Whether stripes of the input are silenced in training mode.
    trainable_from
        First of :data:`PARTS` that is trained.  Those before it keep their weights and their
        batch-norm statistics, and drop nothing out.
    """

    def __init__(
        self,
        classes: int,
        width: float = 1.0,
        spec_augment: bool = True,
        trainable_from: str = PARTS[0],
    ) -> None:
        super().__init__()
        channels = [1, *(max(8, round(count * width)) for count in CHANNELS)]
        self.bn0 = nn.BatchNorm2d(MEL_BANDS)
        self.spec_augment = SpecAugment() if spec_augment else nn.Identity()
        for number in range(1, 7):
            block = ConvBlock(channels[number - 1], channels[number], pool=2 if number < 6 else 1)
            setattr(self, f"conv_block{number}", block)
        self.fc1 = nn.Linear(channels[-1], channels[-1])
        self.classifier = nn.Linear(channels[-1], classes)
        self.frozen = PARTS[: PARTS.index(trainable_from)]
        self._initialise()

    def _initialise(self) -> None:
        """Xavier uniform weights and zero biases, as PANNs; batch norm keeps torch's 1 and 0."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for name in self.frozen:
            self.get_submodule(name).requires_grad_(False)

    def train(self, mode: bool = True) -> Cnn14:
        """Set the mode; frozen parts stay in eval mode."""
        super().train(mode)
        for name in self.frozen:
            self.get_submodule(name).eval()
        return self

    def forward(self, log_mel: Tensor, mixing: Tensor | None = None) -> Cnn14Output:
        """Classify log-mels ``(batch, frames, 64)`` float32 in dB, at least 32 frames.

        With ``mixing``, ``(batch / 2,)``, neighbours are mixed after ``bn0``: half the batch.
        """
        assert log_mel.shape[1] >= SHORTEST_FRAMES, f"{log_mel.shape[1]} frames: too short"
        # (batch, mel, frames, 1): bn0 normalises each mel band
        features = self.bn0(log_mel.transpose(1, 2).unsqueeze(3)).squeeze(3).transpose(1, 2)
        features = self.spec_augment(features)
        if mixing is not None:
            features = mix_pairs(features, mixing)
        # (batch, 1, frames, mel) with channels last
        maps = features.contiguous().unsqueeze(3).permute(0, 3, 1, 2)
        for number in range(1, 7):
            maps = self.get_submodule(f"conv_block{number}")(_laid_out_for(number, maps))
        with torch.autocast(maps.device.type, enabled=False):
            return self._classify(maps.float())

    def _classify(self, maps: Tensor) -> Cnn14Output:
        """From the last block's maps ``(batch, channels, frames / 32, mel / 32)``, in float32."""
        over_time = maps.mean(dim=3)
        pooled = over_time.amax(dim=2) + over_time.mean(dim=2)
        pooled = functional.dropout(pooled, TOP_DROPOUT, self.fc1.training)
        embedding = functional.relu(self.fc1(pooled))
        dropped = functional.dropout(embedding, TOP_DROPOUT, self.classifier.training)
        return Cnn14Output(self.classifier(dropped), embedding)
