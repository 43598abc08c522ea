"""A bi-LSTM with attention over the frames of an item.

Source: paper section 3.3.1; Baziotis et al. 2018, whose attention is a small perceptron on the
hidden states.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


@dataclass(frozen=True)
class SequenceOutput:
    """What the network says of a batch of items.

    Attributes
    ----------
    logits
        ``(batch, classes)``.
    attention
        ``(batch, frames)``: weights of each item's frames, zero in the padding, summing to one.
    """

    logits: Tensor
    attention: Tensor


class Attention(nn.Module):
    """Scores hidden states ``(batch, frames, width)`` and averages them by the scores.

    Of its linear ``layers`` all but the last keep the width.
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        for _ in range(layers - 1):
            modules += [nn.Linear(width, width), nn.Tanh(), nn.Dropout(dropout)]
        modules += [nn.Linear(width, 1), nn.Tanh(), nn.Dropout(dropout)]
        self.scorer = nn.Sequential(*modules)

    def forward(self, hidden: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted mean ``(batch, width)`` and weights ``(batch, frames)``."""
        scores = self.scorer(hidden).squeeze(-1)
        positions = torch.arange(hidden.shape[1], device=hidden.device)
        inside = positions < lengths.to(hidden.device)[:, None]
        # A softmax over the item's own frames is a softmax over all, masked and renormalised.
        weights = scores.masked_fill(~inside, -torch.inf).softmax(dim=1)
        return torch.einsum("bf,bfw->bw", weights, hidden), weights


class BiLstm(nn.Module):
    """Stacked bi-LSTM layers, attention and one linear layer.

    Parameters
    ----------
    width
        Of a frame's features, such as 50 or 810.
    units, layers, attention_layers, dropout
        See :class:`mmer.models.bilstm.BiLstmSettings`.
    """

    def __init__(
        self,
        width: int,
        units: int,
        layers: int,
        attention_layers: int,
        dropout: float,
        classes: int,
    ) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            width,
            units,
            num_layers=layers,
            bidirectional=True,
            batch_first=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.attention = Attention(2 * units, attention_layers, dropout)
        self.classifier = nn.Linear(2 * units, classes)

    def forward(self, features: Tensor, lengths: Tensor) -> SequenceOutput:
        """Features ``(batch, frames, width)`` float32; lengths ``(batch,)`` int64 on the CPU.

        Padding never enters: the backward direction starts at each item's own last frame.
        """
        packed = pack_padded_sequence(features, lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=features.shape[1]
        )
        summary, weights = self.attention(hidden, lengths)
        return SequenceOutput(self.classifier(summary), weights)
