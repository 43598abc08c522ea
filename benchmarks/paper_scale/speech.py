"""Steps of the speech branch at full width, from the paper's settings; weights are random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.measure import NotMeasured
from benchmarks.paper_scale.measure import Scale, Step, Work
from benchmarks.paper_scale.training import SEED, evaluation, repeated, training
from mmer.speech import alexnet_embeddings, cnn14_embedding
from mmer.speech.alexnet import build_alexnet
from mmer.speech.alexnet_fine_tuning import AlexNetFineTuning
from mmer.speech.clips_on_device import ClipsOnDevice
from mmer.speech.cnn14 import Cnn14
from mmer.speech.embeddings import Embeddings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network
from mmer.speech.images_on_device import load_images
from mmer.speech.log_mels_on_device import load_log_mels
from mmer.speech.support_vector import classify_split
from mmer.store import Ragged

EMBEDDING_SIZE = 4096
"""Of AlexNet's fc7, the larger one."""
CLIPS_AT_ONCE = 16
"""Clips embedded between two looks at the clock."""


def steps() -> Iterator[Step]:
    """In the order of the workflow."""
    yield Step("alexnet_embedding", "AlexNet's embeddings", "clips", True, False, embed_by_alexnet)
    yield Step("cnn14_embedding", "CNN-14's embeddings", "clips", True, False, embed_by_cnn14)
    yield Step("support_vector", "support vector machine", "splits", False, True, classify)
    yield Step("alexnet_inputs", "AlexNet: images, frozen layers", "clips", True, True, draw_images)
    yield Step("alexnet_training", "AlexNet: training", "clips", True, True, train_alexnet)
    yield Step("alexnet_evaluation", "AlexNet: evaluation", "clips", True, True, evaluate_alexnet)
    yield Step("cnn14_inputs", "CNN-14: log-mels from files", "clips", True, True, load_cnn14)
    yield Step("cnn14_training", "CNN-14: training", "iterations", True, True, train_cnn14)
    yield Step("cnn14_evaluation", "CNN-14: evaluation", "clips", True, True, evaluate_cnn14)


def settings_of(scale: Scale, family: str) -> Any:
    """Settings of the configuration's first model of a family."""
    models = scale.plan.configuration.models.values()
    found = [model.settings for model in models if model.family == family]
    if not found:
        raise NotMeasured(f"not measured: no model of the family {family} is configured")
    return found[0]


def _some_clips(audio: Ragged) -> Iterator[Ragged]:
    """A few clips at a time."""
    for start in range(0, len(audio), CLIPS_AT_ONCE):
        rows = range(start, min(start + CLIPS_AT_ONCE, len(audio)))
        names = [audio.clips[row] for row in rows]
        yield Ragged.join(names, [audio.of(row) for row in rows], audio.rate)


def embed_by_alexnet(scale: Scale) -> Work:
    """Images and fc7, clips at their own length."""
    settings = settings_of(scale, "alexnet_embedding")
    network, audio = build_alexnet(settings.width).to(scale.device), scale.corpus.read("audio")

    def embed() -> Iterator[float]:
        for some in _some_clips(audio):
            yield len(alexnet_embeddings.embed_clips(network, some, None, settings.image).clips)

    return Work(embed, len(audio))


def embed_by_cnn14(scale: Scale) -> Work:
    """Log-mels and the last hidden layer, clips at their own length."""
    settings = settings_of(scale, "cnn14_embedding")
    network = Cnn14(classes=8, width=settings.width, spec_augment=False).eval().to(scale.device)
    audio = scale.corpus.read("audio")

    def embed() -> Iterator[float]:
        for some in _some_clips(audio):
            yield len(cnn14_embedding.embed_clips(network, some, None).clips)

    return Work(embed, len(audio))


def classify(scale: Scale) -> Work:
    """Fit on one split's training actors and classify all clips."""
    settings, names = settings_of(scale, "support_vector"), scale.corpus.read("audio").clips
    random = np.random.default_rng(SEED)
    values = random.exponential(size=(len(names), EMBEDDING_SIZE)).astype(np.float32)
    embeddings = Embeddings(tuple(names), values)
    return repeated(lambda: classify_split(embeddings, scale.split, settings), 1)


# AlexNet


def _alexnet(scale: Scale) -> AlexNetFineTuning:
    settings = settings_of(scale, "alexnet")
    audio, image = scale.corpus.read("audio"), settings.image
    clips = load_images(audio, None, scale.split, image, settings.clip_seconds, scale.device)
    return AlexNetFineTuning(build_alexnet(settings.width).to(scale.device), clips, settings)


def draw_images(scale: Scale) -> Work:
    """From files to what the frozen layers make of each image."""
    return repeated(lambda: _alexnet(scale), scale.corpus.clips)


def train_alexnet(scale: Scale) -> Work:
    """Epochs of one split."""
    task = _alexnet(scale)
    return training(task, len(task.clips.rows("train")))


def evaluate_alexnet(scale: Scale) -> Work:
    """Held-out clips of one split."""
    task = _alexnet(scale)
    return evaluation(task, len(task.clips.rows("heldout")))


# CNN-14


def _log_mels(scale: Scale) -> ClipsOnDevice:
    seconds = settings_of(scale, "cnn14").clip_seconds
    return load_log_mels(scale.corpus.read("audio"), None, scale.split, seconds, scale.device)


def _cnn14(scale: Scale) -> Cnn14FineTuning:
    settings = settings_of(scale, "cnn14")
    return Cnn14FineTuning(build_network(settings).to(scale.device), _log_mels(scale), settings)


def load_cnn14(scale: Scale) -> Work:
    """From files to log-mels on the device."""
    return repeated(lambda: _log_mels(scale), scale.corpus.clips)


def train_cnn14(scale: Scale) -> Work:
    """Iterations of one split; a pass is an epoch."""
    task = _cnn14(scale)
    return training(task, sum(1 for _ in task.batches(torch.Generator())))


def evaluate_cnn14(scale: Scale) -> Work:
    """Held-out clips of one split, a batch at a time."""
    task = _cnn14(scale)
    rows = task.clips.rows("heldout")

    def evaluate() -> Iterator[float]:
        for some in rows.split(task.settings.batch_size):
            yield len(task.logits(some))

    return Work(evaluate, len(rows))
