"""What every training step shares: its options, its inputs' common part and its provenance."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan, read_spans
from mmer.settings import Settings
from mmer.store import writing
from mmer.training.checkpoint import write_model


def compute_options(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every step that trains, whatever it trains on."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--settings", required=True, help="the model's settings as JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, help="where an interrupted training goes on")
    return parser


def fit_options(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every step that trains one model."""
    parser = compute_options(description)
    parser.add_argument("--model", type=Path, required=True, help="safetensors to write")
    parser.add_argument("--history", type=Path, required=True, help="CSV to write")
    return parser


def training_options(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every step that trains one model on a split of the clips."""
    parser = fit_options(description)
    add_variant_options(parser)
    parser.add_argument("--split", required=True, help="JSON: name, train_actors, heldout_actors")
    return parser


def add_variant_options(parser: argparse.ArgumentParser) -> None:
    """Options for how much of each clip is seen."""
    parser.add_argument("--variant", choices=["full", "vad"], required=True)
    parser.add_argument("--spans", type=Path, nargs="+", help="speech spans per actor, for vad")


def add_weights_options(parser: argparse.ArgumentParser, required: bool = False) -> None:
    """Options for published weights to start from."""
    parser.add_argument("--weights", type=Path, required=required, help="published checkpoint")
    parser.add_argument("--weights-sha256", help="its checksum, where one is published")


def spans_of_variant(arguments: argparse.Namespace) -> dict[str, SpeechSpan] | None:
    """The speech spans for the variant ``vad``, None for ``full``."""
    if arguments.variant == "full":
        return None
    if not arguments.spans:
        raise UserError("the variant vad needs the speech spans: give --spans")
    return read_spans(arguments.spans)


def write_training(
    arguments: argparse.Namespace,
    network: nn.Module,
    history: list[dict[str, float]],
    settings: Settings,
    initial_weights: str,
) -> None:
    """Write model and history of a training on a split, the model with where it comes from."""
    origin = {
        "initial_weights": initial_weights,
        "initial_weights_sha256": _digest_of_weights(arguments),
        "variant": arguments.variant,
        "split": json.loads(arguments.split),
    }
    write_fitted(arguments, network, history, settings, origin)


def _digest_of_weights(arguments: argparse.Namespace) -> str | None:
    """The published checksum of the initial weights, or their file's own where none was given."""
    published = getattr(arguments, "weights_sha256", None)
    weights = getattr(arguments, "weights", None)
    return file_sha256(weights) if published is None and weights is not None else published


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_fitted(
    arguments: argparse.Namespace,
    network: nn.Module,
    history: list[dict[str, float]],
    settings: Settings,
    origin: dict[str, Any],
) -> None:
    """Write model and history of a finished training; ``origin`` says from what it was made."""
    provenance = {
        **origin,
        "seed": arguments.seed,
        "settings": settings.model_dump(mode="json"),
    }
    write_network(arguments.model, network.state_dict(), provenance)
    write_history(arguments.history, history)


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write the learning curve as CSV."""
    with writing(path) as unfinished:
        pd.DataFrame(history).to_csv(unfinished, index=False)


def write_network(path: Path, state: dict[str, Tensor], provenance: dict[str, Any]) -> None:
    """Write weights with where they come from, and torch's version, in the file's header."""
    # One key: safetensors writes several in random order, and equal models have equal bytes.
    described = {"provenance": json.dumps({**provenance, "torch": torch.__version__})}
    write_model(path, state, described)


def forget_checkpoint(arguments: argparse.Namespace) -> None:
    """Remove the checkpoint once every result of the training is written."""
    if arguments.checkpoint is not None:
        arguments.checkpoint.unlink(missing_ok=True)
