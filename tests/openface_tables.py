"""Tables in the form in which OpenFace writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmer.models.networks.action_units import COLUMNS

OTHERS = ("gaze_0_x", "pose_Rx")
"""Columns beside those that are read."""


def units_of(frames: int, level: float, seed: int = 0) -> np.ndarray:
    """Action units around a level, ``(frames, 35)``, with the three digits of the program."""
    random = np.random.default_rng(seed)
    return np.round(random.uniform(level, level + 0.5, (frames, len(COLUMNS))), 2)


def write_table(
    path: Path,
    units: np.ndarray,
    failed: tuple[int, ...] = (),
    gap: str = ", ",
    rate: float = 29.97,
) -> None:
    """Write a film's table; ``gap`` stands between cells, and between names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = ("frame", "face_id", "timestamp", "confidence", "success", *OTHERS, *COLUMNS)
    lines = [gap.join(head)]
    for frame, row in enumerate(units):
        found = frame not in failed
        cells = [frame + 1, 0, f"{frame / rate:.3f}", 0.98 if found else 0.1, int(found), 0.1, -0.2]
        lines.append(gap.join(map(str, [*cells, *row])))
    path.write_text("\n".join(lines) + "\n")
