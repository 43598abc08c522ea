"""Lines of the preparation: a pass over a clip, against decoding alone and against PNG files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import cv2
import torch

from benchmarks.heavy_film import BITS_PER_S, CLIP, SECONDS, heavy_film
from benchmarks.measure import Contest, Line
from mmer.prepare.decoding import FRAME_SIZE, decode_clip
from mmer.prepare.settings import PreparationSettings


def lines() -> Iterator[Line]:
    """The two lines."""
    work = (
        f"preparation of a clip of {SECONDS} s at 1280×720 and {BITS_PER_S // 10**6} Mbit/s, as "
        "RAVDESS's are: audio and faces"
    )
    against: tuple[tuple[str, float, Callable[[Path], object]], ...] = (
        (
            "decoding its pictures and its sound and nothing else",
            0.8,
            decode,
        ),
        ("OpenCV reading each frame and writing it and its face as PNG files", 3, write_pictures),
    )
    for words, goal, way in against:
        yield Line(
            work=work,
            against=words,
            device="CPU",
            goal=goal,
            repetitions=5,
            prepare=partial(contest, way),
        )


def contest(way: Callable[[Path], object]) -> Contest:
    """Our pass over a clip and another way over the same file."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / f"{CLIP.name}.mp4"
    path.write_bytes(heavy_film())
    frames = len(decode_clip(path, PreparationSettings()).frames)

    def ours(kept: tempfile.TemporaryDirectory = folder) -> object:
        assert kept.name in str(path)  # the folder lives as long as the contest
        return decode_clip(path, PreparationSettings())

    return Contest(ours, partial(way, path), f"{frames} frames each", torch.device("cpu"))


def decode(path: Path) -> int:
    """Decode every packet of pictures and sound."""
    with av.open(str(path)) as container:
        streams = container.streams.video[0], container.streams.audio[0]
        return sum(len(packet.decode()) for packet in container.demux(*streams))


def write_pictures(path: Path) -> int:
    """Read frames with OpenCV; write the whole frame and the face in it, as scripts usually do."""
    movie, count = cv2.VideoCapture(str(path)), 0
    with tempfile.TemporaryDirectory() as folder:
        while True:
            there, frame = movie.read()
            if not there:
                return count
            height, width = frame.shape[:2]
            square = frame[:, (width - height) // 2 : (width + height) // 2]
            grey = cv2.cvtColor(square, cv2.COLOR_BGR2GRAY)
            face = cv2.resize(grey, (FRAME_SIZE, FRAME_SIZE), interpolation=cv2.INTER_AREA)
            cv2.imwrite(f"{folder}/frame_{count:04d}.png", frame)
            cv2.imwrite(f"{folder}/face_{count:04d}.png", face)
            count += 1
