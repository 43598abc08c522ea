"""Train the guided spatial transformer on AffectNet's pictures, for valence or for emotion."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from mmer.acceleration import compile_where_asked
from mmer.entry import run
from mmer.face.affectnet_on_device import CLASSES, load_pictures
from mmer.face.affectnet_training import AffectNetTraining, fit_plan
from mmer.face.settings import AffectNetSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.prepare.affectnet_pictures import read_pictures
from mmer.training.device import choose_device, make_deterministic
from mmer.training.fit import fit
from mmer.training.job import fit_options, forget_checkpoint, write_fitted

log = logging.getLogger(__name__)


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = fit_options(__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="NPZ of prepare_affectnet")
    parser.add_argument("--target", choices=list(CLASSES), required=True)
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Train and write; the checkpoint goes when everything else is there."""
    settings = AffectNetSettings.model_validate_json(arguments.settings)
    device = choose_device(arguments.device)
    make_deterministic(arguments.seed, arguments.threads)
    prepared = read_pictures(arguments.pictures)
    pictures = load_pictures(prepared, arguments.target, settings, arguments.seed, device)
    log.info("%d training, %d held out", len(pictures.train_rows), len(pictures.heldout_rows))
    network = GuidedSpatialTransformer(len(pictures.classes), settings.dropout)
    task = AffectNetTraining(move_to(network, device), pictures, settings)
    compile_where_asked(network)
    history = fit(task, fit_plan(settings, arguments.seed), arguments.checkpoint)
    origin = {
        "initial_weights": "random",
        "corpus": prepared.corpus,
        "saliency_method": prepared.saliency_method,
        "target": arguments.target,
        "classes": pictures.classes,
        "training_pictures": len(pictures.train_rows),
        "heldout_pictures": len(pictures.heldout_rows),
        "kept": next(row for row in history if row["kept"]),
    }
    write_fitted(arguments, network, history, settings, origin)
    forget_checkpoint(arguments)


if __name__ == "__main__":
    run(command_line(), main)
