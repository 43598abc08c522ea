"""Films of the synthetic RECOLA: drawn faces that follow hidden traces, silent H.264 at 25 fps."""

from __future__ import annotations

import functools
from pathlib import Path

import av
import cv2
import numpy as np

from demo.appearance import appearance_of
from demo.expression import Expression
from demo.face import draw_face
from demo.portrait import paint_portrait
from mmer.corpora.recola import RATE

HEIGHT, WIDTH = 240, 360
"""Pixels; a third of RECOLA's 1080×720 each way, for the sake of time."""

_GREY = 120
_FINENESS = 0.1  # of an expression, so that most frames are those of another moment
# One thread, so that the same frames give the same bytes whatever the machine's load.
_H264 = {"preset": "superfast", "crf": "25", "threads": "1"}


def write_film(path: Path, seen: dict[str, np.ndarray], person: int, seed: int) -> None:
    """Write a film of 25 frames a second.

    Parameters
    ----------
    seen
        ``(frames,)`` each: the mouth follows ``valence``; eyes, brows and jaw follow ``arousal``.
    person
        Counted from 0; only every other drawn face, of those with long hair, is sure to be found.
    """
    looks = appearance_of(2 * person + 2, seed)
    portrait = paint_portrait(looks)

    @functools.cache
    def picture(arousal: int, valence: int) -> av.VideoFrame:
        aroused, smile = _FINENESS * arousal, _FINENESS * valence
        face = Expression(
            outer_brow=0.7 * aroused,
            eyes=0.7 * aroused,
            jaw=max(0.3 + 0.6 * aroused, 0),
            smile=smile,
            cheeks=max(smile, 0),
        )
        square = cv2.resize(draw_face(portrait, looks, face)[..., :3], (HEIGHT, HEIGHT))
        whole = np.full((HEIGHT, WIDTH, 3), _GREY, np.uint8)
        left = (WIDTH - HEIGHT) // 2
        whole[:, left : left + HEIGHT] = square
        return av.VideoFrame.from_ndarray(whole, format="bgr24").reformat(format="yuv420p")

    moved = {
        name: np.rint(np.clip(4 * trace, -1.2, 1.2) / _FINENESS).astype(int)
        for name, trace in seen.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options=_H264)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for time, (arousal, valence) in enumerate(
            zip(moved["arousal"].tolist(), moved["valence"].tolist(), strict=True)
        ):
            frame = picture(arousal, valence)
            frame.pts = time
            container.mux(video.encode(frame))
        container.mux(video.encode())
