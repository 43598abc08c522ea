"""Tables of posteriors made elsewhere: what is read, and what is refused and how."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from mmer.external.assembly import assemble
from mmer.external.tables import ExternalTable, read_external_table
from mmer.items import Items, items_table, write_items
from mmer.models.base import ModelJob
from mmer.models.external import External, ExternalEntry, ExternalLayout
from mmer.predictions import Posteriors, read_predictions
from mmer.protocol import Split
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

TASK = Classes(names=("d", "b", "e", "g", "a", "c", "f", "h"), column="letter")
SPLIT = Split(name="fold0", train=("s1",), choose=("s2",), test=("s2",))
NAMES = ("a_s1", "b_s1", "b_s2")
LISTS = ExternalLayout(
    header=False,
    item_column=0,
    item_suffix=".csv",
    list_column=1,
    class_order="alphabetical",
    values="logit",
)
COLUMNS = ExternalLayout(
    separator=";",
    item_column="name",
    values_prefix="embs",
    class_order="task",
    values="probability",
)
TITLES = ";".join([*(f"embs{number}" for number in range(8)), "name"])


def items(*names: str) -> Items:
    """Items named by their class and speaker; an underscore at first means no class."""
    cells = [name.split("_") for name in names]
    rows = [{"item": "_".join(cell), "speaker": cell[1], "letter": cell[0]} for cell in cells]
    return items_table(rows, ["letter"])


def read(path: Path, layout: ExternalLayout) -> ExternalTable:
    return read_external_table(path, layout, TASK)


def joined(
    layout: ExternalLayout, test: Path, train: Path | None = None, names: tuple[str, ...] = NAMES
) -> Posteriors:
    """The tables of the split's parts as posteriors."""
    trained = train and read(train, layout)
    return assemble(SPLIT, layout, TASK, items(*names), trained, read(test, layout))


def lists(path: Path, rows: list[tuple[str, list[float]]]) -> Path:
    path.write_text("".join(f'{item}.csv,"{json.dumps(values)}"\n' for item, values in rows))
    return path


def columns(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([TITLES, *rows]) + "\n")
    return path


def test_alphabetical_logits_come_out_in_the_tasks_order_with_their_softmax(tmp_path):
    posteriors = joined(LISTS, lists(tmp_path / "a.csv", [("b_s2", [1, 2, 3, 4, 5, 6, 7, 8])]))
    assert posteriors.logits is not None
    assert posteriors.logits[0].tolist() == [4, 2, 5, 7, 1, 3, 6, 8]
    powers = [math.exp(value) for value in (4, 2, 5, 7, 1, 3, 6, 8)]
    assert posteriors.probabilities[0] == pytest.approx([power / sum(powers) for power in powers])


def test_the_step_joins_both_tables_and_fills_in_the_fold(tmp_path):
    eight = [0.0] * 8
    lists(tmp_path / "train_3.csv", [("b_s1", eight), ("a_s1", eight)])
    lists(tmp_path / "test_3.csv", [("b_s2", eight)])
    write_items(tmp_path / "items.csv", items(*NAMES))
    entry = ExternalEntry(
        family="external",
        title="theirs",
        modality="face",
        train=str(tmp_path / "train_{fold}.csv"),
        test=str(tmp_path / "test_{fold}.csv"),
        first_fold=1,
        layout=LISTS,
    )
    files = External().files(entry, 2)
    job = ModelJob(
        family="external",
        step="assemble",
        model="theirs",
        options=entry.model_dump(mode="json", include={"layout"}),
        task=TASK,
        splits={"fold0": SPLIT},
        inputs={"items": (tmp_path / "items.csv",)}
        | {kind: (Path(place),) for kind, place in files.items()},
        outputs={"predictions": {"fold0": tmp_path / "out.csv"}},
    )
    External().run(job)
    found = read_predictions(tmp_path / "out.csv", TASK, items(*NAMES))
    assert found.names == ("a_s1", "b_s1", "b_s2")
    assert found.part.tolist() == ["train", "train", "test"]


def test_those_who_choose_are_in_the_table_of_those_not_tested(tmp_path):
    split = Split(name="nested", train=("s1",), choose=("s3",), test=("s2",))
    eight = [0.0] * 8
    train = read(lists(tmp_path / "train.csv", [("a_s1", eight), ("a_s3", eight)]), LISTS)
    test = read(lists(tmp_path / "test.csv", [("b_s2", eight)]), LISTS)
    found = assemble(split, LISTS, TASK, items("a_s1", "b_s2", "a_s3"), train, test)
    assert dict(zip(found.names, found.part, strict=True)) == {
        "a_s1": "train",
        "a_s3": "choose",
        "b_s2": "test",
    }


