"""Steps of the face branch, from the paper's settings; weights are random."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from benchmarks.measure import NotMeasured
from benchmarks.paper_scale.counts import WIDTHS, largest_of
from benchmarks.paper_scale.measure import Scale, Step, Work
from benchmarks.paper_scale.speech import settings_of
from benchmarks.paper_scale.training import evaluation, repeated, training
from mmer.face.fine_tuning import SpatialTransformerFineTuning
from mmer.face.frames_on_device import FramesOnDevice, load_frames
from mmer.face.sequence_training import Sequences, SequenceTraining, build_network
from mmer.face.settings import PAPER_ARCHITECTURES, BiLstmSettings, Layer
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to


def steps() -> Iterator[Step]:
    """In the order of the workflow."""
    name, words = "spatial_transformer", "spatial transformer"
    yield Step("load_frames", "frames and maps from files", "clips", True, True, load)
    yield Step(f"{name}_training", f"{words}: training", "frames", True, True, train_frames)
    yield Step(f"{name}_evaluation", f"{words}: evaluation", "frames", True, True, evaluate_frames)
    for layer in PAPER_ARCHITECTURES:
        for part, way in (("training", train_sequences), ("evaluation", evaluate_sequences)):
            yield Step(
                f"bilstm_{layer}_{part}",
                f"bi-LSTM behind {layer}, the largest: {part}",
                "clips",
                on_gpu=True,
                grows=True,
                prepare=partial(way, layer),
            )


def _frames(scale: Scale) -> FramesOnDevice:
    frames, saliency = scale.corpus.read("frames"), scale.corpus.read("saliency")
    return load_frames(frames, saliency, None, scale.split, scale.device)


def load(scale: Scale) -> Work:
    """From files to bytes on the device."""
    return repeated(lambda: _frames(scale), scale.corpus.clips)


def _fine_tuning(scale: Scale) -> SpatialTransformerFineTuning:
    settings = settings_of(scale, "spatial_transformer")
    network = move_to(GuidedSpatialTransformer(dropout=settings.dropout), scale.device)
    return SpatialTransformerFineTuning(network, _frames(scale), settings)


def train_frames(scale: Scale) -> Work:
    """Epochs of one split."""
    task = _fine_tuning(scale)
    return training(task, len(task.frames.frame_rows("train", task.settings.frame_stride)))


def evaluate_frames(scale: Scale) -> Work:
    """Held-out frames of one split."""
    task = _fine_tuning(scale)
    return evaluation(task, len(task.frames.frame_rows("heldout")))


# Sequences


def train_sequences(layer: Layer, scale: Scale) -> Work:
    """Epochs of one split."""
    task = _sequence_training(layer, scale)
    clip_norm = task.settings.clip_gradient_norm
    return training(task, len(task.sequences.rows("train")), clip_norm)


def evaluate_sequences(layer: Layer, scale: Scale) -> Work:
    """Held-out clips of one split."""
    task = _sequence_training(layer, scale)
    return evaluation(task, len(task.sequences.rows("heldout")))


def _sequence_training(layer: Layer, scale: Scale) -> SequenceTraining:
    settings = _settings_behind(layer, scale)
    network = build_network(WIDTHS[layer], largest_of(settings), settings.dropout).to(scale.device)
    return SequenceTraining(network, random_sequences(WIDTHS[layer], scale), settings)


def _settings_behind(layer: Layer, scale: Scale) -> BiLstmSettings:
    models = scale.plan.configuration.models.values()
    settings = [model.settings for model in models if model.family == "bilstm"]
    behind = [each for each in settings if each.layer == layer]
    if not behind:
        raise NotMeasured(f"not measured: no bi-LSTM behind {layer} is configured")
    return behind[0]


def random_sequences(width: int, scale: Scale) -> Sequences:
    """Features of every frame, of the values that a ReLU or a softmax leaves."""
    # The frames' bytes are not needed, their clips and labels are.
    clips = scale.corpus.read("saliency")
    empty = dataclasses.replace(clips, values=np.zeros((len(clips.values), 1, 1), np.uint8))
    frames = load_frames(empty, empty, None, scale.split, scale.device)
    features = torch.rand(len(frames.images), width, device=scale.device)
    return Sequences(
        frames.clips, frames.part, features, frames.offsets, frames.clip_labels, frames.rate
    )
