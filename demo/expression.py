"""What a face does: expression by emotion, rising and fading over a clip.

The parameters follow the facial action units of prototypical emotions (Ekman and Friesen's Facial
Action Coding System).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from demo.acting import FACE_CONFUSIONS, blend, perform, random_source, spread
from demo.settings import AUDIO_RATE, SyntheticCorpusSettings
from demo.voice import Utterance, loudness_envelope
from mmer.corpora.ravdess import Clip


@dataclass(frozen=True)
class Expression:
    """A face at one moment; 0 is the resting face, 1 the full movement.

    Attributes
    ----------
    inner_brow, outer_brow
        Raised above 0, lowered below (action units 1, 2, 4).
    pinch
        Brows drawn together (4).
    eyes
        Opened wide above 0, closing below (5, 43).
    lower_lid
        Lower lid tightened upwards (7).
    smile
        Mouth corners up above 0 (12), down below (15).
    width
        Mouth stretched above 0 (20), rounded below (18).
    jaw
        Mouth opened (26).
    upper_lip
        Upper lip raised (10).
    nose
        Nose wrinkled (9).
    cheeks
        Cheeks raised (6).
    gaze
        Looking down above 0.
    tilt, nod
        Head turned to its left shoulder, and lowered.
    """

    inner_brow: float = 0
    outer_brow: float = 0
    pinch: float = 0
    eyes: float = 0
    lower_lid: float = 0
    smile: float = 0
    width: float = 0
    jaw: float = 0
    upper_lip: float = 0
    nose: float = 0
    cheeks: float = 0
    gaze: float = 0
    tilt: float = 0
    nod: float = 0


EXPRESSIONS: dict[str, Expression] = {
    "neutral": Expression(),
    "calm": Expression(
        inner_brow=0.15, outer_brow=0.1, eyes=-0.25, smile=0.3, cheeks=0.1, nod=-0.2
    ),
    "happy": Expression(
        inner_brow=0.1,
        outer_brow=0.25,
        lower_lid=0.6,
        smile=1,
        width=0.6,
        jaw=0.35,
        cheeks=1,
        tilt=0.4,
        nod=-0.3,
    ),
    "sad": Expression(
        inner_brow=0.8,
        outer_brow=-0.5,
        pinch=0.4,
        eyes=-0.45,
        smile=-0.9,
        width=-0.2,
        gaze=0.8,
        tilt=-0.5,
        nod=0.9,
    ),
    "angry": Expression(
        inner_brow=-1,
        outer_brow=0.1,
        pinch=1,
        eyes=0.15,
        lower_lid=0.4,
        smile=-0.5,
        width=0.1,
        jaw=0.2,
        nose=0.3,
        nod=0.3,
    ),
    "fearful": Expression(
        inner_brow=1,
        outer_brow=0.2,
        pinch=0.7,
        eyes=0.8,
        smile=-0.45,
        width=0.5,
        jaw=0.35,
        tilt=-0.2,
        nod=-0.2,
    ),
    "disgust": Expression(
        inner_brow=-0.6,
        outer_brow=-0.3,
        pinch=0.4,
        eyes=-0.45,
        lower_lid=0.7,
        smile=-0.55,
        width=0.1,
        jaw=0.15,
        upper_lip=1,
        nose=1,
        cheeks=0.5,
        gaze=0.2,
        tilt=0.5,
        nod=-0.1,
    ),
    "surprised": Expression(
        inner_brow=0.9,
        outer_brow=1,
        eyes=0.9,
        width=-0.5,
        jaw=1,
        nod=-0.4,
    ),
}
"""Textbook face of each emotion."""

_RESTING_SHARE = 0.25  # of the expression, before it rises and after it fades
_SPEAKING_JAW = 0.45  # jaw opening of the loudest syllable
_BLINK_S = 0.17
_BLINKS_PER_S = 0.3


def resting_bias(actor: int, settings: SyntheticCorpusSettings) -> np.ndarray:
    """``(parameters,)``: how an actor's resting face departs from a neutral one."""
    random = random_source(settings.seed, f"resting face of actor {actor}")
    width = spread(EXPRESSIONS)
    return settings.difficulty.actor_bias * width * random.standard_normal(len(width))


