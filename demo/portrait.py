"""The part of a drawn actor that stays the same: head, hair, shoulders on a white background."""

from __future__ import annotations

import cv2
import numpy as np

from demo.appearance import Appearance, Colour

SIDE = 720
"""Pixels of the square, in the middle of the frame, that an actor is drawn in."""

_SHIRT: Colour = (46, 42, 40)
_SCALE = 2  # painted at twice the size, then shrunk, for smooth edges


def paint_portrait(looks: Appearance) -> np.ndarray:
    """The actor without eyes, brows, mouth.

    Returns
    -------
    numpy.ndarray
        ``(720, 720, 4)`` uint8: blue, green, red, and a fourth channel without meaning, since
        OpenCV turns pictures of four channels twice as fast as those of three.
    """
    canvas = np.full((SIDE * _SCALE, SIDE * _SCALE, 3), 255, np.uint8)
    x, a, b = looks.centre[0], looks.half_width, looks.half_height
    shade = tuple(0.82 * channel for channel in looks.skin)
    if looks.long_hair:
        _polygon(canvas, _long_hair(looks), looks.hair)
    _shoulders(canvas, looks, shade)
    if not looks.long_hair:
        for side in (-1, 1):
            _ellipse(canvas, (x + side * a, looks.eye_y + 28), (a * 0.13, b * 0.16), shade)
        _cap(canvas, looks)
    face = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(face, [_pixels(_face_outline(looks))], 255, cv2.LINE_AA)
    _lay(canvas, face, _shaded_skin(canvas.shape[:2], looks))
    hairline = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(hairline, [_pixels(_hairline(looks))], 255, cv2.LINE_AA)
    _lay(canvas, cv2.min(hairline, face), np.array(looks.hair, np.float32))
    _nose(canvas, looks)
    small = cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2BGRA)


def _face_outline(looks: Appearance) -> np.ndarray:
    """``(points, 2)``: an ellipse whose lower half narrows towards the chin."""
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    downwards = np.clip(np.sin(angles), 0, 1)
    widths = looks.half_width * np.cos(angles) * (1 + 0.06 * downwards - 0.1 * downwards**3)
    heights = looks.half_height * np.sin(angles)
    return np.stack([looks.centre[0] + widths, looks.centre[1] + heights], axis=1)


def _long_hair(looks: Appearance) -> np.ndarray:
    """``(points, 2)``: hair that falls onto the shoulders."""
    (x, y), a, b = looks.centre, looks.half_width, looks.half_height
    angles = np.linspace(np.pi, 2 * np.pi, 60)
    crown = np.stack([x + 1.2 * a * np.cos(angles), y - 0.1 * b + b * np.sin(angles)], axis=1)
    down = np.linspace(0, 1, 20)
    right = 1.2 * a + 0.14 * a * np.sin(1.2 * np.pi * down)
    heights = y - 0.1 * b + 1.45 * b * down
    return np.concatenate(
        [
            crown,
            np.stack([x + right, heights], axis=1),
            np.stack([x - right, heights], axis=1)[::-1],
        ]
    )


def _cap(canvas: np.ndarray, looks: Appearance) -> None:
    """Short hair: the upper half of an ellipse, down to the ears."""
    (x, y), a, b = looks.centre, looks.half_width, looks.half_height
    middle, axes = (
        _pixels((x, looks.eye_y + 12)),
        _pixels((1.05 * a, looks.eye_y + 12 - y + 1.1 * b)),
    )
    cv2.ellipse(canvas, middle.tolist(), axes.tolist(), 0, 180, 360, looks.hair, -1, cv2.LINE_AA)


