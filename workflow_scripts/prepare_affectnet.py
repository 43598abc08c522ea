"""Prepare AffectNet's pictures: 48×48 grey faces and saliency maps in one NPZ file."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.corpus.affectnet import read_affectnet
from mmer.entry import run
from mmer.prepare.affectnet import prepare_affectnet
from mmer.prepare.affectnet_settings import AffectNetPreparationSettings
from mmer.saliency_job import add_saliency_options, method_of


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="AffectNet, unpacked")
    parser.add_argument("--settings", required=True, help="AffectNetPreparationSettings as JSON")
    add_saliency_options(parser)
    parser.add_argument("--pictures", type=Path, required=True, help="NPZ to write")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Read the lists, then prepare picture after picture."""
    settings = AffectNetPreparationSettings.model_validate_json(arguments.settings)
    method = method_of(arguments)
    affectnet = read_affectnet(arguments.folder)
    prepare_affectnet(affectnet, method, settings, arguments.threads, arguments.pictures)


if __name__ == "__main__":
    run(command_line(), main)
