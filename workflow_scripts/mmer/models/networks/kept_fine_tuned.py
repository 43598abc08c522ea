"""What fine-tuned AlexNet and CNN-14 say of new recordings, by the passes of their trainings."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmer.media.log_mel import log_mels
from mmer.media.spectrogram_image import spectrogram_images
from mmer.models.alexnet import AlexNetSettings
from mmer.models.cnn14 import Cnn14Settings
from mmer.models.kept import NEW_SPLIT, KeptModel, NewItems, Predictor, Said
from mmer.models.networks.alexnet import build_alexnet
from mmer.models.networks.alexnet_training import AlexNetFineTuning
from mmer.models.networks.cnn14_training import Cnn14FineTuning, build_network
from mmer.training.device import prepare_device
from mmer.training.foreign_checkpoint import load_exactly
from mmer.training.recordings import AsInputs, ItemsOnDevice, put_on_device


def alexnet_predictor(kept: KeptModel) -> Predictor:
    """The fine-tuned AlexNet of a split."""
    settings, device = kept.settings(AlexNetSettings), prepare_device(None)
    network = build_alexnet(kept.task.outputs, settings.width)
    load_exactly(network, kept.model, kept.state)
    network.to(device)

    def images(waveforms: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(spectrogram_images(waveforms, settings.image)).to(device)

    def say(pieces: NewItems, base: Said | None) -> Said:
        items = _on_device(kept, pieces, settings.clip_seconds, images)
        return Said.of(AlexNetFineTuning(network, items, settings).predictions())

    return say


def cnn14_predictor(kept: KeptModel) -> Predictor:
    """The fine-tuned CNN-14 of a split."""
    settings, device = kept.settings(Cnn14Settings), prepare_device(None)
    network = build_network(settings, kept.task.outputs)
    load_exactly(network, kept.model, kept.state)
    network.to(device)
    as_inputs = functools.partial(log_mels, device=device)

    def say(pieces: NewItems, base: Said | None) -> Said:
        items = _on_device(kept, pieces, settings.clip_seconds, as_inputs)
        return Said.of(Cnn14FineTuning(network, items, settings).predictions())

    return say


def _on_device(
    kept: KeptModel, pieces: NewItems, seconds: float | None, as_inputs: AsInputs
) -> ItemsOnDevice:
    """The pieces as items of a split in which nobody is tested."""
    assert pieces.audio is not None, "a network that hears is given sound"
    return put_on_device(
        pieces.audio,
        pieces.kept_by(kept.variant),
        pieces.table(kept.task),
        NEW_SPLIT,
        kept.task,
        seconds,
        as_inputs,
    )
