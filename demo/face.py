"""Drawing one frame: brows, eyes, mouth and folds on a portrait, then the head's movement."""

from __future__ import annotations

import cv2
import numpy as np

from demo.appearance import Appearance, Colour
from demo.expression import Expression
from demo.portrait import SIDE

_SHIFT = 4  # OpenCV's drawing calls take coordinates in sixteenths of a pixel
_ACROSS = np.linspace(-1, 1, 25)  # from a feature's left end to its right end
_ARCH = 1 - _ACROSS**2
_WHITE: Colour = (238, 242, 244)
_TEETH: Colour = (232, 238, 240)
_THROAT: Colour = (38, 24, 62)
_TONGUE: Colour = (90, 80, 170)
_LASHES: Colour = (30, 26, 28)
_PIVOT = (SIDE / 2, 640.0)  # the neck, around which the head moves
_CLOSENESS = 1.12  # of the camera; the head then fills about two thirds of the frame's height


def draw_face(portrait: np.ndarray, looks: Appearance, expression: Expression) -> np.ndarray:
    """Draw one frame's square.

    Parameters
    ----------
    portrait
        ``(720, 720, 4)`` uint8, from
        :func:`demo.portrait.paint_portrait`; left as it is.

    Returns
    -------
    numpy.ndarray
        ``(720, 720, 4)`` uint8: blue, green, red, and a fourth channel without meaning.
    """
    picture = portrait.copy()
    _draw_folds(picture, looks, expression)
    for side in (-1, 1):
        _draw_eye(picture, looks, expression, side)
        _draw_brow(picture, looks, expression, side)
    _draw_mouth(picture, looks, expression)
    turn = head_turn(expression)
    return cv2.warpAffine(picture, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


def head_turn(expression: Expression) -> np.ndarray:
    """``(2, 3)``: where the head's movement puts a pixel of the portrait."""
    turn = cv2.getRotationMatrix2D(
        _PIVOT, -4.0 * expression.tilt, _CLOSENESS - 0.012 * expression.nod
    )
    turn[1, 2] += 18 + 9.0 * expression.nod
    return turn


def _draw_brow(picture: np.ndarray, looks: Appearance, face: Expression, side: int) -> None:
    inner = looks.centre[0] + side * (26 - 11 * face.pinch)
    outer = looks.centre[0] + side * (looks.eye_distance + looks.eye_half_width + 14)
    along = (_ACROSS + 1) / 2  # 0 at the nose, 1 at the temple
    xs = inner + along * (outer - inner)
    lift = 31 * face.inner_brow * (1 - along) ** 1.5 + 31 * face.outer_brow * along
    arch = (9 + 5 * max(face.outer_brow, 0)) * np.sin(np.pi * along**1.2)
    ys = looks.brow_y - lift - arch + 6 * along + 8 * max(face.nose, 0)
    half = looks.brow_thickness * 0.8 * (1 - 0.6 * along**2) * (1 - (1 - along) ** 6) ** 0.5
    _fill(picture, xs, ys - half, ys + half, looks.brows)


def _draw_eye(picture: np.ndarray, looks: Appearance, face: Expression, side: int) -> None:
    """Draw into a patch around the eye, so that the lids can cover the iris."""
    x, y = looks.centre[0] + side * looks.eye_distance, looks.eye_y
    left, top = int(x) - 64, int(y) - 48
    patch = picture[top : top + 96, left : left + 128]
    x, y, wide = x - left, y - top, looks.eye_half_width
    opened = max(1 + 0.6 * face.eyes, 0.04)
    xs = x + wide * _ACROSS
    slant = -side * 2.5 * _ACROSS
    upper = y + slant - 18 * opened * _ARCH**0.8
    lower = y + slant + (12 * min(opened, 1.3) - 11 * face.lower_lid) * _ARCH
    lower = np.maximum(lower, upper + 1)
    ball = np.empty_like(patch)
    ball[:] = np.array([*_WHITE, 0], np.uint8)
    pupil_at = (x, y - 2 + 7 * face.gaze)
    _disc(ball, pupil_at, 15, looks.iris)
    _disc(ball, pupil_at, 7, _LASHES)
    _disc(ball, (pupil_at[0] - 5, pupil_at[1] - 5), 3.5, (255, 255, 255))
    opening = np.zeros_like(patch)
    _fill(opening, xs, upper, lower, (255, 255, 255, 255))
    share = opening.astype(np.uint16)
    patch[:] = ((patch * (255 - share) + ball * share + 127) // 255).astype(np.uint8)
    _stroke(patch, xs, upper, _LASHES, 5 if looks.long_hair else 4)
    _stroke(patch, xs, lower + 1, looks.line, 2)
    _stroke(patch, xs, upper - 9 - 3 * max(face.eyes, 0), looks.line, 2)


def _draw_mouth(picture: np.ndarray, looks: Appearance, face: Expression) -> None:
    x, y = looks.centre[0], looks.mouth_y
    wide = looks.mouth_half_width * (1 + 0.3 * face.width + 0.1 * max(face.smile, 0))
    xs = x + wide * _ACROSS
    middle = y + 24 * face.smile * (1 - 2 * _ACROSS**2)
    gap = 50 * face.jaw * _ARCH ** (0.5 + 0.3 * max(face.width, 0))
    sneer = 14 * face.upper_lip * _ARCH * (1 + 0.5 * _ACROSS)
    upper = middle - 0.3 * gap - sneer
    lower = middle + 0.8 * gap + 1
    dip = 1 - 0.35 * np.exp(-((_ACROSS / 0.16) ** 2))
    lip = looks.lip * (1 - 0.25 * max(face.smile, 0)) * _ARCH**0.6
    _fill(picture, xs, upper - lip * dip, lower + 1.25 * lip, looks.lips)
    if (lower - upper).max() > 3:
        _fill(picture, xs, upper, lower, _THROAT)
        _fill(picture, xs, np.maximum(lower - 0.3 * gap, upper), lower, _TONGUE)
        _fill(picture, xs, upper, np.minimum(upper + 13 * _ARCH**0.4, lower), _TEETH)
    _stroke(picture, xs, upper, tuple(0.55 * channel for channel in looks.lips), 2)
    below = middle.max() + 26 + 36 * face.jaw + looks.lip
    _stroke(picture, x + 26 * _ACROSS, below - 5 * _ARCH, looks.line, 2)


def _draw_folds(picture: np.ndarray, looks: Appearance, face: Expression) -> None:
    """Folds that deepen with an expression: forehead, between the brows, nose, cheeks."""
    x = looks.centre[0]
    raised = max(min(face.inner_brow, 1.2), 0) * 0.7 + max(face.outer_brow, 0) * 0.5
    for row in (0, 1):
        wide = 62 - 8 * row
        ys = looks.brow_y - 36 - 14 * row - 12 * raised - 4 * _ARCH
        _fold(picture, looks, x + wide * _ACROSS, ys, raised)
    for side in (-1, 1):
        upright = np.linspace(-1, 1, 5)
        _fold(
            picture,
            looks,
            x + side * (9 + 2 * upright),
            looks.brow_y + 14 + 16 * upright,
            max(face.pinch, 0),
        )
        for row in (0, 1):
            along = np.linspace(0, 1, 5)
            _fold(
                picture,
                looks,
                x + side * (8 + 17 * along),
                looks.eye_y + 26 + 13 * row + 11 * along,
                face.nose,
            )
        along = np.linspace(0, 1, 12)
        depth = max(face.cheeks, 0.9 * face.upper_lip, 0.5 * max(face.smile, 0))
        start = x + side * (looks.nose_half_width + 8)
        reach = looks.mouth_half_width * (1.05 + 0.3 * face.width) - looks.nose_half_width
        _fold(
            picture,
            looks,
            start + side * (reach * along + 10 * np.sin(np.pi * along)),
            looks.nose_y - 8 + (looks.mouth_y - looks.nose_y - 6) * along,
            depth,
        )
        _fold(
            picture,
            looks,
            x + side * looks.eye_distance + 34 * _ACROSS,
            looks.eye_y + 34 - 6 * face.cheeks + 8 * _ARCH,
            face.cheeks,
        )


def _fold(
    picture: np.ndarray, looks: Appearance, xs: np.ndarray, ys: np.ndarray, depth: float
) -> None:
    if depth < 0.1:
        return
    share = min(depth, 1.0)
    colour = tuple(
        skin * (1 - share) + line * share for skin, line in zip(looks.skin, looks.line, strict=True)
    )
    _stroke(picture, xs, ys, colour, 2 + round(3 * share))


def _points(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    return np.round(np.stack([xs, ys], axis=1) * (1 << _SHIFT)).astype(np.int32)


def _fill(
    picture: np.ndarray, xs: np.ndarray, upper: np.ndarray, lower: np.ndarray, colour: Colour
) -> None:
    """Fill between an upper and a lower edge, both ``(points,)`` pixel rows."""
    outline = np.concatenate([_points(xs, upper), _points(xs, lower)[::-1]])
    cv2.fillPoly(picture, [outline], colour, cv2.LINE_AA, _SHIFT)


def _stroke(
    picture: np.ndarray, xs: np.ndarray, ys: np.ndarray, colour: Colour, thickness: int
) -> None:
    cv2.polylines(picture, [_points(xs, ys)], False, colour, thickness, cv2.LINE_AA, _SHIFT)


def _disc(picture: np.ndarray, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    scaled = np.round(np.array([*centre, radius]) * (1 << _SHIFT)).astype(int).tolist()
    cv2.circle(picture, scaled[:2], scaled[2], colour, -1, cv2.LINE_AA, _SHIFT)
