"""Decoding recordings: audio and square grey frames in one pass, whole frames in another.

Whole frames are wanted by the saliency method alone.  They are decoded again there: that costs
less than writing and reading gigabytes of them, and a changed method repeats nothing else.

Source: paper sections 3.2.1 (16 kHz, one channel, by FFmpeg) and 3.3 (30 frames per second, lateral
pixels removed from 1280×720 to 720×720, resized to 48×48).  PyAV gives FFmpeg's own decoders and
resampler.
"""

from __future__ import annotations

import logging
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

SALIENCY_INPUT_SIZE = (240, 320)
"""Height and width into which whole frames are fitted for the saliency method: those that MSI-Net
takes (Kroner et al. 2020), and 1280×720 becomes 320×180."""

LARGEST_LOSS_S = 0.5
"""Seconds by which a film may end before the length that its file declares: containers round up to
whole packets and count the codec's padding."""

RESIZING = {"bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}
"""Pillow's filters; both average over the pixels that they drop."""

_LIMITED_BLACK, _LIMITED_RANGE = 16.0, 219.0
"""Luma of video lies in 16 to 235 (ITU-R BT.601)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodedClip:
    """A clip's audio ``(samples,)`` int16, 16 kHz, mono, and face at 30 frames per second.

    The frames are ``(frames, 48, 48)`` uint8 grey.  The first one shows ``offset_s`` seconds after
    the first sample sounds: files may start one stream later than the other.
    """

    audio: np.ndarray
    frames: np.ndarray
    offset_s: float


def decode_clip(path: Path, settings: PreparationSettings) -> DecodedClip:
    """Decode audio and the face of one clip in one pass.

    A UserError if the file is no video, is damaged or cut off, has no audio or no video stream, or
    is shorter than the models' front ends need.
    """
    audio = _Audio(path)
    sounds_s: list[float] = []
    shows_s: list[float] = []
    faces: list[np.ndarray] = []
    for frame, pixel_aspect in decoded_frames(path, ("audio", "video")):
        if isinstance(frame, av.AudioFrame):
            sounds_s.append(time_of(path, frame))
            audio.add(frame)
        else:
            shows_s.append(time_of(path, frame))
            faces.append(_grey(frame, pixel_aspect, settings))
    samples, frames = audio.samples(settings), _at_ticks(path, shows_s, faces)
    return DecodedClip(samples, frames, min(shows_s) - sounds_s[0])


def decode_voice(path: Path, settings: PreparationSettings) -> np.ndarray:
    """Decode the audio of one recording, ``(samples,)`` int16, 16 kHz, mono.

    A UserError if the file is damaged, cut off, has no audio, or is shorter than the models' front
    ends need.
    """
    audio, heard = _Audio(path), 0.0
    for frame, _ in decoded_frames(path, ("audio",)):
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
        except ValueError as error:  # PyAV's word for a frame unlike the first
            raise UserError(
                f"{self._path} changes its rate or channels on the way: write it anew with one of "
                "each"
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
    """The whole frames of one clip at the faces' ticks, ``(frames, height, width, 3)`` uint8 RGB.

    They fit into :data:`SALIENCY_INPUT_SIZE` and keep their aspect, so that a square of them is the
    square that the faces are.

    A UserError if the file is no video, is damaged, or has no pictures.
    """
    times: list[float] = []
    pictures: list[np.ndarray] = []
    for frame, pixel_aspect in decoded_frames(path, ("video",)):
        times.append(time_of(path, frame))
        pictures.append(in_colours(frame, pixel_aspect, SALIENCY_INPUT_SIZE))
    return _at_ticks(path, times, pictures)


def time_of(path: Path, frame: av.AudioFrame | av.VideoFrame) -> float:
    """When a frame begins, in seconds."""
    if frame.time is None:
        raise UserError(f"{path} does not tell the times of its frames: convert it to mp4")
    return float(frame.time)


def _at_ticks(path: Path, times: list[float], pictures: list[np.ndarray]) -> np.ndarray:
    """The picture that shows at each tick, ``(ticks, ...)``."""
    if not pictures:
        raise UserError(f"{path} has no frames: get it again and replace it")
    # Pictures come in the order in which they show, but AVI has their times in that of decoding.
    return np.stack(pictures)[at_constant_rate(np.sort(times), FRAME_RATE)]


def decoded_frames(
    path: Path, kinds: Sequence[str]
) -> Iterator[tuple[av.AudioFrame | av.VideoFrame, float]]:
    """Frames of the first stream of each kind, in the order of the file.

    With each comes the width of a pixel over its height.
    """
    damaged, end_s = 0, 0.0
    try:
        with av.open(str(path)) as container:
            for kind in kinds:
                if not getattr(container.streams, kind):
                    raise UserError(
                        f"{path} has no {kind} stream, but the corpus's recordings have: get it "
                        "again and replace it"
                    )
            pixel_aspect = 1.0
            if "video" in kinds:
                pixel_aspect = float(container.streams.video[0].sample_aspect_ratio or 1)
            for frame in container.decode(**dict.fromkeys(kinds, 0)):
                damaged += frame.is_corrupt
                end_s = max(end_s, frame.time or 0.0)
                yield frame, pixel_aspect
            declared_s = ((container.start_time or 0) + (container.duration or 0)) / av.time_base
    except (av.error.FFmpegError, OSError) as error:
        raise UserError(
            f"{path} cannot be decoded ({error}): get it again and replace it"
        ) from error
    if damaged:
        log.warning("%s: %d damaged frames, which the decoder mended: get it again", path, damaged)
    # Sound alone may be in files that only guess their length.
    if {"audio", "video"} <= {*kinds} and end_s < declared_s - LARGEST_LOSS_S:
        raise UserError(
            f"{path} declares {declared_s:.2f} s but ends after {end_s:.2f} s, so it is cut off: "
            "get it again and replace it"
        )


def at_constant_rate(times: np.ndarray, rate: float) -> np.ndarray:
    """Which frame shows at each tick of a constant rate, as FFmpeg's ``fps`` filter decides.

    Each frame's time is rounded to the nearest tick; it shows until the next frame's tick.  The
    last frame shows as long as the mean frame does.  Of times ``(frames,)`` in seconds, rising,
    come indices ``(ticks,)`` int64.
    """
    length = (times[-1] - times[0]) / max(len(times) - 1, 1) or 1 / rate
    edges = np.floor((np.append(times, times[-1] + length) - times[0]) * rate + 0.5).astype(int)
    return np.repeat(np.arange(len(times)), np.diff(edges))


def _grey(frame: av.VideoFrame, pixel_aspect: float, settings: PreparationSettings) -> np.ndarray:
    """The centre square of a frame, ``(48, 48)`` uint8, full range, upright."""
    luma, is_full = _luma(frame)
    square = centre_square(luma, pixel_aspect)
    # As numbers that are not rounded before the range is widened.
    picture = Image.fromarray(square.astype(np.float32))
    small = np.asarray(picture.resize((FRAME_SIZE, FRAME_SIZE), RESIZING[settings.frame_resize]))
    if not is_full:
        small = (small - _LIMITED_BLACK) * (255 / _LIMITED_RANGE)
    return _upright(np.clip(np.rint(small), 0, 255).astype(np.uint8), frame)


def _luma(frame: av.VideoFrame) -> tuple[np.ndarray, bool]:
    """Luma ``(height, width)`` uint8 without row padding, and whether its range is full."""
    is_full = frame.color_range == av.video.reformatter.ColorRange.JPEG
    has_plane = frame.format.name.startswith(("yuv4", "yuvj4", "nv12"))
    if not has_plane or frame.format.components[0].bits != 8:
        frame, is_full = frame.reformat(format="gray"), True  # FFmpeg's grey is of full range
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width], is_full


def centre_square(picture: np.ndarray, pixel_aspect: float = 1.0) -> np.ndarray:
    """The largest centred part of ``(height, width, ...)`` that shows as a square.

    Lateral pixels are removed.  ``pixel_aspect`` is the width of a pixel over its height.
    """
    height, width = picture.shape[:2]
    high = min(height, round(width * pixel_aspect))
    wide = min(width, round(high / pixel_aspect))
    top, left = (height - high) // 2, (width - wide) // 2
    return picture[top : top + high, left : left + wide]


def in_colours(
    frame: av.VideoFrame, pixel_aspect: float, fit: tuple[int, int] | None = None
) -> np.ndarray:
    """The whole frame as it is to be seen, ``(height, width, 3)`` uint8 RGB, fitted into a size."""
    seen = (frame.height, frame.width * pixel_aspect)
    ratio = 1.0
    if fit is not None:
        most = fit[:: -1 if frame.rotation % 180 else 1]
        ratio = min(limit / side for limit, side in zip(most, seen, strict=True))
    height, width = (round(side * ratio) for side in seen)
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return _upright(small.to_ndarray(), frame)


def _upright(picture: np.ndarray, frame: av.VideoFrame) -> np.ndarray:
    """A picture turned as its film says, by quarters: phones keep films as the sensor lies."""
    return np.rot90(picture, round(frame.rotation / 90))
