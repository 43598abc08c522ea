"""The faces of a speaker's films, cropped in colours, for networks that see a face every 40 ms.

Films are decoded twice, once to follow the face and once to crop it, so that no whole frame is
kept.

Source: Tzirakis et al. 2017, by the authors' published code: a face of 96×96 pixels for each 40 ms.
"""

from __future__ import annotations

import logging
from pathlib import Path

import av
import numpy as np
from tqdm import tqdm

from mmer.media.decoding import at_constant_rate, decoded_frames, in_colours, time_of
from mmer.media.faces import FaceDetector, NoFaceError, followed, square_crop
from mmer.media.recordings import RecordingsJob, recordings_of
from mmer.media.settings import FaceSettings
from mmer.ragged import Ragged, write_ragged

FACE_RATE = 25
"""Faces per second."""

FACE_SIDE = 96
"""Pixels."""

log = logging.getLogger(__name__)


class FacesJob(RecordingsJob):
    """What the step that crops a speaker's faces is told."""

    faces: FaceSettings
    out: Path


def crop_faces(job: FacesJob) -> None:
    """Follow and crop the face of every film.

    Raises
    ------
    NoFaceError
        If films show none, of all of them at once.
    """
    corpus, _, named = recordings_of(job)
    detector = FaceDetector(job.faces)
    # The start of a film is told from that of its sound, where the item's sound is the film's.
    kinds = ("audio", "video") if corpus.recordings == "film" else ("video",)
    crops, starts, without = [], [], []
    for film in tqdm(named.values(), unit="film", mininterval=5):
        try:
            faces, start_s = faces_of_film(film, kinds, detector)
        except NoFaceError as error:
            without += error.films
            continue
        last = corpus.first_seconds and round(corpus.first_seconds * FACE_RATE)
        crops.append(faces[:last])
        starts.append(start_s)
    if without:
        raise NoFaceError(without)
    write_ragged(job.out, Ragged.join(list(named), crops, FACE_RATE, starts))
    log.info("faces of %d films of %s", len(named), job.speaker)


def faces_of_film(
    film: Path, kinds: tuple[str, ...], detector: FaceDetector
) -> tuple[np.ndarray, float]:
    """Faces ``(ticks, 96, 96, 3)`` uint8 RGB, 25 a second, and when the first one shows.

    A UserError if the film is damaged, lacks a stream, or shows no face.

    ``kinds`` are the streams to decode: with ``audio`` the second value counts from the first
    sample, in seconds, else from the film's own start.
    """
    settings, heard_s = detector.settings, []
    shows_s: list[float] = []
    looks: list[np.ndarray | None] = []
    for frame, pixel_aspect in decoded_frames(film, kinds):
        if isinstance(frame, av.AudioFrame):
            heard_s = heard_s or [time_of(film, frame)]
            continue
        if len(shows_s) % settings.look_every == 0:
            looks.append(detector.face(in_colours(frame, pixel_aspect)))
        shows_s.append(time_of(film, frame))
    boxes = followed(looks, len(shows_s), settings, film)
    # Pictures come in the order in which they show, but AVI has their times in that of decoding.
    shown = at_constant_rate(np.sort(shows_s), FACE_RATE)
    faces = np.empty((len(shown), FACE_SIDE, FACE_SIDE, 3), np.uint8)
    for number, (frame, pixel_aspect) in enumerate(decoded_frames(film, ("video",))):
        first, last = np.searchsorted(shown, [number, number + 1])
        if first < last:
            picture = in_colours(frame, pixel_aspect)
            faces[first:last] = square_crop(picture, boxes[number], FACE_SIDE, settings.margin)
    return faces, min(shows_s) - (heard_s[0] if heard_s else 0.0)
