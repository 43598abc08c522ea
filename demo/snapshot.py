"""One picture as AffectNet has them: a drawn face of some identity, cropped, sized and lit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from demo.acting import FACE_CONFUSIONS, Performance, blend, spread
from demo.appearance import Appearance, appearance_of
from demo.expression import EXPRESSIONS, Expression, resting_bias, within_limits
from demo.face import draw_face, head_turn
from demo.portrait import SIDE, paint_portrait
from demo.settings import SyntheticCorpusSettings

FACES: Mapping[str, Expression] = EXPRESSIONS | {
    "contempt": Expression(
        outer_brow=0.3, eyes=-0.35, lower_lid=0.3, smile=0.4, upper_lip=0.6, tilt=0.8, nod=-0.6
    )
}
"""Textbook faces, with one emotion that RAVDESS has not."""

_CONFUSIONS = FACE_CONFUSIONS | {"contempt": ("happy", "disgust", "neutral")}
_VIEW = (480.0, 700.0)  # pixels of the drawn square that a picture shows: AffectNet crops loosely
_SIDES = (96, 400)  # pixels of a picture


@dataclass(frozen=True)
class Snapshot:
    """A picture and what the lists tell of it.

    Attributes
    ----------
    picture
        ``(height, width, 3)`` uint8: blue, green, red.
    box
        Left, top, width, height of the face in pixels.
    landmarks
        ``(68, 2)`` pixels, of the face at rest, in the usual order: jaw, brows, nose, eyes, mouth.
    """

    picture: np.ndarray
    box: tuple[int, int, int, int]
    landmarks: np.ndarray


class Sitter:
    """An identity of its own number; the demo corpus's actors have the numbers 1 to 24."""

    def __init__(self, number: int, seed: int) -> None:
        settings = SyntheticCorpusSettings(seed=seed)
        self.looks = appearance_of(number, seed)
        self.portrait = paint_portrait(self.looks)
        self.resting = resting_bias(number, settings)
        self.difficulty = settings.difficulty

    def snapshot(self, emotion: str, strength: float, random: np.random.Generator) -> Snapshot:
        """Show an emotion of :data:`FACES`, more or less strongly, to a random camera."""
        partner = str(random.choice(_CONFUSIONS[emotion]))
        share = float(random.uniform(0, self.difficulty.face_blend))
        width = spread(EXPRESSIONS)
        jitter = self.difficulty.jitter * width * random.standard_normal(len(width))
        meant = blend(FACES, Performance(emotion, partner, share, strength))
        (expression,) = within_limits((self.resting + meant + jitter)[None])
        square = draw_face(self.portrait, self.looks, expression)[..., :3]
        turned = _moved(landmarks_of(self.looks), head_turn(expression))
        outline = _moved(_outline(self.looks), head_turn(expression))
        return _shoot(square, outline, turned, random)


def shapes(random: np.random.Generator) -> Snapshot:
    """A picture without a face, with a box where a detector thought one was."""
    side = int(random.integers(*_SIDES))
    picture = np.full((side, side, 3), random.integers(0, 256, 3), np.uint8)
    for _ in range(6):
        middle, axes = random.integers(0, side, 2).tolist(), random.integers(5, side // 2, 2)
        colour = random.integers(0, 256, 3).tolist()
        cv2.ellipse(picture, middle, axes.tolist(), 0, 0, 360, colour, -1, cv2.LINE_AA)
    return Snapshot(picture, (side // 8, side // 8, side // 2, side // 2), np.zeros((68, 2)))


def _shoot(
    square: np.ndarray, outline: np.ndarray, landmarks: np.ndarray, random: np.random.Generator
) -> Snapshot:
    """Cut a view around the face, scale it and change the light."""
    wide, high = random.uniform(*_VIEW) * random.uniform(0.93, 1.03, 2)
    centre = outline.mean(axis=0) + random.uniform(-30, 30, 2)
    left, top = np.clip(np.rint(centre - (wide / 2, high / 2)), 0, (SIDE - wide, SIDE - high))
    view = square[int(top) : int(top + high), int(left) : int(left + wide)]
    scale = random.integers(*_SIDES) / wide
    picture = cv2.resize(view, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = cv2.convertScaleAbs(picture, None, random.uniform(0.6, 1.1), random.uniform(-15, 15))
    corner = (int(left), int(top))
    low, far = ((edge - corner) * scale for edge in (outline.min(axis=0), outline.max(axis=0)))
    box = (*np.maximum(low, 0).astype(int).tolist(), *(far - np.maximum(low, 0)).astype(int))
    return Snapshot(picture, tuple(map(int, box)), (landmarks - corner) * scale)


def _moved(points: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Points ``(points, 2)`` after a movement ``(2, 3)``."""
    return points @ turn[:, :2].T + turn[:, 2]


def _outline(looks: Appearance) -> np.ndarray:
    """``(4, 2)``: the outermost points of the face."""
    reach = np.array([looks.half_width, looks.half_height])
    return looks.centre + reach * np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])


def landmarks_of(looks: Appearance) -> np.ndarray:
    """``(68, 2)`` pixels of the portrait, face at rest."""
    (x, y), eyes = looks.centre, (x_of_eyes := looks.eye_distance)
    brows = np.linspace(-1, 1, 5) * 1.3 * looks.eye_half_width
    bridge = np.linspace(looks.eye_y, looks.nose_y, 4)
    nostrils = np.linspace(-0.8, 0.8, 5) * looks.nose_half_width
    wide = looks.mouth_half_width
    parts = [
        _arc((x, y), (looks.half_width, looks.half_height), np.linspace(np.pi, 0, 17)),
        *(
            np.stack([x + side * eyes + brows, np.full(5, looks.brow_y)], axis=1)
            for side in (-1, 1)
        ),
        np.stack([np.full(4, x), bridge], axis=1),
        np.stack([x + nostrils, np.full(5, looks.nose_y + 6)], axis=1),
        *(
            _arc((x + side * x_of_eyes, looks.eye_y), (looks.eye_half_width, 12), _around(6))
            for side in (-1, 1)
        ),
        _arc((x, looks.mouth_y), (wide, 1.2 * looks.lip), _around(12)),
        _arc((x, looks.mouth_y), (0.8 * wide, 2), _around(8)),
    ]
    return np.concatenate(parts)


def _around(count: int) -> np.ndarray:
    """Angles from the left end over the top, once around."""
    return np.pi + np.linspace(0, 2 * np.pi, count, endpoint=False)


def _arc(middle: tuple[float, float], reach: tuple[float, float], angles: np.ndarray) -> np.ndarray:
    """Points ``(angles, 2)`` of an ellipse."""
    return middle + np.stack([reach[0] * np.cos(angles), reach[1] * np.sin(angles)], axis=1)
