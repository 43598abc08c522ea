"""Tables of posteriors between steps: read back to the last bit, or refused."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmer.corpus.labels import EMOTIONS
from mmer.posteriors import LOGIT_COLUMNS, PROBABILITY_COLUMNS, Posteriors, read_posteriors
from mmer.posteriors import write_posteriors as write

from .tries import Outcome, attempt, hostile

CLIPS = [f"01-01-0{emotion}-01-01-01-{actor:02d}" for actor in (1, 2) for emotion in range(1, 5)]
TITLES = ["clip", "part", *PROBABILITY_COLUMNS]


def good_rows() -> list[list[str]]:
    """Two actors, one in each part, as text."""
    values = np.random.default_rng(5).dirichlet(np.ones(8), len(CLIPS))
    parts = ["train" if clip.endswith("01") else "heldout" for clip in CLIPS]
    return [
        [clip, part, *map(repr, map(float, row))]
        for clip, part, row in zip(CLIPS, parts, values, strict=True)
    ]


def as_text(*rows: list[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def outcome(content: bytes) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heldout0.csv"
        path.write_bytes(content)
        return attempt(lambda: read_posteriors(path), named=str(path))


def assert_right(table: Posteriors, rows: list[list[str]]) -> None:
    """Every row of the file, sorted, with Python's own reading of its numbers."""
    expected = sorted(rows)
    assert list(table.clips) == [row[0] for row in expected]
    assert list(table.part) == [row[1] for row in expected]
    assert table.probabilities.tolist() == [[float(cell) for cell in row[2:10]] for row in expected]


@hostile()
@given(
    st.lists(
        st.lists(st.floats(-30, 30), min_size=8, max_size=8),
        min_size=len(CLIPS),
        max_size=len(CLIPS),
    ),
    st.booleans(),
)
def test_what_is_written_is_read_back_to_the_last_bit(logits, keep):
    values = np.array(logits)
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    part = np.array(["train" if clip.endswith("01") else "heldout" for clip in CLIPS])
    table = Posteriors(
        tuple(CLIPS), part, powers / powers.sum(axis=1, keepdims=True), values if keep else None
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heldout0.csv"
        write(path, table)
        read = attempt(lambda: read_posteriors(path), named=str(path)).value
    rows = np.argsort(table.clips)
    assert np.array_equal(read.probabilities, table.probabilities[rows])
    assert (read.logits is None) == (not keep)
    assert not keep or np.array_equal(read.logits, values[rows])


CELLS = st.one_of(
    st.sampled_from(
        ["", "nan", "inf", "-0.1", "1.1", "1e999", "1_0", "0x1", "٣", "train", "test", "True", "0"]
    ),
    st.sampled_from(CLIPS),
    st.text(max_size=8),
    st.floats(width=32).map(repr),
)


@hostile(3)
@given(st.integers(0, len(CLIPS) - 1), st.integers(0, 9), CELLS)
def test_one_changed_cell_is_refused_unless_nothing_is_wrong(row, column, cell):
    rows = good_rows()
    before, rows[row][column] = rows[row][column], cell
    found = outcome(as_text(TITLES, *rows))
    if found.refusal is None:
        assert_right(found.value, rows)
        # A mended last digit, or another clip of the same actor, is all that may pass.
        assert column < 2 or abs(float(cell) - float(before)) <= 2e-4
        assert column != 1 or cell == before


@hostile()
@given(st.permutations(range(10)))
def test_columns_count_by_title_and_not_by_place(order):
    rows = good_rows()
    found = outcome(as_text(*([row[place] for place in order] for row in [TITLES, *rows])))
    assert_right(found.value, rows)


@hostile()
@given(
    st.integers(0, 9), st.one_of(st.sampled_from([*TITLES, *LOGIT_COLUMNS]), st.text(max_size=5))
)
def test_a_changed_title_is_refused(column, title):
    titles = [*TITLES]
    titles[column] = title
    assert title == TITLES[column] or outcome(as_text(titles, *good_rows())).refusal is not None


@hostile()
@given(st.integers(0, len(CLIPS)), st.integers(0, 10), st.integers(0, 3), CELLS)
def test_rows_of_another_length_are_refused(row, kept, more, cell):
    rows = [TITLES, *good_rows()]
    rows[row] = rows[row][:kept] + [cell] * more
    found = outcome(as_text(*rows))
    if found.refusal is None:
        assert_right(found.value, [row for row in rows[1:] if row])


@hostile()
@given(st.integers(0, len(CLIPS) - 1), st.integers(0, len(CLIPS) - 1))
def test_a_doubled_clip_is_refused(first, second):
    rows = good_rows()
    rows.insert(second, [rows[first][0], *rows[second][1:]])
    assert "twice" in outcome(as_text(TITLES, *rows)).refusal


@hostile()
@given(st.floats(0, 10), st.integers(0, len(CLIPS) - 1))
def test_rows_that_do_not_sum_to_one_are_refused(factor, row):
    rows = good_rows()
    rows[row][2:] = [repr(float(cell) * factor) for cell in rows[row][2:]]
    refused = outcome(as_text(TITLES, *rows)).refusal is not None
    assert refused == (abs(factor - 1) > 1e-4) or abs(abs(factor - 1) - 1e-4) < 1e-9


@pytest.mark.parametrize("kept", [1, 7])
def test_logits_are_there_for_all_classes_or_none(kept):
    rows = [[*row, *["0"] * kept] for row in good_rows()]
    assert (
        "has logits, but lacks" in outcome(as_text([*TITLES, *LOGIT_COLUMNS[:kept]], *rows)).refusal
    )


@hostile()
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content):
    assert outcome(content).refusal is not None
    good = as_text(TITLES, *good_rows())
    found = outcome(good[: len(good) // 2] + content + good[len(good) // 2 :])
    assert found.refusal is not None or set(found.value.clips) <= set(CLIPS)


def test_titles_alone_are_refused():
    assert "titles only" in outcome(as_text(TITLES)).refusal


def test_the_titles_name_the_classes():
    assert [f"p_{emotion}" for emotion in EMOTIONS] == PROBABILITY_COLUMNS
