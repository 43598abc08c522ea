"""A film as heavy as RAVDESS's: its bits decide what decoding costs."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator

import av
import numpy as np

from mmer.corpus.clips import Clip
from mmer.corpus.synthetic.film import cast, film
from mmer.corpus.synthetic.movie import FRAME_RATE
from mmer.corpus.synthetic.settings import SyntheticCorpusSettings

CLIP = Clip.parse("01-01-05-01-01-01-04")
SECONDS = 3.7
"""The mean length of a RAVDESS clip."""
BITS_PER_S = 10_000_000
"""RAVDESS's 24 archives hold 13.36 GB in 120 films each (Zenodo record 1188976): 4.6 MB a film."""
GRAIN = 6
"""Grey levels by which noise like a camera's moves each pixel at most: there is something to code
in every picture."""


@functools.cache
def heavy_film() -> bytes:
    """A clip of the synthetic corpus, with a camera's grain, at RAVDESS's bits per second."""
    settings = SyntheticCorpusSettings(shortest_seconds=SECONDS, longest_seconds=SECONDS)
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(film(CLIP, cast(CLIP.actor, settings), settings))) as source,
        av.open(buffer, "w", format="mp4") as target,
    ):
        pictures, sound = source.streams.video[0], source.streams.audio[0]
        encoder = target.add_stream("libx264", rate=FRAME_RATE, options={"preset": "fast"})
        encoder.width, encoder.height = pictures.width, pictures.height
        encoder.pix_fmt, encoder.bit_rate = "yuv420p", BITS_PER_S
        copied = target.add_stream_from_template(sound)
        for packet in source.demux(pictures, sound):
            if packet.stream is pictures:
                for frame in _grainy(packet):
                    target.mux(encoder.encode(frame))
            elif packet.dts is not None:  # the demuxer's closing packet carries nothing
                packet.stream = copied
                target.mux(packet)
        target.mux(encoder.encode())
    return buffer.getvalue()


def _grainy(packet: av.Packet) -> Iterator[av.VideoFrame]:
    """The packet's frames with noise on their luma."""
    for frame in packet.decode():
        planes = frame.to_ndarray(format="yuv420p").astype(np.int16)
        noise = np.random.default_rng(frame.pts).integers(-GRAIN, GRAIN + 1, planes.shape)
        planes[: frame.height] += noise[: frame.height].astype(np.int16)
        yield av.VideoFrame.from_ndarray(planes.clip(0, 255).astype(np.uint8), format="yuv420p")