def test_rounded_probabilities_are_made_to_sum_to_one_and_have_no_logits(tmp_path):
    posteriors = joined(COLUMNS, columns(tmp_path / "a.csv", "0.5005;0.5;0;0;0;0;0;0;b_s2"))
    assert posteriors.probabilities.sum() == pytest.approx(1, abs=1e-15)
    assert posteriors.logits is None


def test_an_explicit_order_of_classes_is_obeyed_and_must_be_of_the_task(tmp_path):
    path = columns(tmp_path / "a.csv", "1;0;0;0;0;0;0;0;b_s2")
    layout = COLUMNS.model_copy(update={"class_order": TASK.names[::-1]})
    assert read(path, layout).values[0].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    layout = COLUMNS.model_copy(update={"class_order": TASK.names[1:]})
    with pytest.raises(UserError, match=r"a\.csv .* class_order does not name each of d, b, e"):
        read(path, layout)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("1;0;0;0;0;0;0;b_s2", "row 2 has 8 columns instead of 9"),
        ("nan;0;0;0;0;0;0;1;b_s2", "row 2 has a value that is not finite"),
        ("one;0;0;0;0;0;0;0;b_s2", "row 2 has a value that is not a number"),
        (";0;0;0;0;0;0;1;b_s2", "row 2 has a value that is not a number"),
        ("1.002;0;0;0;0;0;0;0;b_s2", "row 2 is not a distribution"),
        ("1.5;-0.5;0;0;0;0;0;0;b_s2", "row 2 is not a distribution"),
        ("1;0;0;0;0;0;0;0;noise", "row 2: item 'noise' is none of the corpus's"),
        ("1;0;0;0;0;0;0;0;_s2", "row 2: item '_s2' is none of the corpus's items with a class"),
        ("1;0;0;0;0;0;0;0;a_s1", "row 2: speaker s1 does not belong to the table test"),
        ("1;0;0;0;0;0;0;0;b_s2\n" * 2, r"row 3 holds item 'b_s2' again \(first in row 2\)"),
    ],
)
def test_a_bad_row_is_refused_with_file_and_row(tmp_path, row, complaint):
    with pytest.raises(UserError, match=f"a.csv, {complaint}"):
        joined(COLUMNS, columns(tmp_path / "a.csv", row), names=(*NAMES, "_s2"))


@pytest.mark.parametrize(
    "cell", ["[1, 2]", "__import__('os')", '["1"]', "[[1]]", "{}", "[true]", "[" * 100_000]
)
def test_a_list_column_holds_a_number_per_class_and_nothing_else(tmp_path, cell):
    path = tmp_path / "a.csv"
    quoted = cell.replace('"', '""')
    path.write_text(f'b_s2.csv,"{quoted}"\n')
    with pytest.raises(UserError, match=r"a\.csv, row 1 |list"):
        read(path, LISTS)


def test_a_number_too_large_for_a_float_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'b_s2.csv,"[1{"0" * 400}, 1, 1, 1, 1, 1, 1, 1]"\n')
    with pytest.raises(UserError, match="row 1 has a value that is not a number"):
        read(path, LISTS)


@pytest.mark.parametrize("text", ["", TITLES, "a;b\n1;2\n", TITLES.replace("embs7", "x")])
def test_a_file_of_another_form_is_refused_by_name(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text + "\n" if text else "")
    with pytest.raises(UserError, match=r"a\.csv"):
        read(path, COLUMNS)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("a.csv", "none.csv"):
        with pytest.raises(UserError, match=f"{name} cannot be read"):
            read(tmp_path / name, COLUMNS)


def test_a_value_column_too_many_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"{TITLES};embs8\n1;0;0;0;0;0;0;0;b_s2;0\n")
    with pytest.raises(UserError, match="embs8, but there are only 8 classes"):
        read(path, COLUMNS)


def test_a_missing_item_is_refused_unless_it_has_no_class(tmp_path):
    path = lists(tmp_path / "a.csv", [("b_s2", [0] * 8)])
    assert joined(LISTS, path, names=(*NAMES, "_s2")).names == ("b_s2",)
    with pytest.raises(UserError, match=r"lacks 1 items of the table test .* the first a_s2"):
        joined(LISTS, path, names=(*NAMES, "a_s2"))


def test_large_logits_do_not_overflow(tmp_path):
    path = lists(tmp_path / "a.csv", [("b_s2", [1000.0, -1000.0, 0, 0, 0, 0, 0, 0])])
    posteriors = joined(LISTS, path)
    assert np.isfinite(posteriors.probabilities).all()
    assert posteriors.predicted.tolist() == [TASK.names.index("a")]


@pytest.mark.parametrize(
    "change",
    [
        {"values_prefix": "embs"},
        {"list_column": None},
        {"item_column": "name"},
        {"class_order": "backwards"},
        {"separator": ""},
        {"quote": "'"},
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(change):
    with pytest.raises(ValidationError):
        ExternalLayout.model_validate(LISTS.model_dump() | change)
