"""Filming an actor: every clip's voice, face and movie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from demo.acting import random_source
from demo.appearance import Appearance, appearance_of
from demo.expression import act, resting_bias
from demo.face import draw_face
from demo.movie import encode_movie, frame_times
from demo.portrait import paint_portrait
from demo.settings import AUDIO_RATE, SyntheticCorpusSettings
from demo.voice import Timbre, Utterance, speak, timbre_of
from mmer.corpora.ravdess import Clip


@dataclass(frozen=True)
class Actor:
    """What stays the same over all clips of an actor.

    Attributes
    ----------
    portrait
        ``(720, 720, 4)`` uint8, see :func:`demo.portrait.paint_portrait`.
    resting
        ``(parameters,)``: how the resting face departs from a neutral one.
    """

    timbre: Timbre
    looks: Appearance
    portrait: np.ndarray
    resting: np.ndarray


def cast(number: int, settings: SyntheticCorpusSettings) -> Actor:
    """Bring an actor to the studio."""
    looks = appearance_of(number, settings.seed)
    return Actor(
        timbre=timbre_of(number, settings),
        looks=looks,
        portrait=paint_portrait(looks),
        resting=resting_bias(number, settings),
    )


def film(clip: Clip, actor: Actor, settings: SyntheticCorpusSettings) -> bytes:
    """The mp4 file of one audio-visual clip."""
    utterance = speak(clip, actor.timbre, settings)
    random = random_source(settings.seed, clip.name, "recording")
    channels = 2 if random.random() < settings.stereo_share else 1
    return encode_movie(pictures(clip, utterance, actor, settings), utterance.samples, channels)


def pictures(
    clip: Clip, utterance: Utterance, actor: Actor, settings: SyntheticCorpusSettings
) -> Iterator[np.ndarray]:
    """One picture for every frame of the clip, as :func:`demo.face.draw_face`."""
    times = frame_times(len(utterance.samples) / AUDIO_RATE)
    for expression in act(clip, utterance, times, actor.resting, settings):
        yield draw_face(actor.portrait, actor.looks, expression)
