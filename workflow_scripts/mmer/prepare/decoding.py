"""One decode pass per clip: audio, square grey frames and the saliency method's input.

Source: paper sections 3.2.1 (16 kHz, one channel, by FFmpeg) and 3.3 (30 frames per second, lateral
pixels removed from 1280×720 to 720×720, resized to 48×48).  PyAV gives FFmpeg's own decoders and
resampler.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image

from mmer.errors import UserError
from mmer.prepare.settings import PreparationSettings

SAMPLE_RATE = 16_000
"""Hz, paper section 3.2.1."""

FRAME_RATE = 30
"""Frames per second, paper section 3.3."""

FRAME_SIZE = 48
"""Pixels, paper section 3.3."""

SALIENCY_INPUT_SIZE = (180, 320)
"""Height and width at which the whole frame goes to the saliency method: 1280×720 fitted into the
240×320 that MSI-Net takes (Kroner et al. 2020)."""

_LIMITED_BLACK, _LIMITED_RANGE = 16.0, 219.0
"""Luma of video lies in 16 to 235 (ITU-R BT.601)."""


@dataclass(frozen=True)
class DecodedClip:
    """What one pass over a clip's file gives.

    Attributes
    ----------
    audio
        ``(samples,)`` int16, 16 kHz, mono.
    frames
        ``(frames, 48, 48)`` uint8 grey at 30 frames per second.
    saliency_input
        ``(frames, 180, 320, 3)`` uint8 RGB, the whole frame, scaled.
    """

    audio: np.ndarray
    frames: np.ndarray
    saliency_input: np.ndarray


def decode_clip(path: Path, settings: PreparationSettings) -> DecodedClip:
    """Decode audio and video of one clip in one pass.

    Raises
    ------
    UserError
        If the file is no video, is damaged, has no audio or no video stream, or is shorter than
        the models' front ends need.
    """
    try:
        with av.open(str(path)) as container:
            _require_streams(path, container)
            audio, times, pictures = _demux(container, settings)
    except (av.error.FFmpegError, OSError) as error:
        raise UserError(
            f"{path} cannot be decoded as a video ({error}): get the clip again and replace it"
        ) from error
    samples = np.concatenate(audio) if audio else np.zeros(0, np.int16)
    seconds = len(samples) / SAMPLE_RATE
    if not pictures or seconds < settings.shortest_seconds:
        raise UserError(
            f"{path} has {len(pictures)} frames and {seconds:.2f} s of audio, but the models need "
            f"at least {settings.shortest_seconds} s of both: get the clip again and replace it"
        )
    repeated = at_constant_rate(np.array(times), FRAME_RATE)
    frames = np.stack([grey for grey, _ in pictures])[repeated]
    saliency_input = np.stack([colour for _, colour in pictures])[repeated]
    return DecodedClip(samples, frames, saliency_input)


def at_constant_rate(times: np.ndarray, rate: float) -> np.ndarray:
    """Which frame shows at each tick of a constant rate, as FFmpeg's ``fps`` filter decides.

    Each frame's time is rounded to the nearest tick; it shows until the next frame's tick.  The
    last frame shows as long as the mean frame does.

    Parameters
    ----------
    times
        ``(frames,)`` seconds, rising.
    rate
        Ticks per second.

    Returns
    -------
    np.ndarray
        ``(ticks,)`` int64, indices into ``times``.
    """
    length = (times[-1] - times[0]) / max(len(times) - 1, 1) or 1 / rate
    edges = np.floor((np.append(times, times[-1] + length) - times[0]) * rate + 0.5).astype(int)
    return np.repeat(np.arange(len(times)), np.diff(edges))


def _require_streams(path: Path, container: av.container.InputContainer) -> None:
    """A UserError unless there are both pictures and sound."""
    for kind in ("audio", "video"):
        if not getattr(container.streams, kind):
            raise UserError(
                f"{path} has no {kind} stream, but a clip of modality 01 carries both: get the "
                "clip again and replace it"
            )


def _demux(
    container: av.container.InputContainer, settings: PreparationSettings
) -> tuple[list[np.ndarray], list[float], list[tuple[np.ndarray, np.ndarray]]]:
    """Audio blocks, frame times in seconds, and (grey, saliency input) per source frame."""
    video, sound = container.streams.video[0], container.streams.audio[0]
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    audio: list[np.ndarray] = []
    times: list[float] = []
    pictures: list[tuple[np.ndarray, np.ndarray]] = []
    for packet in container.demux(video, sound):
        for frame in packet.decode():
            if isinstance(frame, av.AudioFrame):
                audio.extend(block.to_ndarray()[0] for block in resampler.resample(frame))
            else:
                times.append(float(frame.time))
                pictures.append((_grey(frame, settings), _saliency_input(frame)))
    audio.extend(block.to_ndarray()[0] for block in resampler.resample(None))
    return audio, times, pictures


def _grey(frame: av.VideoFrame, settings: PreparationSettings) -> np.ndarray:
    """The centre square of a frame, ``(48, 48)`` uint8, full range."""
    luma = _luma(frame)
    square = centre_square(luma)
    filters = {"bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}
    small = Image.fromarray(square).resize((FRAME_SIZE, FRAME_SIZE), filters[settings.frame_resize])
    if frame.color_range == av.video.reformatter.ColorRange.JPEG:
        return np.asarray(small)
    stretched = (np.asarray(small, np.float32) - _LIMITED_BLACK) * (255 / _LIMITED_RANGE)
    return np.clip(np.rint(stretched), 0, 255).astype(np.uint8)


def _luma(frame: av.VideoFrame) -> np.ndarray:
    """The luma plane ``(height, width)`` uint8 of a planar frame, without its row padding."""
    if not frame.format.name.startswith(("yuv4", "yuvj4", "nv12", "gray")):
        frame = frame.reformat(format="yuv420p")
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def centre_square(picture: np.ndarray) -> np.ndarray:
    """The largest centred square of ``(height, width, ...)``: lateral pixels removed."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def _saliency_input(frame: av.VideoFrame) -> np.ndarray:
    """The whole frame, scaled, ``(180, 320, 3)`` uint8 RGB."""
    height, width = SALIENCY_INPUT_SIZE
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return small.to_ndarray()


def decode_clips(paths: list[Path], settings: PreparationSettings) -> Iterator[DecodedClip]:
    """Decode several clips, one after the other."""
    for path in paths:
        yield decode_clip(path, settings)
