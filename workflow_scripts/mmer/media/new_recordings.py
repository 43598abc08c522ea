"""Decoding what is no recording of a corpus: any film or sound, whatever streams it has.

It is decoded by the same code as the corpora's recordings, and faces are cropped where they are
found instead of in the middle.  That code keeps its names to itself: other ones would be another
version of every run's preparation, and repeat it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image
from tqdm import tqdm

from mmer.media import decoding
from mmer.media.decoding import FRAME_RATE, FRAME_SIZE
from mmer.media.faces import FaceDetector, followed, square_crop
from mmer.media.saliency import TOGETHER, SaliencyMethod, square_maps
from mmer.media.settings import FaceSettings, PreparationSettings
from mmer.runtime.errors import UserError

Box = np.ndarray
"""Left, top and side ``(3,)`` float64 in pixels of an upright picture."""


@dataclass(frozen=True)
class Streams:
    """What a file holds that can be heard or seen."""

    sound: bool
    pictures: bool


LONGEST_HOURS = 4
"""Recordings beyond it are refused: everything of one is in memory at once."""

LOOK_HEIGHT = 120
"""Pixels of the shorter side of pictures that are shown."""


@dataclass(frozen=True)
class SeenFaces:
    """The faces of a film at 30 frames per second.

    Attributes
    ----------
    frames, saliency
        ``(frames, 48, 48)`` uint8.
    offset_s
        When the first one shows, in seconds from the start of the sound.
    looks
        What was seen every so often; empty of a film whose faces were not looked for.
    """

    frames: np.ndarray
    saliency: np.ndarray
    offset_s: float
    looks: tuple[Look, ...] = ()


@dataclass(frozen=True)
class Look:
    """A look for the face.

    Attributes
    ----------
    time_s
        When, in seconds from the start of the sound.
    picture
        The whole picture made small, ``(height, width)`` uint8 grey.
    square
        Left, top and side of what is cropped, in its pixels.
    found
        Whether a face was found in this very look.
    """

    time_s: float
    picture: np.ndarray
    square: Box
    found: bool


@dataclass(frozen=True)
class Cropping:
    """How faces are cropped; sides and shifts are in sides of the detector's box."""

    centre: bool
    look_every: int
    side: float
    higher: float


def streams_of(path: Path) -> Streams:
    """Look at a file; the picture on the cover of a song is none.

    A UserError if it cannot be opened, or holds neither sound nor pictures.
    """
    try:
        with av.open(str(path)) as container:
            hours = (container.duration or 0) / av.time_base / 3600
            shown = [s for s in container.streams.video if not s.disposition & _COVER]
            found = Streams(bool(container.streams.audio), bool(shown))
    except (av.error.FFmpegError, OSError) as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path} is no film and no sound that can be read ({reason})") from error
    if hours > LONGEST_HOURS:
        raise UserError(f"{path} lasts {hours:.0f} hours, more than {LONGEST_HOURS}: cut it")
    if not (found.sound or found.pictures):
        raise UserError(f"{path} holds neither sound nor pictures")
    return found


_COVER = av.stream.Disposition.attached_pic


def faces_of_corpus(path: Path, settings: PreparationSettings, method: SaliencyMethod) -> SeenFaces:
    """The faces of a recording of the run's corpus, in the middle, as its run prepared them."""
    clip = decoding.decode_clip(path, settings)
    maps = square_maps(method(decoding.decode_whole_frames(path)))
    return SeenFaces(clip.frames, maps, clip.offset_s)


