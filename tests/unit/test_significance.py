"""Cochran's Q and McNemar's test on tables small enough to work by hand."""

from __future__ import annotations

import math

import pytest
from tests.few_items import fold_of, items_of

from mmer.evaluation.predictions import System, correctness
from mmer.evaluation.settings import EvaluationSettings, SignificanceSettings
from mmer.evaluation.significance import COLUMNS, compare, significance_table
from mmer.runtime.errors import UserError

ITEMS = items_of({f"s{1 + n % 3}-{n}": "calm" for n in range(6)})


def system(name: str, correct: str, modality: str = "speech") -> System:
    """A system that recognises the items marked 1; they go round three speakers."""
    items = ITEMS.of(sorted(ITEMS.names[: len(correct)]))
    marks = dict(zip(ITEMS.names, correct, strict=False))
    said = ["calm" if marks[item] == "1" else "sad" for item in items.names]
    return System(name, name, modality, "vad", {"fold0": fold_of(items, said)})


# Six items, three systems.  Successes per system: 5, 4, 1, in all 10.
# Successes per item: 3, 2, 2, 2, 1, 0, squares 9 + 4 + 4 + 4 + 1 + 0 = 22.
# Q = (k - 1) (k * sum of squared system totals - N²) / (k N - sum of squared item totals)
#   = 2 * (3 * (25 + 16 + 1) - 100) / (3 * 10 - 22) = 2 * 26 / 8 = 6.5.
# Chi-squared with 2 degrees of freedom: p = exp(-Q / 2) = exp(-3.25).
THREE = [system("a", "111110"), system("b", "111100"), system("c", "100000")]

# McNemar a against c: a alone recognises items 2 to 5, c alone none: b = 4, c = 0.
# Exact: 2 * (1/2)^4 = 0.125; three pairs: 0.375.
# Chi-squared, corrected: (|4 - 0| - 1)² / 4 = 2.25; uncorrected: 16 / 4 = 4.


def test_exact_tests_by_hand() -> None:
    q, *pairs = compare(THREE, SignificanceSettings())
    assert (q.test, q.systems) == ("cochran_q", ("a", "b", "c"))
    assert q.statistic == pytest.approx(6.5)
    assert q.p_value == q.corrected_p == pytest.approx(math.exp(-3.25))
    assert [pair.systems for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {pair.test for pair in pairs} == {"mcnemar"}
    counts = [(pair.only_first_correct, pair.only_second_correct) for pair in pairs]
    assert counts == [(1, 0), (4, 0), (3, 0)]
    # 1, 2 * (1/2)^4 and 2 * (1/2)^3; by Bonferroni three times that, but never above 1; by Holm the
    # smallest first, times 3, 2, 1, never less than the one before.
    assert [pair.p_value for pair in pairs] == pytest.approx([1, 0.125, 0.25])
    assert [pair.corrected_p for pair in pairs] == pytest.approx([1, 0.375, 0.75])
    assert [pair.holm_p for pair in pairs] == pytest.approx([1, 0.375, 0.5])
    uncorrected = compare(THREE, SignificanceSettings(correction="none"))[2]
    assert uncorrected.corrected_p == uncorrected.p_value


@pytest.mark.parametrize(("corrected", "statistic"), [(True, 2.25), (False, 4.0)])
def test_mcnemars_chi_squared_by_hand(corrected: bool, statistic: float) -> None:
    settings = SignificanceSettings(mcnemar="chi_squared", continuity_correction=corrected)
    a_c = compare(THREE, settings)[2]
    assert a_c.statistic == pytest.approx(statistic)
    # Chi-squared with 1 degree of freedom: p = erfc(sqrt(x / 2)).
    assert a_c.p_value == pytest.approx(math.erfc(math.sqrt(statistic / 2)))


def test_significant_is_what_falls_below_the_level_after_the_correction() -> None:
    # Q: exp(-3.25) = 0.039; the pairs' corrected p-values are 1, 0.375 and 0.75.
    table = significance_table(THREE, EvaluationSettings(), 0)
    every = table[table["comparison"] == "all_systems"]
    assert every["significant"].tolist() == [True, False, False, False]


@pytest.mark.filterwarnings("error")
def test_systems_that_agree_on_every_item_do_not_differ() -> None:
    for variant in ("exact", "chi_squared"):
        settings = SignificanceSettings(mcnemar=variant)
        for result in compare([system("a", "1100"), system("b", "1100")], settings):
            assert (result.statistic, result.p_value) == (0, 1)


def test_one_system_cannot_be_compared() -> None:
    assert compare(THREE[:1], SignificanceSettings()) == []
    table = significance_table(THREE[:1], EvaluationSettings(), 0)
    assert table.empty and list(table.columns) == COLUMNS


def test_systems_evaluated_on_different_items_are_refused() -> None:
    with pytest.raises(UserError, match="a and b were not evaluated on the same items"):
        correctness([system("a", "111"), system("b", "1111")])


def test_the_table_compares_the_best_of_each_modality_then_all() -> None:
    systems = [
        system("worse", "000001"),
        system("speech", "110000"),
        system("face", "100000", "face"),
        system("fusion", "111111", "fusion"),
    ]
    table = significance_table(systems, EvaluationSettings(), 0)
    best = table[table["comparison"] == "best_per_modality"]
    assert best["systems"].tolist() == [
        "speech;face;fusion",
        "speech;face",
        "speech;fusion",
        "face;fusion",
    ]
    # Speech 2 of 6, face 1 of 6, fusion 6 of 6, whichever stands first in a pair.
    assert best["difference"].tolist()[1:] == pytest.approx([100 / 6, -400 / 6, -500 / 6])
    assert best["difference"].isna().tolist() == [True, False, False, False]
    assert (best["difference_low"][1:] <= best["difference_high"][1:]).all()
    every = table[table["comparison"] == "all_systems"]
    assert len(every) == 1 + 6
    assert every["corrected_p"].le(1).all()


def test_a_pair_in_another_order_than_all_systems_has_its_difference_turned_round() -> None:
    fusion_first = [system("fusion", "110000", "fusion"), system("speech", "100000")]
    table = significance_table(fusion_first, EvaluationSettings(), 0).set_index("systems")
    # Items go round speakers 1 to 3; fusion alone is right once, about speaker 2.
    turned, straight = table.loc["speech;fusion"].iloc[-1], table.loc["fusion;speech"].iloc[-1]
    assert turned["difference"] == -straight["difference"] == pytest.approx(-100 / 6)
    assert turned["difference_low"] == -straight["difference_high"]
    assert turned["difference_high"] == -straight["difference_low"]
