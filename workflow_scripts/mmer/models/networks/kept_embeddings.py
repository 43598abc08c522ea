"""Embeddings and functionals of new recordings, as a run made those of its items."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torchvision.models import AlexNet

from mmer.media.log_mel import LogMel
from mmer.models.alexnet_embedding import AlexNetEmbeddingSettings
from mmer.models.base import ModelJob
from mmer.models.cnn14_embedding import Cnn14EmbeddingSettings
from mmer.models.functionals import FunctionalsSettings
from mmer.models.kept import KeptModel, NewItems, Predictor, Said
from mmer.models.networks import alexnet_embedding, cnn14_embedding
from mmer.models.networks.alexnet import build_alexnet, initial_alexnet
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.egemaps import egemaps_of, smile
from mmer.models.networks.functionals import functionals_of
from mmer.models.networks.panns_checkpoint import start_from as start_from_panns
from mmer.models.networks.speaker_embedding import embeddings_of
from mmer.models.networks.speaker_encoder import SpeakerEncoder
from mmer.models.networks.speaker_encoder import start_from as start_from_resemblyzer
from mmer.models.networks.speaker_resnet import SpeakerResnet
from mmer.models.networks.speaker_resnet_checkpoint import start_from as start_from_wespeaker
from mmer.models.networks.speaker_resnet_embedding import embedding_of
from mmer.models.speaker_weights_settings import (
    SpeakerEmbeddingSettings,
    SpeakerResnetEmbeddingSettings,
)
from mmer.training.device import prepare_device
from mmer.training.kept_weights import load_exactly
from mmer.training.recordings import at_least_shortest, every_recording

Describe = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Vectors ``(pieces, dimensions)`` float32 of int16 waveforms."""


def alexnet_network(job: ModelJob) -> AlexNet:
    """The network that embedded a run's items: random weights follow from the seed."""
    settings = job.settings(AlexNetEmbeddingSettings)
    prepare_device(job.seed)
    return initial_alexnet(settings.weights, settings.width, job.task.outputs, job.weights)


def alexnet_predictor(kept: KeptModel) -> Predictor:
    """DeepSpectrum's embedding."""
    settings, device = kept.settings(AlexNetEmbeddingSettings), prepare_device(None)
    network = build_alexnet(kept.task.outputs, settings.width)
    load_exactly(network, kept.model, kept.state)
    network.to(device)

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert pieces.audio is not None, "a network that hears is given sound"
        spans = pieces.kept_by(kept.variant)
        found = alexnet_embedding.embed_items(network, pieces.audio, spans, settings.image)
        return Said(embeddings=found.values)

    return say


def cnn14_network(job: ModelJob) -> Cnn14:
    """The network that embedded a run's items: random weights follow from the seed."""
    settings = job.settings(Cnn14EmbeddingSettings)
    prepare_device(job.seed)
    network = Cnn14(classes=job.task.outputs, width=settings.width, spec_augment=False)
    return start_from_panns(network, settings.weights, job.weights)


def cnn14_predictor(kept: KeptModel) -> Predictor:
    """PANNs' embedding."""
    settings, device = kept.settings(Cnn14EmbeddingSettings), prepare_device(None)
    network = Cnn14(classes=kept.task.outputs, width=settings.width, spec_augment=False)
    load_exactly(network, kept.model, kept.state)
    network.eval().to(device)

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert pieces.audio is not None, "a network that hears is given sound"
        spans = pieces.kept_by(kept.variant)
        return Said(embeddings=cnn14_embedding.embed_items(network, pieces.audio, spans).values)

    return say


def speaker_network(job: ModelJob) -> SpeakerEncoder:
    """The network that embedded a run's items: random weights follow from the seed."""
    settings = job.settings(SpeakerEmbeddingSettings)
    prepare_device(job.seed)
    return start_from_resemblyzer(SpeakerEncoder(), settings.weights, job.weights)


def speaker_predictor(kept: KeptModel) -> Predictor:
    """The speaker network's embedding."""
    settings, device = kept.settings(SpeakerEmbeddingSettings), prepare_device(None)
    network = SpeakerEncoder()
    load_exactly(network, kept.model, kept.state)
    network.eval().to(device)
    return _describing(
        kept, lambda waveforms: embeddings_of(network, waveforms, settings.loudness_dbfs)
    )


def resnet_network(job: ModelJob) -> SpeakerResnet:
    """The network that embedded a run's items: random weights follow from the seed."""
    settings = job.settings(SpeakerResnetEmbeddingSettings)
    prepare_device(job.seed)
    return start_from_wespeaker(SpeakerResnet(settings.width), settings.weights, job.weights)


def resnet_predictor(kept: KeptModel) -> Predictor:
    """The embedding of WeSpeaker's residual network."""
    settings, device = kept.settings(SpeakerResnetEmbeddingSettings), prepare_device(None)
    network = SpeakerResnet(settings.width)
    load_exactly(network, kept.model, kept.state)
    network.eval().to(device)
    return _describing(
        kept, lambda waveforms: np.stack([embedding_of(network, each) for each in waveforms])
    )


def functionals_predictor(kept: KeptModel) -> Predictor:
    """Functionals of log-mels, pitch and level."""
    settings, front_end = kept.settings(FunctionalsSettings), LogMel()

    def describe(waveforms: Sequence[np.ndarray]) -> np.ndarray:
        whole = map(at_least_shortest, waveforms)
        return np.stack([functionals_of(each, front_end, settings) for each in whole])

    return _describing(kept, describe)


def egemaps_predictor(kept: KeptModel) -> Predictor:
    """EGeMAPS by openSMILE."""
    computes = smile()
    return _describing(
        kept, lambda waveforms: np.stack([egemaps_of(computes, each) for each in waveforms])
    )


def _describing(kept: KeptModel, describe: Describe) -> Predictor:
    """What describes each piece's waveform."""

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert pieces.audio is not None, "what describes a voice is given sound"
        _, waveforms = every_recording(pieces.audio, pieces.kept_by(kept.variant))
        return Said(embeddings=describe(waveforms))

    return say
