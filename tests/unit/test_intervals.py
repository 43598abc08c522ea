"""The paper's interval, by hand and against every one that the paper prints; and Wilson's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmer.evaluation.intervals import half_width, wilson_interval

PAPER = Path(__file__).parents[2] / "resources" / "papers" / "luna_jimenez_2021"

NOT_BY_THE_FORMULA = {
    # (table, accuracy): (printed, by the formula)
    ("table1_speech", 13.33): (2.06, 1.76),  # ZeroR
    ("table3_face", 13.33): (2.06, 1.76),  # ZeroR
    ("table1_speech", 76.58): (2.18, 2.19),  # 2.187, cut rather than rounded
    ("table3_face", 55.07): (2.56, 2.57),  # 2.569, cut rather than rounded
    ("table3_face", 54.2): (2.56, 2.57),  # 2.573; table 2 prints 2.57 for the same system
}


def test_half_an_interval_by_hand() -> None:
    # p = 0.5, n = 100: 1.96 * sqrt(0.25 / 100) = 1.96 * 0.05 = 0.098.
    assert half_width(50, 100) == pytest.approx(9.8)


def test_the_formula_gives_the_papers_intervals_but_for_five() -> None:
    differing, count = {}, 0
    for table in ("table1_speech", "table2_stn_initialisation", "table3_face"):
        rows = pd.read_csv(PAPER / f"{table}.csv").dropna(subset="ci95")
        for accuracy, printed in zip(rows["accuracy"], rows["ci95"], strict=True):
            count += 1
            computed = round(half_width(accuracy, 1440), 2)
            if computed != printed:
                differing[(table, accuracy)] = (printed, computed)
    assert count == 28
    assert differing == NOT_BY_THE_FORMULA


@pytest.mark.parametrize(
    ("correct", "low", "high"),
    # z² = 1.959964² = 3.841459; 5 of 10: centre (0.5 + z²/20) / (1 + z²/10) = 0.5,
    # half width z * sqrt(0.25/10 + z²/400) / (1 + z²/10) = 1.959964 * 0.186017 / 1.384146;
    # 10 of 10: the lower end is 1 / (1 + z²/10) = 1 / 1.384146, the upper one 1.
    [(5, 23.6593, 76.3407), (10, 72.2467, 100)],
)
def test_wilsons_interval_by_hand(correct: int, low: float, high: float) -> None:
    assert wilson_interval(correct, 10) == pytest.approx((low, high), abs=1e-3)
