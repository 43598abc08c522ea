"""How long the paper's whole run takes: seconds of each long work times how often there is one.

Only what counts is measured: decoding, MSI-Net's maps, and the three kinds of training, each at its
settings in ``config.yaml`` and for as many epochs as it may take.  Jobs are laid end to end.  The
nested protocol's ten trainings learn from three fifths where the paper's five learn from four.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from benchmarks.noise import FRAMES, TASK, noise_frames, noise_speech
from benchmarks.preparation import heavy_film
from benchmarks.table import table
from mmer.config import Configuration
from mmer.configuration_check import check_configuration
from mmer.media.decoding import decode_clip
from mmer.media.log_mel import MEL_BANDS, SAMPLE_RATE, frames_of
from mmer.media.msi_net import MsiNet, MsiNetSaliency
from mmer.models.networks import bilstm_training, cnn14_training, spatial_transformer_training
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.registry import read_registry
from mmer.training.fit import Training

TITLE = "projection of the paper's whole run"
ITEMS, FOLDS = 1440, 5
"""RAVDESS's clips, and the paper's splits: each trains on four fifths."""
LEAST_SECONDS = 5.0
"""For which each work is measured, after one call to warm up."""
CONFIGURATION = Path(__file__).parents[1] / "config.yaml"


@dataclass(frozen=True)
class Work:
    """Work that is done many times.

    Attributes
    ----------
    name
        Of one unit.
    units
        Done by one call.
    total
        Units in the whole run, at most.
    call
        Does some.
    nested
        Units that the nested protocol takes for each of the paper's; 0 where both share the work.
    """

    name: str
    units: float
    total: float
    call: Callable[[], object]
    nested: float = 0.0


def page() -> str:
    """The projection in Markdown."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows, paper, nested = [], 0.0, 0.0
    for work in works(device):
        seconds = seconds_of_unit(work, device)
        hours = seconds * work.total / 3600
        paper += hours
        nested += hours * work.nested
        cells = (f"{1 / seconds:.3g}", f"{work.total:,.0f}", f"{hours:.2f}")
        rows.append((work.name, *cells, f"{hours * work.nested:.2f}"))
    header = ("Unit", "Per second", "In the whole run, at most", "Hours", "Nested besides")
    total = (
        f"Together {paper:.1f} hours on {device.type} under the paper's protocol and "
        f"{paper + nested:.1f} under both, one after the other, if none stops early; every further "
        "seed takes the trainings' hours again."
    )
    return "\n".join([f"## The {TITLE}", "", *table(header, rows), "", total, ""])


def works(device: torch.device) -> Iterator[Work]:
    """All that takes long."""
    written = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    configuration = check_configuration(written, [CONFIGURATION], read_registry())
    preparation = configuration.preparation
    yield Work("clip decoded", 1, ITEMS, lambda: decode_clip(heavy_film(), preparation))
    method = MsiNetSaliency(configuration.saliency, MsiNet().state_dict(), device)
    whole = np.zeros((2, 180, 320, 3), np.uint8)
    yield Work("saliency map", len(whole), ITEMS * FRAMES, lambda: method.maps(whole))
    for family, entries in trained_models(configuration).items():
        trainings = sum(len(variants) * FOLDS for _, variants in entries)
        first = getattr(entries[0][0], "settings", None)
        if family == "cnn14":
            shape = (frames_of(round(first.clip_seconds * SAMPLE_RATE)), MEL_BANDS)
            items = noise_speech(5 * first.batch_size, shape, device)
            network = cnn14_training.build_network(first, TASK.outputs).to(device)
            training = cnn14_training.Cnn14FineTuning(network, items, first)
            total = trainings * first.max_iterations
            # Its length is counted in steps, whatever there is to learn from.
            yield Work("iteration of CNN-14", 1, total, steps_of(training), nested=2)
        elif family == "spatial_transformer":
            network = move_to(GuidedSpatialTransformer(TASK.outputs), device)
            frames = noise_frames(50, device)
            training = spatial_transformer_training.SpatialTransformerTraining(
                network, frames, first
            )
            total = trainings * first.max_epochs * ITEMS * FRAMES * 0.8
            units, step = first.batch_size, steps_of(training)
            yield Work("frame of the spatial transformer", units, total, step, nested=1.5)
        elif family == "bilstm":
            for entry, variants in entries:
                elsewhere = getattr(configuration.models[entry.of], "corpus", None) is not None
                yield bilstm_work(entry.settings, variants, elsewhere, device)


def bilstm_work(
    settings: Any, variants: tuple[str, ...], elsewhere: bool, device: torch.device
) -> Work:
    """The mean architecture of a grid: a call takes a step of each.

    Behind a network trained elsewhere, two nested splits share a training; one trained here keeps
    other weights for each.
    """
    frames = noise_frames(settings.batch_size * 5 // 4 + 1, device)
    network = move_to(GuidedSpatialTransformer(TASK.outputs), device)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "features"
        stored = bilstm_training.store_sequences(network, frames, settings.layer, file)
        sequences = stored.on(device)  # mapped: it outlives its name
    steps = []
    for architecture in settings.architectures:
        width = sequences.features.shape[1]
        one = bilstm_training.build_network(width, architecture, settings.dropout, TASK.outputs)
        training = bilstm_training.SequenceTraining(one.to(device), sequences, settings)
        steps.append(steps_of(training))
    epochs = len(variants) * FOLDS * len(steps) * settings.max_epochs
    name = f"item of a bi-LSTM behind {settings.layer}"
    units = settings.batch_size * len(steps)
    total, nested = epochs * ITEMS * 0.8, 1.5 if elsewhere else 3
    return Work(name, units, total, lambda: [step() for step in steps], nested)


def steps_of(training: Training) -> Callable[[], float]:
    """A call that takes one optimiser step, each on the next batch."""
    seeds = itertools.count()
    batches = itertools.chain.from_iterable(
        training.batches(torch.Generator().manual_seed(seed)) for seed in seeds
    )

    def step() -> float:
        training.network.train()
        training.optimizer.zero_grad(set_to_none=True)
        loss = training.loss(next(batches))
        loss.backward()
        training.optimizer.step()
        return float(loss.detach())

    return step


def seconds_of_unit(work: Work, device: torch.device, least: float = LEAST_SECONDS) -> float:
    """Seconds of one unit."""
    work.call()
    start, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - start < least:
        work.call()
        calls += 1
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - start) / calls / work.units


def trained_models(configuration: Configuration) -> dict[str, list[tuple[Any, tuple[str, ...]]]]:
    """Entries and variants of the models that a run needs, by family."""
    found: dict[str, list[tuple[Any, tuple[str, ...]]]] = {}
    chains = [configuration.chain(model) for model, _ in configuration.evaluated()]
    for name in dict.fromkeys(name for chain in chains for name in chain):
        entry = configuration.models[name]
        if getattr(entry, "corpus", None) is not None:
            continue  # it is trained on pictures that need a licence
        found.setdefault(entry.family, []).append((entry, entry.variants))
    return found