def act(
    clip: Clip,
    utterance: Utterance,
    times: np.ndarray,
    bias: np.ndarray,
    settings: SyntheticCorpusSettings,
) -> list[Expression]:
    """The expressions of a clip's frames.

    Parameters
    ----------
    times
        ``(frames,)`` seconds.
    bias
        ``(parameters,)``, see :func:`resting_bias`.
    """
    random = random_source(settings.seed, clip.name, "face")
    difficulty = settings.difficulty
    performance = perform(
        clip, FACE_CONFUSIONS, difficulty.face_blend, difficulty.weak_share, random
    )
    width = spread(EXPRESSIONS)
    full = blend(EXPRESSIONS, performance) + difficulty.jitter * width * random.standard_normal(
        len(width)
    )
    tracks = bias + np.outer(_course(times, utterance, random), full)  # (frames, parameters)
    names = list(Expression.__dataclass_fields__)
    tracks[:, names.index("jaw")] += _SPEAKING_JAW * _speaking(times, utterance)
    tracks[:, names.index("eyes")] -= 2.5 * _blinking(times, random)
    for name, size in (("tilt", 0.25), ("nod", 0.2)):
        tracks[:, names.index(name)] += size * _swaying(times, random)
    return within_limits(tracks)


def within_limits(tracks: np.ndarray) -> list[Expression]:
    """Expressions of parameters ``(moments, parameters)``, cut to what a face can do."""
    lowest, highest = astuple(_LOWEST), astuple(_HIGHEST)
    return [Expression(*row) for row in np.clip(tracks, lowest, highest).tolist()]


_LOWEST = Expression(-1.4, -1.2, -0.3, -1.2, 0, -1.3, -0.9, 0, 0, 0, 0, -0.4, -1.5, -1.5)
_HIGHEST = Expression(1.4, 1.4, 1.3, 1.2, 1, 1.3, 1, 1.4, 1.3, 1.3, 1.3, 1.2, 1.5, 1.5)


def _course(times: np.ndarray, utterance: Utterance, random: np.random.Generator) -> np.ndarray:
    """``(frames,)``: the expression rises before the sentence starts and fades after it."""
    rise_s, fade_s = random.uniform(0.3, 0.6, size=2)
    rising = _smooth_step((times - utterance.start_s) / rise_s + 0.6)
    fading = _smooth_step((utterance.stop_s - times) / fade_s + 0.8)
    wave = 1 + 0.08 * _swaying(times, random)
    return _RESTING_SHARE + (1 - _RESTING_SHARE) * rising * fading * wave


def _smooth_step(values: np.ndarray) -> np.ndarray:
    clipped = np.clip(values, 0, 1)
    return clipped * clipped * (3 - 2 * clipped)


def _speaking(times: np.ndarray, utterance: Utterance) -> np.ndarray:
    """``(frames,)`` in [0, 1]: how far the syllable of the moment opens the mouth."""
    envelope = loudness_envelope(utterance.samples, window_s=0.08)
    at_frames = envelope[np.minimum((times * AUDIO_RATE).astype(int), len(envelope) - 1)]
    inside = (times >= utterance.start_s) & (times <= utterance.stop_s)
    return np.where(inside, at_frames / envelope.max(), 0)


def _blinking(times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """``(frames,)`` in [0, 1]: 1 with the lids closed."""
    count = random.poisson(_BLINKS_PER_S * times[-1])
    middles = random.uniform(0, times[-1], size=count)
    distances = np.abs(times[:, None] - middles[None, :]) / (_BLINK_S / 2)
    return np.clip(1 - distances, 0, 1).max(axis=1, initial=0)


def _swaying(times: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """``(frames,)`` slow movement in about [-1, 1]."""
    rates, phases = random.uniform(0.3, 1.1, size=2), random.uniform(0, 2 * np.pi, size=2)
    return sum(np.sin(2 * np.pi * r * times + p) for r, p in zip(rates, phases, strict=True)) / 2
