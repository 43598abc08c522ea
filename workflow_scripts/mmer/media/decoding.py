"""Decoding recordings: audio and square grey frames in one pass, whole frames in another.

Whole frames are wanted by the saliency method alone.  They are decoded again there: that costs
less than writing and reading gigabytes of them, and a changed method repeats nothing else.

Source: paper sections 3.2.1 (16 kHz, one channel, by FFmpeg) and 3.3 (30 frames per second, lateral
pixels removed from 1280×720 to 720×720, resized to 48×48).  PyAV gives FFmpeg's own decoders and
resampler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image

from mmer.media.settings import PreparationSettings
from mmer.media.whole_sound import check_whole
from mmer.runtime.errors import UserError

SAMPLE_RATE = 16_000
"""Hz, paper section 3.2.1."""

FRAME_RATE = 30
"""Frames per second, paper section 3.3."""

FRAME_SIZE = 48
"""Pixels, paper section 3.3."""

SALIENCY_INPUT_SIZE = (180, 320)
"""Height and width at which the whole frame goes to the saliency method: 1280×720 fitted into the
240×320 that MSI-Net takes (Kroner et al. 2020)."""

RESIZING = {"bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}
"""Pillow's filters; both average over the pixels that they drop."""

_LIMITED_BLACK, _LIMITED_RANGE = 16.0, 219.0
"""Luma of video lies in 16 to 235 (ITU-R BT.601)."""


@dataclass(frozen=True)
class DecodedClip:
    """A clip's audio ``(samples,)`` int16, 16 kHz, mono, and face at 30 frames per second.

    The frames are ``(frames, 48, 48)`` uint8 grey.
    """

    audio: np.ndarray
    frames: np.ndarray


def decode_clip(path: Path, settings: PreparationSettings) -> DecodedClip:
    """Decode audio and the face of one clip in one pass.

    Raises
    ------
    UserError
        If the file is no video, is damaged, has no audio or no video stream, or is shorter than
        the models' front ends need.
    """
    audio = _Audio(path)
    times: list[float] = []
    faces: list[np.ndarray] = []
    for frame in _decoded(path, ("audio", "video")):
        if isinstance(frame, av.AudioFrame):
            audio.add(frame)
        else:
            times.append(float(frame.time))
            faces.append(_grey(frame, settings))
    return DecodedClip(audio.samples(settings), _at_ticks(path, times, faces))


def decode_voice(path: Path, settings: PreparationSettings) -> np.ndarray:
    """Decode the audio of one recording, ``(samples,)`` int16, 16 kHz, mono.

    Raises
    ------
    UserError
        If the file is damaged, cut off, has no audio, or is shorter than the models' front ends
        need.
    """
    audio, heard = _Audio(path), 0.0
    for frame in _decoded(path, ("audio",)):
        audio.add(frame)
        heard += frame.samples / frame.sample_rate
    check_whole(path, _promised(path), heard)
    return audio.samples(settings)


def _promised(path: Path) -> float | None:
    """Seconds of sound that a FLAC's header names; lengths of other files are often guesses."""
    with av.open(str(path)) as container:
        length = container.streams.audio[0].duration
        if container.format.name != "flac" or length is None:
            return None
        return float(length * container.streams.audio[0].time_base)


class _Audio:
    """Samples of frames of any format and number of channels, resampled as they come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._blocks: list[np.ndarray] = []

    def add(self, frame: av.AudioFrame | None) -> None:
        """Take a frame; None ends the recording."""
        try:
            blocks = self._resampler.resample(frame)
        except av.error.FFmpegError as error:
            raise UserError(
                f"the channels of {self._path} cannot be mixed to one ({error}): mix them yourself"
            ) from error
        self._blocks.extend(block.to_ndarray()[0] for block in blocks)

    def samples(self, settings: PreparationSettings) -> np.ndarray:
        """All samples, at least as many as the models need."""
        self.add(None)
        samples = np.concatenate([np.zeros(0, np.int16), *self._blocks])
        seconds = len(samples) / SAMPLE_RATE
        if seconds < settings.shortest_seconds:
            raise UserError(
                f"{self._path} has {seconds:.2f} s of audio, but the models need at least "
                f"{settings.shortest_seconds} s: get it again and replace it"
            )
        return samples


def decode_whole_frames(path: Path) -> np.ndarray:
    """The whole frames of one clip, ``(frames, 180, 320, 3)`` uint8 RGB, at the faces' ticks.

    Raises
    ------
    UserError
        If the file is no video, is damaged, or has no pictures.
    """
    times: list[float] = []
    pictures: list[np.ndarray] = []
    for frame in _decoded(path, ("video",)):
        times.append(float(frame.time))
        pictures.append(_whole(frame))
    return _at_ticks(path, times, pictures)


def _at_ticks(path: Path, times: list[float], pictures: list[np.ndarray]) -> np.ndarray:
    """The picture that shows at each tick, ``(ticks, ...)``."""
    if not pictures:
        raise UserError(f"{path} has no frames: get it again and replace it")
    return np.stack(pictures)[at_constant_rate(np.array(times), FRAME_RATE)]


def _decoded(path: Path, kinds: Sequence[str]) -> Iterator[av.AudioFrame | av.VideoFrame]:
    """Frames of the first stream of each kind, in the order of the file."""
    try:
        with av.open(str(path)) as container:
            for kind in kinds:
                if not getattr(container.streams, kind):
                    raise UserError(
                        f"{path} has no {kind} stream, but the corpus's recordings have: get it "
                        "again and replace it"
                    )
            yield from container.decode(**dict.fromkeys(kinds, 0))
    except (av.error.FFmpegError, OSError) as error:
        raise UserError(
            f"{path} cannot be decoded ({error}): get it again and replace it"
        ) from error


def at_constant_rate(times: np.ndarray, rate: float) -> np.ndarray:
    """Which frame shows at each tick of a constant rate, as FFmpeg's ``fps`` filter decides.

    Each frame's time is rounded to the nearest tick; it shows until the next frame's tick.  The
    last frame shows as long as the mean frame does.

    Parameters
    ----------
    times
        ``(frames,)`` seconds, rising.

    Returns
    -------
    np.ndarray
        ``(ticks,)`` int64, indices into ``times``.
    """
    length = (times[-1] - times[0]) / max(len(times) - 1, 1) or 1 / rate
    edges = np.floor((np.append(times, times[-1] + length) - times[0]) * rate + 0.5).astype(int)
    return np.repeat(np.arange(len(times)), np.diff(edges))


def _grey(frame: av.VideoFrame, settings: PreparationSettings) -> np.ndarray:
    """The centre square of a frame, ``(48, 48)`` uint8, full range."""
    square = centre_square(_luma(frame))
    # As numbers that are not rounded before the range is widened.
    picture = Image.fromarray(square.astype(np.float32))
    small = np.asarray(picture.resize((FRAME_SIZE, FRAME_SIZE), RESIZING[settings.frame_resize]))
    if frame.color_range != av.video.reformatter.ColorRange.JPEG:
        small = (small - _LIMITED_BLACK) * (255 / _LIMITED_RANGE)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


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


def _whole(frame: av.VideoFrame) -> np.ndarray:
    """The whole frame, scaled, ``(180, 320, 3)`` uint8 RGB."""
    height, width = SALIENCY_INPUT_SIZE
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return small.to_ndarray()
