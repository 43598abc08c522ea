"""Tables of posteriors made elsewhere: what is read, and what is refused and how."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.plans import planned

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
    assert posteriors.logits[0].tolist() == [4, 2, 5, 7, 1, 3, 6, 8]
    powers = [math.exp(value) for value in (4, 2, 5, 7, 1, 3, 6, 8)]
    assert posteriors.probabilities[0] == pytest.approx([power / sum(powers) for power in powers])


def test_the_step_joins_both_tables_and_fills_in_the_fold(tmp_path):
    # Those who choose are in the table of those not tested.
    split = Split(name="nested", train=("s1",), choose=("s3",), test=("s2",))
    eight = [0.0] * 8
    lists(tmp_path / "train_3.csv", [("b_s1", eight), ("a_s3", eight), ("a_s1", eight)])
    lists(tmp_path / "test_3.csv", [("b_s2", eight)])
    described = items(*NAMES, "a_s3")
    write_items(tmp_path / "items.csv", described)
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
        splits={"nested": split},
        inputs={"items": (tmp_path / "items.csv",)}
        | {kind: (Path(place),) for kind, place in files.items()},
        outputs={"predictions": {"nested": tmp_path / "out.csv"}},
    )
    External().run(job)
    found = read_predictions(tmp_path / "out.csv", TASK, described)
    assert found.names == ("a_s1", "a_s3", "b_s1", "b_s2")
    assert found.part.tolist() == ["train", "choose", "train", "test"]


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


def test_a_missing_item_is_refused_unless_it_has_no_class(tmp_path):
    path = lists(tmp_path / "a.csv", [("b_s2", [0] * 8)])
    assert joined(LISTS, path, names=(*NAMES, "_s2")).names == ("b_s2",)
    with pytest.raises(UserError, match=r"lacks 1 items of the table test .* the first a_s2"):
        joined(LISTS, path, names=(*NAMES, "a_s2"))


@pytest.mark.parametrize(
    ("layout", "content", "complaint"),
    [
        (COLUMNS, b"\xff\xfe\x00", "cannot be read"),
        (COLUMNS, f"{TITLES};embs8\n".encode() + b"1;0;0;0;0;0;0;0;b_s2;0\n", "only 8 classes"),
        (LISTS, b'b_s2.csv,"[1, 2]"\n', "row 1 has 2 values instead of 8"),
        (LISTS, b'b_s2.csv,"[true]"\n', "row 1 holds something else than a bracketed list"),
        (LISTS, b"b_s2.csv,__import__('os')\n", "row 1 holds no bracketed list"),
    ],
)
def test_a_file_of_another_form_is_refused_by_name(tmp_path, layout, content, complaint):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UserError, match=rf"a\.csv.* {complaint}"):
        read(tmp_path / "a.csv", layout)


@pytest.mark.parametrize(
    "change",
    [
        {"values_prefix": "embs"},
        {"list_column": None},
        {"item_column": "name"},
        {"class_order": "backwards"},
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(change):
    with pytest.raises(ValidationError):
        ExternalLayout.model_validate(LISTS.model_dump() | change)


def test_a_table_at_an_address_that_nobody_registered_is_refused_by_its_model(tmp_path):
    there = {"family": "external", "title": "theirs", "modality": "speech"}
    there |= {"test": "https://example.org/test{fold}.csv", "layout": LISTS.model_dump()}
    data = {"downloads": str(tmp_path)}
    plan = planned(models={"theirs": there}, systems=["theirs"], data=data)
    with pytest.raises(
        UserError, match=r"models\.theirs: https://example\.org/test0\.csv is not in"
    ):
        plan.models.check()
    (tmp_path / "example.org").mkdir()
    (tmp_path / "example.org" / "test0.csv").touch()
    found = plan.models.inputs("theirs", "assemble", "full", "fold0")["test"]
    assert found == [str(tmp_path / "example.org" / "test0.csv")]
