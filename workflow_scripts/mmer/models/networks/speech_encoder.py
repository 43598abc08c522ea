"""Self-supervised encoders of speech, as the library transformers builds them.

The convolutions hear one item at a time: those of the base encoders are normalised over all that
they are given, so silence after a shorter item of a batch would change what is said of it.  The
transformer is then given padded features and a mask.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm
from torch.nn.utils.rnn import pad_sequence
from transformers.models.hubert import HubertConfig, HubertModel
from transformers.models.wav2vec2 import Wav2Vec2Config, Wav2Vec2Model
from transformers.models.wavlm import WavLMConfig, WavLMModel

from mmer.media.log_mel import FULL_SCALE
from mmer.training.recordings import at_least_shortest

KINDS = {
    "wav2vec2": (Wav2Vec2Config, Wav2Vec2Model),
    "hubert": (HubertConfig, HubertModel),
    "wavlm": (WavLMConfig, WavLMModel),
}
"""Architectures by the name that their configuration gives them."""

VARIANCE_FLOOR = 1e-7
"""Added to the variance of sound, as the library's preprocessing does."""

EncoderConfiguration = Wav2Vec2Config | HubertConfig | WavLMConfig


class _Passed(nn.Module):
    """Stands in the place of convolutions that were already run."""

    def forward(self, features: Tensor) -> Tensor:
        return features


class SpeechEncoder(nn.Module):
    """The convolutions and the transformer of an encoder.

    With ``reduced`` products are computed in bfloat16.
    """

    def __init__(self, configuration: EncoderConfiguration, reduced: bool = False) -> None:
        super().__init__()
        self.transformer = KINDS[configuration.model_type][1](configuration)
        self.convolutions = self.transformer.feature_extractor
        self.transformer.feature_extractor = _Passed()
        self.configuration = configuration
        self.reduced = reduced

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    @torch.no_grad()
    def heard(self, samples: np.ndarray, normalise: bool) -> Tensor:
        """What the convolutions make of one item's int16 samples, ``(frames, channels)``.

        With ``normalise`` the sound is first brought to mean 0 and deviation 1.
        """
        sound = torch.from_numpy(at_least_shortest(samples)).to(self.device).float()
        sound = sound / FULL_SCALE
        if normalise:
            sound = (sound - sound.mean()) / (sound.var(correction=0) + VARIANCE_FLOOR).sqrt()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            return self.convolutions(sound[None])[0].mT.float()

    def forward(self, heard: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The last layer of some items ``(items, frames, width)``, and which frames are their own.

        Items are given as :meth:`heard` made them; those frames are ``(items, frames)`` bool.
        """
        said, inside = self._said(heard, all_layers=False)
        return said.last_hidden_state.float(), inside

    def layers(self, heard: Tensor) -> Tensor:
        """Every layer of one item, its input first, ``(frames, layers + 1, width)`` float32.

        The last one is what the encoder gives out, normalised where it does so at its end.
        """
        said, _ = self._said([heard], all_layers=True)
        layers = [*said.hidden_states[:-1], said.last_hidden_state]
        return torch.stack([layer[0].float() for layer in layers], dim=1)

    def _said(self, heard: Sequence[Tensor], all_layers: bool) -> tuple[object, Tensor]:
        """What the library's own forward gives of features."""
        lengths = torch.tensor([len(each) for each in heard], device=self.device)
        features = pad_sequence(list(heard), batch_first=True)
        inside = torch.arange(features.shape[1], device=self.device) < lengths[:, None]
        mask = None  # the library asks for one of samples
        if not inside.all():
            samples = torch.tensor([self.samples_of(len(each)) for each in heard])
            mask = torch.arange(int(samples.max())) < samples[:, None]
            mask = mask.to(self.device, torch.long)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced):
            said = self.transformer(
                features.mT, attention_mask=mask, output_hidden_states=all_layers, return_dict=True
            )
        return said, inside

    def frames_of(self, samples: int) -> int:
        """Frames that the convolutions make of so many samples."""
        for kernel, stride in self._windows():
            samples = (samples - kernel) // stride + 1
        return samples

    def samples_of(self, frames: int) -> int:
        """The fewest samples of which the convolutions make so many frames."""
        for kernel, stride in reversed(self._windows()):
            frames = (frames - 1) * stride + kernel
        return frames

    def _windows(self) -> list[tuple[int, int]]:
        """Kernel and stride of each convolution."""
        configuration = self.configuration
        return list(zip(configuration.conv_kernel, configuration.conv_stride, strict=True))


def means_of_steps(layers: Tensor, frames_per_step: int, normalise: bool) -> Tensor:
    """Means of so many frames each, the last of those that are left, ``(steps, layers, width)``.

    With ``normalise`` each frame of each layer is first brought to mean 0 and deviation 1.
    """
    if normalise:
        layers = layer_norm(layers, layers.shape[-1:])
    return torch.stack([step.mean(dim=0) for step in layers.split(frames_per_step)])
