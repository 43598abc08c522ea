"""Draw the saliency map of one clip per emotion."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mmer.entry import run
from mmer.report.saliency_figure import SaliencyExample, example_clips, saliency_figure
from mmer.report.speech_span_table import read_durations
from mmer.report.style import house_style, save_figure
from mmer.report.words import SALIENCY_METHODS
from mmer.store import read_ragged


def main(arguments: argparse.Namespace) -> None:
    """Choose the clips and draw the middle frame of each."""
    frames, maps = files_of_clips(arguments.frames), files_of_clips(arguments.saliency)
    examples = [
        SaliencyExample(name, middle_of(frames[name], name), middle_of(maps[name], name))
        for name in example_clips(list(frames))
    ]
    method = SALIENCY_METHODS.get(arguments.method, arguments.method)
    with house_style():
        figure = saliency_figure(examples, method, arguments.corpus_label)
        save_figure(figure, arguments.out / "saliency")


def files_of_clips(paths: list[Path]) -> dict[str, Path]:
    """In which actor's file each clip lies."""
    return {clip: path for path in paths for clip in read_durations([path])}


def middle_of(path: Path, clip: str) -> np.ndarray:
    """The middle picture of a clip, ``(48, 48)`` uint8."""
    pictures = read_ragged([path])
    of_clip = pictures.of(pictures.clips.index(clip))
    return of_clip[len(of_clip) // 2]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--saliency", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--method", required=True, help="what made the maps")
    parser.add_argument("--corpus-label", required=True, help="what was recorded")
    parser.add_argument("--out", type=Path, required=True, help="folder of the figures")
    run(parser, main)
