"""Movies as RAVDESS has them: H.264 at 1280 x 720 and 29.97 fps, AAC at 48 kHz, in mp4."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from fractions import Fraction

import av
import cv2
import numpy as np

from demo.portrait import SIDE
from demo.settings import AUDIO_RATE, FRAME_HEIGHT, FRAME_WIDTH

FRAME_RATE = Fraction(30_000, 1001)
"""Frames per second of RAVDESS's videos."""

# One thread, so that the same frames give the same bytes whatever the machine's load.
_H264 = {"preset": "superfast", "crf": "25", "threads": "1"}
_AAC_BITS_PER_S = 96_000
_WHITE_LUMA, _GREY_CHROMA = 235, 128  # BT.601, limited range
_BT601, _LIMITED_RANGE = 6, 1  # AVCOL_SPC_SMPTE170M, AVCOL_RANGE_MPEG


def frame_times(seconds: float) -> np.ndarray:
    """``(frames,)``: the time of each frame, in seconds, of a clip of the given length."""
    return np.arange(int(seconds * FRAME_RATE)) / float(FRAME_RATE)


def encode_movie(pictures: Iterable[np.ndarray], samples: np.ndarray, channels: int) -> bytes:
    """Encode an audio-visual clip.

    Parameters
    ----------
    pictures
        One picture per frame, ``(720, 720, 4)`` uint8: blue, green, red, and a fourth channel that
        is left out.  White is put on either side.
    samples
        ``(samples,)`` float32 in [-1, 1] at 48 kHz.
    channels
        1, or 2 for stereo with the right channel a little weaker than the left.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FRAME_RATE, options=_H264)
        video.width, video.height, video.pix_fmt = FRAME_WIDTH, FRAME_HEIGHT, "yuv420p"
        video.codec_context.colorspace = _BT601
        video.codec_context.color_range = _LIMITED_RANGE
        audio = container.add_stream("aac", rate=AUDIO_RATE, layout=_layout(channels))
        audio.bit_rate = _AAC_BITS_PER_S
        for picture in _wide_frames(pictures):
            container.mux(video.encode(picture))
        container.mux(video.encode())
        container.mux(audio.encode(_sound(samples, channels)))
        container.mux(audio.encode())
    return buffer.getvalue()


def without_sound(movie: bytes) -> bytes:
    """The silent twin of a movie: its video packets, untouched, in a file without audio."""
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(movie)) as source,
        av.open(buffer, "w", format="mp4") as target,
    ):
        seen = source.streams.video[0]
        copied = target.add_stream_from_template(seen)
        for packet in source.demux(seen):
            if packet.dts is None:  # the demuxer's closing packet carries nothing
                continue
            packet.stream = copied
            target.mux(packet)
    return buffer.getvalue()


def _layout(channels: int) -> str:
    return {1: "mono", 2: "stereo"}[channels]


def _wide_frames(pictures: Iterable[np.ndarray]) -> Iterable[av.VideoFrame]:
    """Place square pictures in the middle of white 4:2:0 frames."""
    left = (FRAME_WIDTH - SIDE) // 2
    planes = np.full((FRAME_HEIGHT * 3 // 2, FRAME_WIDTH), _GREY_CHROMA, np.uint8)
    planes[:FRAME_HEIGHT] = _WHITE_LUMA
    chroma = planes[FRAME_HEIGHT:].reshape(2, FRAME_HEIGHT // 2, FRAME_WIDTH // 2)
    for picture in pictures:
        square = cv2.cvtColor(picture, cv2.COLOR_BGRA2YUV_I420)
        planes[:FRAME_HEIGHT, left : left + SIDE] = square[:SIDE]
        chroma[:, :, left // 2 : (left + SIDE) // 2] = square[SIDE:].reshape(
            2, SIDE // 2, SIDE // 2
        )
        yield av.VideoFrame.from_ndarray(planes, format="yuv420p")


def _sound(samples: np.ndarray, channels: int) -> av.AudioFrame:
    gains: Sequence[float] = (1.0, 0.9)[:channels]
    tracks = np.stack([np.float32(gain) * samples for gain in gains]).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(tracks, format="fltp", layout=_layout(channels))
    frame.rate = AUDIO_RATE
    frame.time_base = Fraction(1, AUDIO_RATE)
    frame.pts = 0
    return frame
