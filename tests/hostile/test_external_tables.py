"""Tables of models trained elsewhere: their own numbers under the right classes, or refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmer.external.assembly import assemble
from mmer.external.tables import read_external_table
from mmer.items import items_table
from mmer.models.external import ExternalLayout
from mmer.protocol import Split
from mmer.tasks import Classes

from .tries import Outcome, as_csv, attempt_file, hostile

CLASSES = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
ALPHABETICAL = tuple(sorted(CLASSES))
TASK = Classes(names=CLASSES, column="emotion")
TABLE = items_table(
    [
        {"item": f"s{speaker}_{name}_{again}", "speaker": f"s{speaker}", "emotion": name}
        for speaker in (1, 2, 3, 4)
        for name in CLASSES
        for again in (1, 2)
    ],
    ["emotion"],
)
NAMES = list(TABLE.names[:32])
SPLIT = Split(name="fold0", train=("s3", "s4"), choose=("s1", "s2"), test=("s1", "s2"))
TITLES = ["name", *(f"v{number}" for number in range(8))]


def layout(values: str = "logit", order: object = "task", **more: object) -> ExternalLayout:
    described = {"item_column": "name", "values_prefix": "v", "class_order": order}
    return ExternalLayout.model_validate({**described, "values": values, **more})


def outcome(content: bytes, described: ExternalLayout) -> Outcome:
    """The posteriors of a split whose tested table this is."""
    return attempt_file(
        content,
        lambda path: assemble(
            SPLIT, described, TASK, TABLE, None, read_external_table(path, described, TASK)
        ),
    )


def good_rows(order: tuple[str, ...] = CLASSES, right: float = 9.0) -> list[list[str]]:
    """Logits of a model that is mostly right, in some order of classes."""
    noise = np.random.default_rng(3).normal(size=(len(NAMES), 8))
    rows = []
    for name, label, values in zip(NAMES, TASK.labels(TABLE.of(NAMES)), noise, strict=True):
        values[label] += right
        by_class = dict(zip(CLASSES, map(float, values), strict=True))
        rows.append([name, *(repr(by_class[each]) for each in order)])
    return rows


@pytest.mark.parametrize(("theirs", "stated"), [(ALPHABETICAL, "task"), (CLASSES, "alphabetical")])
def test_the_wrong_of_the_two_usual_orders_is_refused(theirs, stated):
    refusal = outcome(as_csv(TITLES, *good_rows(theirs)), layout(order=stated)).refusal
    assert "class_order" in refusal


def test_a_model_that_only_guesses_is_no_mistake():
    rows = good_rows(right=0.0)
    assert outcome(as_csv(TITLES, *rows), layout()).value is not None


CELLS = st.one_of(
    st.sampled_from(["", "nan", "-inf", "1e999", "1_0", "0x1", "٣", "[]", '"', "1,5", " 1 ", "\0"]),
    st.sampled_from(NAMES),
    st.text(max_size=8),
    st.floats().map(repr),
)


@hostile(2)
@given(st.integers(0, len(NAMES) - 1), st.integers(0, 8), CELLS)
def test_a_changed_cell_is_that_number_or_refused(row, column, cell):
    rows = good_rows()
    before, rows[row][column] = rows[row][column], cell
    found = outcome(as_csv(TITLES, *rows), layout())
    if found.refusal is None:
        index = found.value.names.index(rows[row][0].strip())
        assert found.value.logits[index].tolist() == [float(value) for value in rows[row][1:]]
        assert cell.isascii()
        assert "_" not in cell if column else cell.strip() == before


@hostile()
@given(st.floats(-0.5, 2), st.integers(0, len(NAMES) - 1))
def test_probabilities_that_do_not_sum_to_one_are_refused(more, row):
    rows = [[name, *["0.125"] * 8] for name in NAMES]
    rows[row][1] = repr(0.125 + more)
    refused = outcome(as_csv(TITLES, *rows), layout("probability")).refusal is not None
    assert refused == (abs(more) > 1e-3) or abs(abs(more) - 1e-3) < 1e-9


NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=3))
LISTS = st.one_of(
    st.lists(NUMBERS, max_size=10).map(json.dumps),
    st.sampled_from(["[" * 3000, "[1" + "0" * 400 + "]", "[1" + "0" * 9999 + "]", "{}", "[1e999]"]),
    st.text(max_size=20),
)


@hostile(2)
@given(LISTS)
def test_a_bracketed_list_is_eight_finite_numbers_or_refused(cell):
    rows = [[name, json.dumps([0.5] * 8)] for name in NAMES]
    rows[0][1] = cell
    described = ExternalLayout(
        header=False, item_column=0, list_column=1, class_order="task", values="logit"
    )
    found = outcome(as_csv(*rows), described)
    if found.refusal is None:
        index = found.value.names.index(NAMES[0])
        assert found.value.logits[index].tolist() == json.loads(cell)


@hostile(2)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content):
    assert outcome(content, layout()).refusal is not None
    good = as_csv(TITLES, *good_rows())
    found = outcome(good[: len(good) // 2] + content + good[len(good) // 2 :], layout())
    assert found.refusal is not None or set(found.value.names) == set(NAMES)
