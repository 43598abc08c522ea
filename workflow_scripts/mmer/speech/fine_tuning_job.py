"""What the steps that fine-tune a network on clips share: all but the network itself."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Protocol

from mmer.acceleration import compile_where_asked
from mmer.posteriors import Posteriors, write_posteriors
from mmer.speech.alexnet_settings import AlexNetSettings
from mmer.speech.clips_on_device import ClipsOnDevice
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.training.fit import FitPlan, Task, fit
from mmer.training.job import (
    add_weights_options,
    forget_checkpoint,
    training_options,
    write_training,
)

log = logging.getLogger(__name__)


class ClipTask(Task, Protocol):
    """A training on clips that can say what it thinks of them."""

    clips: ClipsOnDevice

    def posteriors(self) -> Posteriors:
        """Posteriors of every clip from the network as it is."""


def fine_tuning_options(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every step that fine-tunes a network on clips."""
    parser = training_options(description)
    add_weights_options(parser)
    parser.add_argument("--audio", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--posteriors", type=Path, required=True, help="CSV to write")
    return parser


def train_and_write(
    arguments: argparse.Namespace,
    task: ClipTask,
    plan: FitPlan,
    settings: AlexNetSettings | Cnn14Settings,
) -> None:
    """Train and write; the checkpoint goes when everything else is there."""
    millions = sum(parameter.numel() for parameter in task.network.parameters()) / 1e6
    compile_where_asked(task.network)
    log.info("%.2f million parameters, %d clips", millions, len(task.clips.names))
    history = fit(task, plan, arguments.checkpoint)
    write_training(arguments, task.network, history, settings, settings.weights)
    write_posteriors(arguments.posteriors, task.posteriors())
    forget_checkpoint(arguments)
