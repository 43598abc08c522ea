"""Decode the clips of one actor: audio, 48×48 grey frames and the saliency method's input."""

import argparse
import logging
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from mmer.corpus.clips import Clip
from mmer.entry import run
from mmer.errors import UserError
from mmer.prepare.decoding import (
    FRAME_RATE,
    SALIENCY_INPUT_SIZE,
    SAMPLE_RATE,
    decode_clip,
)
from mmer.prepare.settings import PreparationSettings
from mmer.store import Ragged, write_ragged, writing

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--clips", type=Path, nargs="+", required=True, help="files, or one folder")
parser.add_argument("--settings", required=True, help="PreparationSettings as JSON")
parser.add_argument("--audio", type=Path, required=True)
parser.add_argument("--frames", type=Path, required=True)
parser.add_argument("--saliency-input", type=Path, required=True)


def find_clips(given: list[Path]) -> list[Path]:
    """The clip files, sorted by name, every name within RAVDESS's grammar."""
    files = [
        file
        for path in given
        for file in (path.glob("*.mp4") if path.is_dir() else [path])
        if Clip.parse(file.stem).is_audio_visual_speech
    ]
    if not files:
        raise UserError(f"no clips of modality 01 in {given[0]}: look at the folder or the archive")
    return sorted(files, key=lambda file: file.stem)


def main(arguments: argparse.Namespace) -> None:
    """Decode each clip once and write three files."""
    settings = PreparationSettings.model_validate_json(arguments.settings)
    files = find_clips(arguments.clips)
    names = [file.stem for file in files]
    audio, frames = [], []
    with writing(arguments.saliency_input) as unfinished, h5py.File(unfinished, "w") as store:
        pictures = store.create_dataset(
            "frames",
            shape=(0, *SALIENCY_INPUT_SIZE, 3),
            maxshape=(None, *SALIENCY_INPUT_SIZE, 3),
            chunks=(1, *SALIENCY_INPUT_SIZE, 3),
            dtype=np.uint8,
            compression="lzf",
        )
        for file in tqdm(files, unit="clip", mininterval=5):
            clip = decode_clip(file, settings)
            audio.append(clip.audio)
            frames.append(clip.frames)
            start = len(pictures)
            pictures.resize(start + len(clip.saliency_input), axis=0)
            pictures[start:] = clip.saliency_input
    write_ragged(arguments.audio, Ragged.join(names, audio, SAMPLE_RATE))
    write_ragged(arguments.frames, Ragged.join(names, frames, FRAME_RATE))
    logging.info("%d clips, %d frames", len(names), sum(map(len, frames)))


if __name__ == "__main__":
    run(parser, main)
