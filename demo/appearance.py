"""How a drawn actor looks: geometry and colours."""

from __future__ import annotations

from dataclasses import dataclass

from demo.acting import random_source

Colour = tuple[float, float, float]

_SKIN: tuple[Colour, ...] = (
    (196, 216, 244),
    (170, 196, 232),
    (150, 180, 222),
    (128, 162, 210),
    (104, 138, 186),
    (80, 110, 158),
)  # blue, green, red
_HAIR: tuple[Colour, ...] = (
    (30, 28, 30),
    (34, 44, 66),
    (40, 66, 104),
    (66, 104, 150),
    (110, 160, 200),
    (48, 60, 120),
)


@dataclass(frozen=True)
class Appearance:
    """Geometry in pixels of the 720 x 720 square, and colours as blue, green, red."""

    centre: tuple[float, float]
    half_width: float
    half_height: float
    eye_y: float
    eye_distance: float
    eye_half_width: float
    brow_y: float
    brow_thickness: float
    mouth_y: float
    mouth_half_width: float
    lip: float
    nose_y: float
    nose_half_width: float
    skin: Colour
    hair: Colour
    lips: Colour
    iris: Colour
    long_hair: bool
    hairline: float
    parting: float

    @property
    def line(self) -> Colour:
        """Colour of a fold in the skin."""
        blue, green, red = self.skin
        return (0.5 * blue, 0.56 * green, 0.7 * red)

    @property
    def brows(self) -> Colour:
        """Colour of the brows, darker than the hair."""
        return tuple(0.6 * channel for channel in self.hair)


def appearance_of(actor: int, seed: int) -> Appearance:
    """How an actor looks: odd numbers male, even ones female."""
    random = random_source(seed, f"looks of actor {actor}")
    female = actor % 2 == 0
    x, y = 360 + random.uniform(-5, 5), 332 + random.uniform(-7, 7)
    half_height = random.uniform(200, 216)
    eye_y = y - random.uniform(19, 27)
    mouth_y = y + half_height * random.uniform(0.54, 0.57)
    tone = random.integers(len(_SKIN))
    skin = _SKIN[tone]
    fair_hair_allowed = tone < 3  # brows must stay darker than the skin
    rosy = random.uniform(0.72, 0.84) if female else random.uniform(0.8, 0.88)
    return Appearance(
        centre=(x, y),
        half_width=random.uniform(146, 162) if female else random.uniform(154, 174),
        half_height=half_height,
        eye_y=eye_y,
        eye_distance=random.uniform(66, 73),
        eye_half_width=random.uniform(33, 40),
        brow_y=eye_y - random.uniform(43, 48),
        brow_thickness=random.uniform(6, 9) if female else random.uniform(9, 14),
        mouth_y=mouth_y,
        mouth_half_width=random.uniform(58, 70),
        lip=random.uniform(11, 15) if female else random.uniform(8, 11),
        nose_y=(eye_y + mouth_y) / 2 + random.uniform(8, 20),
        nose_half_width=random.uniform(22, 32),
        skin=skin,
        hair=_HAIR[random.integers(len(_HAIR) if fair_hair_allowed else 2)],
        lips=(skin[0] * rosy * 0.8, skin[1] * rosy * 0.72, skin[2] * 0.93),
        iris=((110, 80, 50), (60, 110, 70), (30, 60, 100), (25, 45, 70))[random.integers(4)],
        long_hair=female,
        hairline=random.uniform(0.66, 0.74),
        parting=random.uniform(-0.5, 0.5),
    )