def faces_of_film(
    path: Path, has_sound: bool, cropping: Cropping, method: SaliencyMethod
) -> SeenFaces:
    """The faces of any film, found in a first pass and cropped in a second.

    A UserError if the film cannot be decoded, or no face is found.
    """
    times, sound_s, looks = _look(path, has_sound, cropping)
    squares = _squares(path, looks, len(times), cropping)
    ticks = decoding.at_constant_rate(np.sort(times), FRAME_RATE)
    used = set(ticks.tolist())
    faces = np.zeros((len(times), FRAME_SIZE, FRAME_SIZE), np.uint8)
    maps = np.zeros_like(faces)
    waiting: list[tuple[int, np.ndarray, np.ndarray]] = []

    def map_waiting() -> None:
        for (index, _, square), whole in zip(
            waiting, method([picture for _, picture, _ in waiting]), strict=True
        ):
            maps[index] = square_crop(whole, square, FRAME_SIZE, 0)
        waiting.clear()

    progress = tqdm(decoding.decoded_frames(path, ("video",)), total=len(times), unit="picture")
    for index, (frame, pixel_aspect) in enumerate(progress):
        if index not in used:
            continue
        grey = upright_grey(frame, pixel_aspect)
        faces[index] = square_crop(grey, squares[index], FRAME_SIZE, 0)
        whole = decoding.in_colours(frame, pixel_aspect, decoding.SALIENCY_INPUT_SIZE)
        waiting.append((index, whole, squares[index] * whole.shape[0] / grey.shape[0]))
        if len(waiting) == TOGETHER:
            map_waiting()
    if waiting:
        map_waiting()
    begins = float(times.min())
    shown = tuple(
        Look(
            time_s=float(times[index]) - sound_s,
            picture=small,
            square=squares[index] * ratio,
            found=box is not None,
        )
        for index, box, small, ratio in looks
    )
    return SeenFaces(faces[ticks], maps[ticks], begins - sound_s, shown)


def _look(
    path: Path, has_sound: bool, cropping: Cropping
) -> tuple[np.ndarray, float, list[tuple[int, Box | None, np.ndarray, float]]]:
    """The first pass: times of all pictures, when the sound begins, and the looks.

    Of each look: which picture, the face's box in its pixels, the picture made small, and by what.
    """
    detector = FaceDetector(FaceSettings())
    kinds = ("audio", "video") if has_sound else ("video",)
    shows, sound_s, looks = [], None, []
    for frame, pixel_aspect in tqdm(
        decoding.decoded_frames(path, kinds), unit="frame", mininterval=5
    ):
        if isinstance(frame, av.AudioFrame):
            sound_s = decoding.time_of(path, frame) if sound_s is None else sound_s
            continue
        if len(shows) % cropping.look_every == 0:
            grey = upright_grey(frame, pixel_aspect)
            box = None if cropping.centre else detector.face(grey)
            ratio = min(LOOK_HEIGHT / min(grey.shape), 1)
            size = tuple(max(round(side * ratio), 1) for side in grey.shape[::-1])
            small = Image.fromarray(grey).resize(size, Image.Resampling.BOX)
            looks.append((len(shows), box, np.asarray(small), ratio))
        shows.append(decoding.time_of(path, frame) if has_sound or frame.time is not None else 0.0)
        if shows[-1] - shows[0] > LONGEST_HOURS * 3600:
            raise UserError(f"{path} lasts more than {LONGEST_HOURS} hours by its times: cut it")
    if not shows:
        raise UserError(f"{path} has no pictures that can be decoded")
    times = np.array(shows)
    return times, float(times.min()) if sound_s is None else sound_s, looks


def _squares(
    path: Path,
    looks: Sequence[tuple[int, Box | None, np.ndarray, float]],
    pictures: int,
    cropping: Cropping,
) -> np.ndarray:
    """What is cropped of every picture, ``(pictures, 3)``: around the face, or the middle."""
    if cropping.centre:
        _, _, small, ratio = looks[0]
        height, width = (side / ratio for side in small.shape)
        side = min(height, width)
        return np.tile([(width - side) / 2, (height - side) / 2, side], (pictures, 1))
    boxes = [box for _, box, _, _ in looks]
    faces = followed(boxes, pictures, FaceSettings(look_every=cropping.look_every), path)
    side = faces[:, 2:]
    middle = faces[:, :2] + side / 2 - side * [0, cropping.higher]
    return np.concatenate([middle - side * cropping.side / 2, side * cropping.side], axis=1)


def upright_grey(frame: av.VideoFrame, pixel_aspect: float) -> np.ndarray:
    """A whole picture as it is to be seen, ``(height, width)`` uint8, full range."""
    luma, is_full = decoding._luma(frame)
    if not is_full:
        widened = (luma.astype(np.float32) - decoding._LIMITED_BLACK) * (
            255 / decoding._LIMITED_RANGE
        )
        luma = np.clip(np.rint(widened), 0, 255).astype(np.uint8)
    if pixel_aspect != 1:
        size = (max(round(luma.shape[1] * pixel_aspect), 1), luma.shape[0])
        luma = np.asarray(Image.fromarray(luma).resize(size, Image.Resampling.BOX))
    return np.ascontiguousarray(decoding._upright(luma, frame))
