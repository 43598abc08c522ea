"""What fine-tuned AlexNet and CNN-14 say of new recordings, by the passes of their trainings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

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
from mmer.training.labelled import ClassTraining
from mmer.training.recordings import AsInputs, put_on_device


def alexnet_predictor(kept: KeptModel) -> Predictor:
    """The fine-tuned AlexNet of a split."""
    settings, device = kept.settings(AlexNetSettings), prepare_device(None)

    def images(waveforms: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(spectrogram_images(waveforms, settings.image)).to(device)

    network = build_alexnet(kept.task.outputs, settings.width)
    return _predictor(kept, network.to(device), settings, images, AlexNetFineTuning)


def cnn14_predictor(kept: KeptModel) -> Predictor:
    """The fine-tuned CNN-14 of a split."""
    settings, device = kept.settings(Cnn14Settings), prepare_device(None)
    network = build_network(settings, kept.task.outputs).to(device)
    as_inputs = functools.partial(log_mels, device=device)
    return _predictor(kept, network, settings, as_inputs, Cnn14FineTuning)


def _predictor(
    kept: KeptModel,
    network: nn.Module,
    settings: AlexNetSettings | Cnn14Settings,
    as_inputs: AsInputs,
    training: Callable[..., ClassTraining],
) -> Predictor:
    """What a training says of the pieces, as items of a split in which nobody is tested."""
    load_exactly(network, kept.model, kept.state)

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert pieces.audio is not None, "a network that hears is given sound"
        spans, table = pieces.kept_by(kept.variant), pieces.table(kept.task)
        told = (NEW_SPLIT, kept.task, settings.clip_seconds, as_inputs)
        items = put_on_device(pieces.audio, spans, table, *told)
        return Said.of(training(network, items, settings).predictions())

    return say
