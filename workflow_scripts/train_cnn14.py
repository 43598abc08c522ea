"""Fine-tune CNN-14 on one split and write the model, its history and all posteriors."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import pandas as pd
import torch
from pydantic import ValidationError

from mmer.corpus.folds import Split
from mmer.entry import run
from mmer.errors import UserError
from mmer.posteriors import write_posteriors
from mmer.prepare.speech_spans import read_spans
from mmer.speech.clips_on_device import ClipsOnDevice, load_clips
from mmer.speech.cnn14 import Cnn14
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network, fit_plan
from mmer.speech.panns_checkpoint import load_panns
from mmer.speech.settings import Cnn14Settings
from mmer.store import read_ragged, writing
from mmer.training.checkpoint import write_model
from mmer.training.device import choose_device, make_deterministic
from mmer.training.fit import fit

log = logging.getLogger(__name__)


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, nargs="+", required=True, help="audio.npz per actor")
    parser.add_argument("--spans", type=Path, nargs="+", help="speech spans per actor, for vad")
    parser.add_argument("--variant", choices=["vad", "full"], required=True)
    parser.add_argument("--split", required=True, help="JSON: name, train_actors, heldout_actors")
    parser.add_argument("--settings", required=True, help="JSON of Cnn14Settings")
    parser.add_argument("--weights", type=Path, help="published checkpoint")
    parser.add_argument("--weights-sha256", help="its checksum")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, help="where an interrupted training goes on")
    parser.add_argument("--model", type=Path, required=True, help="safetensors to write")
    parser.add_argument("--history", type=Path, required=True, help="CSV to write")
    parser.add_argument("--posteriors", type=Path, required=True, help="CSV to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Train and write; the checkpoint goes when everything else is there."""
    try:
        settings = Cnn14Settings.model_validate_json(arguments.settings)
    except ValidationError as error:
        raise UserError(f"the settings of CNN-14 are not valid: {error}") from error
    split = Split(
        **{k: v if k == "name" else tuple(v) for k, v in json.loads(arguments.split).items()}
    )
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    network = _initial_network(arguments, settings).to(device)
    task = Cnn14FineTuning(network, _clips(arguments, settings, split, device), settings)
    log.info(
        "CNN-14 of %.2f million parameters, %d clips", _millions(network), len(task.clips.names)
    )
    history = fit(task, fit_plan(settings, arguments.seed), arguments.checkpoint)

    # One key: safetensors writes several in random order, and equal models have equal bytes.
    provenance = {"provenance": json.dumps(_provenance(arguments, settings))}
    write_model(arguments.model, network.state_dict(), provenance)
    with writing(arguments.history) as unfinished:
        pd.DataFrame(history).to_csv(unfinished, index=False)
    write_posteriors(arguments.posteriors, task.posteriors())
    if arguments.checkpoint is not None:
        arguments.checkpoint.unlink(missing_ok=True)


def _initial_network(arguments: argparse.Namespace, settings: Cnn14Settings) -> Cnn14:
    """The network before training, on the CPU."""
    network = build_network(settings)
    if settings.weights == "random":
        return network
    if arguments.weights is None or arguments.weights_sha256 is None:
        raise UserError(
            f"the settings ask for the weights {settings.weights}: give --weights and "
            "--weights-sha256, or set weights to random"
        )
    load_panns(network, arguments.weights, arguments.weights_sha256)
    return network


def _clips(
    arguments: argparse.Namespace, settings: Cnn14Settings, split: Split, device: torch.device
) -> ClipsOnDevice:
    """The clips of the split, trimmed for the variant ``vad``."""
    spans = None
    if arguments.variant == "vad":
        if not arguments.spans:
            raise UserError("the variant vad needs the speech spans: give --spans")
        spans = read_spans(arguments.spans)
    audio = read_ragged(arguments.audio)
    return load_clips(audio, spans, split, settings.clip_seconds, device)


def _millions(network: Cnn14) -> float:
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def _provenance(arguments: argparse.Namespace, settings: Cnn14Settings) -> dict[str, object]:
    """Where the model comes from, for its file's header."""
    from_file = settings.weights != "random"
    return {
        "model": "cnn14",
        "initial_weights": settings.weights,
        "initial_weights_sha256": arguments.weights_sha256 if from_file else None,
        "variant": arguments.variant,
        "split": json.loads(arguments.split),
        "seed": arguments.seed,
        "settings": settings.model_dump(mode="json"),
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    run(command_line(), main)
