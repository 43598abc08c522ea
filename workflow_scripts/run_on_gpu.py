"""Wait for room on a GPU and run a command there, which then sees this GPU only."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

from mmer.runtime.gpu_places import wait_for_gpu

log = logging.getLogger(__name__)


def command_line() -> argparse.ArgumentParser:
    """Its options are told in words, not as a job: it starts jobs, and is none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpus", required=True, help="their numbers, with commas between")
    parser.add_argument("--places-per-gpu", type=int, required=True, help="small jobs on one GPU")
    parser.add_argument("--places", type=int, required=True, help="how many this command takes")
    parser.add_argument("--folder", type=Path, help="of locks; by default one of this user")
    parser.add_argument("command", nargs="+")
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Become the command once a GPU is there."""
    folder = arguments.folder or Path(tempfile.gettempdir()) / f"mmer_gpus_{os.getuid()}"
    gpus = arguments.gpus.split(",")
    gpu = wait_for_gpu(gpus, arguments.places_per_gpu, arguments.places, folder)
    log.info("on GPU %s", gpu)
    os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    os.execvp(arguments.command[0], arguments.command)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    main(command_line().parse_args())
