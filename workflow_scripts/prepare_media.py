"""Decode the clips of one actor: audio and 48×48 grey frames."""

import argparse
import logging
from pathlib import Path

from tqdm import tqdm

from mmer.entry import run
from mmer.prepare.clip_files import find_clips
from mmer.prepare.decoding import FRAME_RATE, SAMPLE_RATE, decode_clip
from mmer.prepare.settings import PreparationSettings
from mmer.store import Ragged, write_ragged

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--clips", type=Path, nargs="+", required=True, help="files, or one folder")
parser.add_argument("--settings", required=True, help="PreparationSettings as JSON")
parser.add_argument("--audio", type=Path, required=True)
parser.add_argument("--frames", type=Path, required=True)


def main(arguments: argparse.Namespace) -> None:
    """Decode each clip and write two files."""
    settings = PreparationSettings.model_validate_json(arguments.settings)
    files = find_clips(arguments.clips)
    names = [file.stem for file in files]
    audio, frames = [], []
    for file in tqdm(files, unit="clip", mininterval=5):
        clip = decode_clip(file, settings)
        audio.append(clip.audio)
        frames.append(clip.frames)
    write_ragged(arguments.audio, Ragged.join(names, audio, SAMPLE_RATE))
    write_ragged(arguments.frames, Ragged.join(names, frames, FRAME_RATE))
    logging.info("%d clips, %d frames", len(names), sum(map(len, frames)))


if __name__ == "__main__":
    run(parser, main)