def _hairline(looks: Appearance) -> np.ndarray:
    """``(points, 2)``: the hair that covers the top of the forehead, falling to the temples."""
    (x, y), a, b = looks.centre, looks.half_width, looks.half_height
    across = np.linspace(-1.1, 1.1, 60)
    from_parting = np.abs(across - looks.parting)
    rise = looks.hairline + 0.1 * np.exp(-((from_parting / 0.25) ** 2))
    edge = y - b * (rise - 0.55 * np.clip(np.abs(across) - 0.45, 0, None) ** 1.5)
    lower = np.stack([x + across * a, edge], axis=1)
    return np.concatenate([lower, [[x + 1.1 * a, y - 1.2 * b], [x - 1.1 * a, y - 1.2 * b]]])


def _shaded_skin(shape: tuple[int, int], looks: Appearance) -> np.ndarray:
    """``(height, width, 3)`` float32: skin, lit from the upper left, rosy on the cheeks."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32) / _SCALE
    across = (columns - looks.centre[0]) / looks.half_width
    down = (rows - looks.centre[1]) / looks.half_height
    light = 1.03 - 0.16 * (across - 0.18) ** 2 - 0.08 * np.clip(down, 0, None) ** 2
    skin = light[..., None] * np.array(looks.skin, np.float32)
    for side in (-1, 1):
        glow = np.exp(-((across - side * 0.55) ** 2 / 0.05 + (down - 0.3) ** 2 / 0.03))
        skin *= 1 - glow[..., None] * np.array([0.09, 0.07, 0], np.float32)
    return skin


def _shoulders(canvas: np.ndarray, looks: Appearance, shade: Colour) -> None:
    (x, y), b = looks.centre, looks.half_height
    neck = looks.half_width * 0.52
    chin = y + b
    _polygon(
        canvas,
        [
            (x - neck, chin - 80),
            (x + neck, chin - 80),
            (x + neck * 1.15, chin + 75),
            (x - neck * 1.15, chin + 75),
        ],
        shade,
    )
    across = np.linspace(-1, 1, 60)
    top = chin + 46 + 90 * np.abs(across) ** 2.2 + 26 * np.exp(-((across / 0.16) ** 2))
    points = np.stack([x + across * 310, top], axis=1).tolist()
    _polygon(canvas, [*points, (x + 330, 760), (x - 330, 760)], _SHIRT)


def _nose(canvas: np.ndarray, looks: Appearance) -> None:
    x, y, wide = looks.centre[0], looks.nose_y, looks.nose_half_width
    shadow = tuple(0.85 * channel for channel in looks.skin)
    bridge = [
        (x - 0.4 * wide, looks.eye_y + 14),
        (x - 0.5 * wide, y - 28),
        (x - 0.95 * wide, y - 4),
    ]
    cv2.polylines(canvas, [_pixels(bridge)], False, shadow, 9, cv2.LINE_AA)
    across = np.linspace(-1, 1, 40)
    tip = y + 9 * np.cos(across * np.pi / 2) + 3 * np.cos(across * 3 * np.pi)
    under = np.stack([x + 0.95 * wide * across, tip], axis=1)
    cv2.polylines(canvas, [_pixels(under)], False, looks.line, 7, cv2.LINE_AA)
    for side in (-1, 1):
        _ellipse(canvas, (x + side * wide * 0.5, y + 4), (6, 3), looks.line)


def _pixels(points: object) -> np.ndarray:
    return np.round(np.asarray(points, np.float64) * _SCALE).astype(np.int32)


def _polygon(canvas: np.ndarray, points: object, colour: Colour) -> None:
    cv2.fillPoly(canvas, [_pixels(points)], colour, cv2.LINE_AA)


def _ellipse(
    canvas: np.ndarray, centre: tuple[float, float], axes: tuple[float, float], colour: Colour
) -> None:
    middle, half = _pixels(centre).tolist(), _pixels(axes).tolist()
    cv2.ellipse(canvas, middle, half, 0, 0, 360, colour, -1, cv2.LINE_AA)


def _lay(canvas: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> None:
    """Paint a colour or picture where the mask, ``(height, width)`` uint8, is set."""
    share = (mask.astype(np.float32) / 255)[..., None]
    canvas[:] = np.clip(canvas * (1 - share) + colour * share, 0, 255).astype(np.uint8)
