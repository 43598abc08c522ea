"""Convert the published MSI-Net, a TensorFlow SavedModel, into weights for ours."""

import argparse
import json
from pathlib import Path

from mmer.entry import run
from mmer.prepare.msi_net_checkpoint import convert
from mmer.training.checkpoint import write_model

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--saved-model", type=Path, required=True, help="saved_model.pb")
parser.add_argument("--sha256", required=True, help="its published checksum")
parser.add_argument("--width", type=float, default=1.0, help="factor on all channels")
parser.add_argument("--weights", type=Path, required=True, help="safetensors to write")


def main(arguments: argparse.Namespace) -> None:
    """Verify, convert, compare, write."""
    state = convert(arguments.saved_model, arguments.sha256, arguments.width)
    provenance = {
        "converted_from": arguments.saved_model.name,
        "converted_from_sha256": arguments.sha256,
        "width": arguments.width,
    }
    write_model(arguments.weights, state, {"provenance": json.dumps(provenance)})


if __name__ == "__main__":
    run(parser, main)
