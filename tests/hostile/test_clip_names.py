"""Clip names: RAVDESS's grammar and nothing else."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from mmer.corpora.ravdess import Clip

from .tries import attempt, hostile

NUMBER = st.integers(0, 30).map("{:02d}".format)
NEARLY = st.lists(NUMBER, min_size=6, max_size=8).map("-".join)
VALID = st.tuples(
    *(st.integers(1, highest) for highest in (3, 2, 8, 2, 2, 2, 24)),
).map(lambda values: "-".join(f"{value:02d}" for value in values))


def described(name: str) -> Clip | None:
    """The clip of a name, worked out another way; None where RAVDESS has no such name."""
    if len(name) != 20 or not name.isascii() or name[2::3] != "------":
        return None
    digits = [name[start : start + 2] for start in range(0, 20, 3)]
    if not all(pair.isdigit() for pair in digits):
        return None
    values = [int(pair) for pair in digits]
    inside = all(1 <= v <= h for v, h in zip(values, (3, 2, 8, 2, 2, 2, 24), strict=True))
    neutral_and_strong = values[2:4] == [1, 2]
    return Clip(*values) if inside and not neutral_and_strong else None


@hostile(3)
@given(st.one_of(VALID, NEARLY, st.text(max_size=40), st.builds(str.__add__, VALID, st.text())))
@example("01-01-01-02-01-01-01")
@example("01-01-03-02-01-01-12\n")
@example("０１-01-03-02-01-01-12")
@example("../01-01-03-02-01-01-12")
@example("+1-01-03-02-01-01-12")
def test_a_name_is_read_whole_or_refused(name):
    outcome = attempt(lambda: Clip.parse(name), named=repr(name))
    assert outcome.value == described(name)
    if outcome.value is not None:
        assert outcome.value.name == name
