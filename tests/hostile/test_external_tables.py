"""Tables of models trained elsewhere: their own numbers under the right emotions, or refused."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.external.assembly import assemble
from mmer.external.layouts import ALPHABETICAL, ExternalLayout
from mmer.external.tables import read_external_table

from .tries import Outcome, attempt, hostile

CLIPS = [
    f"01-01-0{emotion}-01-0{statement}-01-{actor:02d}"
    for actor in (1, 2)
    for emotion in range(1, 9)
    for statement in (1, 2)
]
SPLIT = Split("heldout0", train_actors=(3, 4), heldout_actors=(1, 2))
TITLES = ["name", *(f"v{number}" for number in range(8))]
ORDERS = st.permutations(EMOTIONS).map(tuple)


def layout(values: str = "logit", order: object = "ravdess", **more: object) -> ExternalLayout:
    described = {"clip_column": "name", "values_prefix": "v", "class_order": order}
    return ExternalLayout.model_validate({**described, "values": values, **more})


def as_text(*rows: list[str], separator: str = ",") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def good_rows(order: tuple[str, ...] = EMOTIONS, right: float = 9.0) -> list[list[str]]:
    """Logits of a model that is mostly right, in some order of classes."""
    noise = np.random.default_rng(3).normal(size=(len(CLIPS), 8))
    rows = []
    for clip, values in zip(CLIPS, noise, strict=True):
        values[Clip.parse(clip).label] += right
        by_emotion = dict(zip(EMOTIONS, map(float, values), strict=True))
        rows.append([clip, *(repr(by_emotion[emotion]) for emotion in order)])
    return rows


def outcome(content: bytes, described: ExternalLayout) -> Outcome:
    """The posteriors of a split whose held-out table this is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "theirs.csv"
        path.write_bytes(content)

        def read():
            return assemble(SPLIT, described, None, read_external_table(path, described), 16)

        return attempt(read, named=str(path))


@hostile()
@given(ORDERS)
def test_values_come_out_under_their_emotions_whatever_their_order(order):
    found = outcome(as_text(TITLES, *good_rows(order)), layout(order=order)).value
    expected = outcome(as_text(TITLES, *good_rows()), layout()).value
    assert found.clips == tuple(sorted(CLIPS))
    assert np.array_equal(found.logits, expected.logits)
    assert np.allclose(found.probabilities.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("theirs", "stated"), [(ALPHABETICAL, "ravdess"), (EMOTIONS, "alphabetical")]
)
def test_the_wrong_of_the_two_usual_orders_is_refused(theirs, stated):
    refusal = outcome(as_text(TITLES, *good_rows(theirs)), layout(order=stated)).refusal
    assert "class_order" in refusal


def test_a_model_that_only_guesses_is_no_mistake():
    rows = good_rows(right=0.0)
    assert outcome(as_text(TITLES, *rows), layout()).value is not None


CELLS = st.one_of(
    st.sampled_from(["", "nan", "-inf", "1e999", "1_0", "0x1", "٣", "[]", '"', "1,5", " 1 ", "\0"]),
    st.sampled_from(CLIPS),
    st.text(max_size=8),
    st.floats().map(repr),
)


@hostile(2)
@given(st.integers(0, len(CLIPS) - 1), st.integers(0, 8), CELLS)
def test_a_changed_cell_is_that_number_or_refused(row, column, cell):
    rows = good_rows()
    before, rows[row][column] = rows[row][column], cell
    found = outcome(as_text(TITLES, *rows), layout())
    if found.refusal is None:
        index = found.value.clips.index(rows[row][0].strip())
        assert found.value.logits[index].tolist() == [float(value) for value in rows[row][1:]]
        assert column or cell.strip() == before
        assert "_" not in cell and cell.isascii()


@hostile()
@given(st.floats(-0.5, 2), st.integers(0, len(CLIPS) - 1))
def test_probabilities_that_do_not_sum_to_one_are_refused(more, row):
    rows = [[clip, *["0.125"] * 8] for clip in CLIPS]
    rows[row][1] = repr(0.125 + more)
    refused = outcome(as_text(TITLES, *rows), layout("probability")).refusal is not None
    assert refused == (abs(more) > 1e-3) or abs(abs(more) - 1e-3) < 1e-9


@hostile()
@given(st.sets(st.sampled_from(CLIPS), min_size=1), st.data())
def test_missing_and_doubled_clips_are_refused(chosen, data):
    rows = [row for row in good_rows() if row[0] not in chosen]
    assert outcome(as_text(TITLES, *rows), layout()).refusal is not None
    doubled = [*good_rows(), data.draw(st.sampled_from(good_rows()))]
    assert "again" in outcome(as_text(TITLES, *doubled), layout()).refusal


NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=3))
LISTS = st.one_of(
    st.lists(NUMBERS, max_size=10).map(json.dumps),
    st.sampled_from(["[" * 3000, "[1" + "0" * 400 + "]", "[1" + "0" * 9999 + "]", "{}", "[1e999]"]),
    st.text(max_size=20),
)


@hostile(2)
@given(LISTS)
def test_a_bracketed_list_is_eight_finite_numbers_or_refused(cell):
    rows = [[clip, json.dumps([0.5] * 8)] for clip in CLIPS]
    rows[0][1] = cell
    described = ExternalLayout(
        header=False, clip_column=0, list_column=1, class_order="ravdess", values="logit"
    )
    found = outcome(as_text(*rows), described)
    if found.refusal is None:
        assert found.value.logits[0].tolist() == json.loads(cell)


@hostile(2)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content):
    assert outcome(content, layout()).refusal is not None
    good = as_text(TITLES, *good_rows())
    found = outcome(good[: len(good) // 2] + content + good[len(good) // 2 :], layout())
    assert found.refusal is not None or set(found.value.clips) == set(CLIPS)


@hostile()
@given(st.lists(st.text(max_size=4), min_size=9, max_size=9))
def test_any_titles_are_refused(titles):
    assert titles == TITLES or outcome(as_text(titles, *good_rows()), layout()).refusal is not None


@hostile()
@given(st.text(max_size=2))
def test_a_layouts_separator_separates_or_is_refused(separator):
    try:
        described = layout(separator=separator)
    except ValidationError:
        return
    try:
        content = as_text(TITLES, *good_rows(), separator=separator)
    except UnicodeEncodeError:
        return
    found = outcome(content, described)
    assert found.refusal is not None or set(found.value.clips) == set(CLIPS)


@hostile()
@given(st.lists(st.one_of(st.sampled_from(EMOTIONS), st.text(max_size=5)), max_size=10))
def test_an_order_names_each_emotion_once(order):
    try:
        assert sorted(layout(order=order).class_order) == sorted(EMOTIONS)
    except (ValidationError, UserError):
        assert sorted(order) != sorted(EMOTIONS)
