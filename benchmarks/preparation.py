"""Lines of the preparation: a pass over a film as heavy as RAVDESS's, against decoding alone."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.measure import Contest, Line
from mmer.media.decoding import FRAME_SIZE, decode_clip
from mmer.media.settings import PreparationSettings

SECONDS = 3.7
"""The mean length of a RAVDESS clip."""
BITS_PER_S = 10_000_000
"""RAVDESS's 24 archives hold 13.36 GB in 120 films each (Zenodo record 1188976): 4.6 MB a film."""
GRAIN = 6
"""Grey levels by which noise like a camera's moves each pixel: there is something to code."""
SIZE, FRAME_RATE, SOUND_RATE = (1280, 720), 30, 48_000


def lines() -> Iterator[Line]:
    """The two lines."""
    work = (
        f"preparation of a clip of {SECONDS} s at 1280×720 and {BITS_PER_S // 10**6} Mbit/s, as "
        "RAVDESS's are: audio and faces"
    )
    ways: dict[str, tuple[float, Callable[[Path], object]]] = {
        "decoding its pictures and its sound and nothing else": (0.8, decode),
        "OpenCV reading each frame and writing it and its face as PNG files": (3, write_pictures),
    }
    for against, (goal, way) in ways.items():
        yield Line(work, against, "CPU", goal, 5, functools.partial(contest, way))


def contest(way: Callable[[Path], object]) -> Contest:
    """Our pass over a clip and another way over the same file."""
    path = heavy_film()
    frames = len(decode_clip(path, PreparationSettings()).frames)
    ours = functools.partial(decode_clip, path, PreparationSettings())
    return Contest(ours, functools.partial(way, path), f"{frames} frames each")


@functools.cache
def heavy_film() -> Path:
    """A moving ramp with a camera's grain at RAVDESS's bits per second, and a tone."""
    path = Path(tempfile.mkdtemp()) / "heavy.mp4"
    random = np.random.default_rng(0)
    width, height = SIZE
    ramp = np.linspace(0, 511, width)[None].repeat(height, axis=0)
    with av.open(str(path), "w") as container:
        film = container.add_stream("libx264", rate=FRAME_RATE, options={"preset": "fast"})
        film.width, film.height, film.pix_fmt, film.bit_rate = width, height, "yuv420p", BITS_PER_S
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for number in range(round(SECONDS * FRAME_RATE)):
            noise = random.integers(-GRAIN, GRAIN + 1, ramp.shape)
            grey = np.abs((ramp + 4 * number) % 512 - 256) + noise
            picture = np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
            container.mux(film.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(film.encode())
        samples = random.uniform(-0.3, 0.3, (1, round(SECONDS * SOUND_RATE))).astype(np.float32)
        tone = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        tone.sample_rate = SOUND_RATE
        container.mux(sound.encode(tone))
        container.mux(sound.encode())
    return path


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
