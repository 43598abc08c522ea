"""AffectNet's lists and label: rows as they are written, or refused."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from mmer.corpora.affectnet_lists import BOX, COLUMNS, LABEL, read_lists, read_title

from .tries import Outcome, attempt, hostile

GOOD = [
    ["1/a.jpg", "10", "12", "100", "101", "1;2", "0", "0.1", "0.2"],
    ["2/b c.jpg", "0", "0", "64", "64", "1;2", "6", "-0.5", "0.7"],
    ["3/é.png", "NULL", "NULL", "NULL", "NULL", "", "10", "-2", "-2"],
]


def as_text(*rows: list[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def outcome(content: bytes, label: bytes | None = None) -> Outcome:
    """A folder with one good list and this one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Manually_Annotated_Images").mkdir()
        (folder / "training.csv").write_bytes(as_text(list(COLUMNS), *GOOD))
        (folder / "validation.csv").write_bytes(content)
        if label is not None:
            (folder / LABEL).write_bytes(label)
        return attempt(lambda: (read_lists(folder), read_title(folder)), named=str(folder))


CELLS = st.one_of(
    st.sampled_from(["", "nan", "inf", "-inf", "1e999", "1e300", "../x.jpg", "/x", "a\nb", "\0"]),
    st.sampled_from(["11", "-1", "1.5", "1e6", "99999", "0.3"]),
    st.text(max_size=6),
    st.floats().map(repr),
)


@hostile(3)
@given(st.integers(0, 2), st.integers(0, 8), CELLS, st.booleans())
def test_a_changed_cell_is_read_as_it_stands_or_refused(row, column, cell, headed):
    rows = [list(each) for each in GOOD]
    rows[row][column] = cell
    found = outcome(as_text(*([list(COLUMNS)] if headed else []), *rows))
    if found.refusal is not None:
        return
    read = found.value[0].iloc[3 + row]
    path = PurePosixPath(read["item"])
    assert read["item"] == rows[row][0].strip("\r\n") and ".." not in path.parts
    assert not path.is_absolute() and "\0" not in read["item"]
    assert read["expression"] == float(rows[row][6])
    assert -2 <= read["valence"] <= 2
    assert (read[BOX].abs() < 100_000).all()


@hostile()
@given(st.integers(0, 2), st.integers(0, 12), CELLS)
def test_rows_of_another_length_shift_no_column(row, length, cell):
    rows = [list(each) for each in GOOD]
    rows[row] = [*rows[row], *[cell] * 4][:length]
    found = outcome(as_text(list(COLUMNS), *rows))
    if found.refusal is None:
        names = [each[0] for each in rows if each]
        assert found.value[0]["item"].tolist()[3:] == names


@hostile()
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content):
    assert outcome(content).refusal is not None


PLAIN = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.just("title"), inner)),
    max_leaves=4,
)


@hostile()
@given(st.one_of(st.binary(max_size=30), PLAIN.map(lambda value: json.dumps(value).encode())))
def test_a_label_is_a_title_or_refused(label):
    found = outcome(as_text(list(COLUMNS), *GOOD), label)
    if found.refusal is None:
        assert found.value[1] == json.loads(label)["title"]
        assert found.value[1].isprintable()
