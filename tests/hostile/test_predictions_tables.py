"""Tables of predictions between steps: read back to the last bit, or refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmer.items import items_table
from mmer.predictions import (
    Posteriors,
    TracePredictions,
    posteriors_of,
    read_predictions,
    write_predictions,
)
from mmer.ragged import Ragged
from mmer.tasks import Classes, Traces

from .tries import Outcome, as_csv, attempt, attempt_file, hostile

MOOD = Classes(names=("calm", "happy", "sad"), column="mood")
AFFECT = Traces(names=("arousal", "valence"), rate=25)
NAMES = [f"{speaker}-{mood}" for speaker in ("ada", "bea") for mood in MOOD.names]
ITEMS = items_table(
    [{"item": n, "speaker": n.split("-")[0], "mood": n.split("-")[1]} for n in NAMES], ["mood"]
)
PART = np.where(ITEMS.speakers == "ada", "train", "test")
TITLES = ["item", "part", *MOOD.probability_columns]
LAST = len(TITLES) - 1
STEPS = [1, 2, 3, 1, 2, 3]


def outcome(content: bytes, task: Classes | Traces = MOOD) -> Outcome:
    return attempt_file(content, lambda path: read_predictions(path, task, ITEMS))


def good_rows() -> list[list[str]]:
    """Two speakers, one trained on and one tested, as text."""
    values = np.random.default_rng(5).dirichlet(np.ones(3), len(NAMES))
    return [
        [name, part, *map(repr, map(float, row))]
        for name, part, row in zip(NAMES, PART.tolist(), values, strict=True)
    ]


def good_traces() -> list[list[str]]:
    """The same items as traces of one to three steps."""
    values = iter(np.random.default_rng(6).normal(size=(sum(STEPS), 2)))
    return [
        [name, part, str(step), *map(repr, map(float, next(values)))]
        for name, part, steps in zip(NAMES, PART.tolist(), STEPS, strict=True)
        for step in range(steps)
    ]


def written_and_read(predictions: Posteriors | TracePredictions) -> Posteriors | TracePredictions:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fold0.csv"
        write_predictions(path, predictions)
        return attempt(lambda: read_predictions(path, predictions.task, ITEMS), str(path)).value


def assert_right(table: Posteriors, rows: list[list[str]]) -> None:
    """Every row of the file, sorted, with Python's own reading of its numbers."""
    expected = sorted(rows)
    assert list(table.names) == [row[0] for row in expected]
    assert list(table.part) == [row[1] for row in expected]
    assert table.probabilities.tolist() == [[float(cell) for cell in row[2:]] for row in expected]


def numbers(width: int, rows: int, bound: float) -> st.SearchStrategy[list[list[float]]]:
    row = st.lists(st.floats(-bound, bound), min_size=width, max_size=width)
    return st.lists(row, min_size=rows, max_size=rows)


@hostile()
@given(numbers(3, len(NAMES), 30), st.booleans())
def test_posteriors_are_read_back_to_the_last_bit(logits, keep):
    table = posteriors_of(MOOD, ITEMS, PART, np.array(logits))
    if not keep:
        table = Posteriors(MOOD, ITEMS, PART, table.probabilities, None)
    read = written_and_read(table)
    assert np.array_equal(read.probabilities, table.probabilities)
    assert (read.logits is None) == (not keep)
    assert not keep or np.array_equal(read.logits, np.array(logits))


@hostile()
@given(numbers(2, sum(STEPS), 1e300))
def test_traces_are_read_back_to_the_last_bit(values):
    offsets = np.concatenate([[0], np.cumsum(STEPS)])
    traces = Ragged(ITEMS.names, np.array(values), offsets, 25)
    read = written_and_read(TracePredictions(AFFECT, ITEMS, PART, traces))
    assert np.array_equal(read.traces.values, traces.values)
    assert read.traces.offsets.tolist() == offsets.tolist()


CELLS = st.one_of(
    st.sampled_from(
        ["", "nan", "inf", "-0.1", "1.1", "1e999", "1_0", "0x1", "٣", "train", "test", "True", "0"]
    ),
    st.sampled_from(NAMES),
    st.text(max_size=8),
    st.floats(width=32).map(repr),
)


@hostile(3)
@given(st.integers(0, len(NAMES) - 1), st.integers(0, LAST), CELLS)
def test_one_changed_cell_is_refused_unless_nothing_is_wrong(row, column, cell):
    rows = good_rows()
    before, rows[row][column] = rows[row][column], cell
    found = outcome(as_csv(TITLES, *rows))
    if found.refusal is None:
        assert_right(found.value, rows)
        # A mended last digit, or another item of the same speaker, is all that may pass.
        assert column < 2 or abs(float(cell) - float(before)) <= 2e-4
        assert column != 1 or cell == before


@hostile(2)
@given(st.integers(0, sum(STEPS) - 1), st.integers(0, 4), CELLS)
def test_one_changed_cell_of_traces_is_refused_unless_it_is_a_number(row, column, cell):
    rows = good_traces()
    before, rows[row][column] = rows[row][column], cell
    found = outcome(as_csv(["item", "part", "step", *AFFECT.names], *rows), AFFECT)
    if found.refusal is None:
        value = found.value.traces.values[row, column - 3] if column > 2 else None
        assert value == float(cell) if column > 2 else column != 1 or cell == before
        # An item's last step may as well be the next one of another item of the speaker.
        assert column != 0 or cell[:3] == before[:3]
        assert column != 2 or float(cell) == float(before)


@hostile()
@given(st.permutations(range(LAST + 1)))
def test_columns_count_by_title_and_not_by_place(order):
    rows = good_rows()
    found = outcome(as_csv(*([row[place] for place in order] for row in [TITLES, *rows])))
    assert_right(found.value, rows)


@hostile()
@given(
    st.integers(0, LAST),
    st.one_of(st.sampled_from([*TITLES, *MOOD.logit_columns]), st.text(max_size=5)),
)
def test_a_changed_title_is_refused(column, title):
    titles = [*TITLES]
    titles[column] = title
    assert title == TITLES[column] or outcome(as_csv(titles, *good_rows())).refusal is not None


@hostile()
@given(st.integers(0, len(NAMES)), st.integers(0, LAST + 1), st.integers(0, 3), CELLS)
def test_rows_of_another_length_are_refused(row, kept, more, cell):
    rows = [TITLES, *good_rows()]
    rows[row] = rows[row][:kept] + [cell] * more
    found = outcome(as_csv(*rows))
    if found.refusal is None:
        assert_right(found.value, [row for row in rows[1:] if row])


@hostile()
@given(st.floats(0, 10), st.integers(0, len(NAMES) - 1))
def test_rows_that_do_not_sum_to_one_are_refused(factor, row):
    rows = good_rows()
    rows[row][2:] = [repr(float(cell) * factor) for cell in rows[row][2:]]
    refused = outcome(as_csv(TITLES, *rows)).refusal is not None
    assert refused == (abs(factor - 1) > 1e-4) or abs(abs(factor - 1) - 1e-4) < 1e-9


@hostile()
@given(st.binary(max_size=200), st.sampled_from([MOOD, AFFECT]))
def test_any_bytes_are_refused(content, task):
    assert outcome(content, task).refusal is not None
    good = as_csv(TITLES, *good_rows())
    found = outcome(good[: len(good) // 2] + content + good[len(good) // 2 :])
    assert found.refusal is not None or set(found.value.names) <= set(NAMES)
