"""Line of the bi-LSTM grid: one process for all settings, against one process for each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.measure import Contest, Line
from mmer.corpus.synthetic.inventory import clips_of_actor
from mmer.face.sequence_grid import grid_workers, train_architectures
from mmer.face.sequence_training import Sequences
from mmer.face.settings import Architecture, BiLstmSettings

CPU = torch.device("cpu")
CLIPS, FRAMES, WIDTH, EPOCHS = 16, 30, 8, 2
ARCHITECTURES = tuple(
    Architecture(layers=1, units=units, attention_layers=1) for units in (10, 15, 20)
)


def lines() -> Iterator[Line]:
    """The line."""
    yield Line(
        work=f"grid of {len(ARCHITECTURES)} small bi-LSTMs, {EPOCHS} epochs each, in one process",
        against="a process for each of them, one after the other",
        device="CPU",
        goal=None,
        repetitions=1,
        prepare=contest,
    )


def contest() -> Contest:
    """The same trainings here, and each in a process started for it."""
    clips = sorted([*clips_of_actor(1, CLIPS), *clips_of_actor(2, CLIPS)])
    sequences = Sequences(
        clips=tuple(clip.name for clip in clips),
        part=np.array(["train" if clip.actor == 1 else "heldout" for clip in clips]),
        features=torch.rand(len(clips) * FRAMES, WIDTH),
        offsets=np.arange(len(clips) + 1) * FRAMES,
        labels=torch.tensor([clip.label for clip in clips]),
        rate=30.0,
    )
    settings = BiLstmSettings(
        layer="posteriors", architectures=ARCHITECTURES, max_epochs=EPOCHS, patience=None
    )
    checkpoints = {architecture.name: None for architecture in ARCHITECTURES}

    def ours() -> None:
        train_architectures(sequences, settings, 0, checkpoints, None)

    def theirs() -> None:
        for architecture in ARCHITECTURES:
            alone = settings.model_copy(update={"architectures": (architecture,)})
            # Two places, of which one is used: a single one would train in this process.
            with grid_workers(2) as workers:
                train_architectures(sequences, alone, 0, checkpoints, workers)

    agreement = "the same trainings; peaks leave out started processes"
    return Contest(ours, theirs, agreement, CPU)
