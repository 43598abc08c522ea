"""Tables of posteriors made elsewhere: what is read, and what is refused and how."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.external.assembly import assemble
from mmer.external.layouts import ExternalLayout
from mmer.external.tables import read_external_table
from mmer.posteriors import read_posteriors, write_posteriors

SPLIT = Split("heldout0", train_actors=(1,), heldout_actors=(2,))
CALM_1, ANGRY_1 = "01-01-02-01-01-01-01", "01-01-05-01-01-01-01"
CALM_2, ANGRY_2 = "01-01-02-01-01-01-02", "01-01-05-01-01-01-02"
LISTS = ExternalLayout(
    header=False,
    clip_column=0,
    clip_suffix=".csv",
    list_column=1,
    class_order="alphabetical",
    values="logit",
)
COLUMNS = ExternalLayout(
    separator=";",
    clip_column="name",
    values_prefix="embs",
    class_order="ravdess",
    values="probability",
)
TITLES = ";".join([*(f"embs{number}" for number in range(8)), "name"])


def lists(path: Path, rows: list[tuple[str, list[float]]]) -> Path:
    path.write_text("".join(f'{clip}.csv,"{json.dumps(values)}"\n' for clip, values in rows))
    return path


def columns(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([TITLES, *rows]) + "\n")
    return path


def test_alphabetical_logits_come_out_in_ravdess_order_with_their_softmax(tmp_path: Path) -> None:
    # Alphabetical: angry calm disgust fearful happy neutral sad surprised.
    path = lists(tmp_path / "a.csv", [(CALM_2, [1, 2, 3, 4, 5, 6, 7, 8])])
    posteriors = assemble(SPLIT, LISTS, None, read_external_table(path, LISTS))
    # RAVDESS: neutral calm happy sad angry fearful disgust surprised.
    assert posteriors.logits is not None
    assert posteriors.logits[0].tolist() == [6, 2, 5, 7, 1, 4, 3, 8]
    powers = [math.exp(value) for value in (6, 2, 5, 7, 1, 4, 3, 8)]
    assert posteriors.probabilities[0] == pytest.approx([power / sum(powers) for power in powers])


def test_parts_are_joined_and_survive_writing_and_reading(tmp_path: Path) -> None:
    eight = [0.0] * 8
    train = lists(tmp_path / "train.csv", [(ANGRY_1, eight), (CALM_1, eight)])
    heldout = lists(tmp_path / "heldout.csv", [(CALM_2, eight)])
    tables = (read_external_table(train, LISTS), read_external_table(heldout, LISTS))
    write_posteriors(tmp_path / "out.csv", assemble(SPLIT, LISTS, *tables))
    read = read_posteriors(tmp_path / "out.csv")
    assert read.clips == (CALM_1, CALM_2, ANGRY_1)
    assert read.part.tolist() == ["train", "heldout", "train"]


def test_rounded_probabilities_are_made_to_sum_to_one_and_have_no_logits(tmp_path: Path) -> None:
    path = columns(tmp_path / "a.csv", f"0.5005;0.5;0;0;0;0;0;0;{CALM_2}")
    posteriors = assemble(SPLIT, COLUMNS, None, read_external_table(path, COLUMNS))
    assert posteriors.probabilities.sum() == pytest.approx(1, abs=1e-15)
    assert posteriors.logits is None


def test_an_explicit_order_of_emotions_is_obeyed(tmp_path: Path) -> None:
    order = ("surprised", "disgust", "fearful", "angry", "sad", "happy", "calm", "neutral")
    layout = COLUMNS.model_copy(update={"class_order": order})
    path = columns(tmp_path / "a.csv", f"1;0;0;0;0;0;0;0;{CALM_2}")
    assert read_external_table(path, layout).values[0].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (f"1;0;0;0;0;0;0;{CALM_2}", "row 2 has 8 columns instead of 9"),
        (f"nan;0;0;0;0;0;0;1;{CALM_2}", "row 2 has a value that is not finite"),
        (f"one;0;0;0;0;0;0;0;{CALM_2}", "row 2 has a value that is not a number"),
        (f";0;0;0;0;0;0;1;{CALM_2}", "row 2 has a value that is not a number"),
        (f"1.002;0;0;0;0;0;0;0;{CALM_2}", "row 2 is not a distribution"),
        (f"1.5;-0.5;0;0;0;0;0;0;{CALM_2}", "row 2 is not a distribution"),
        ("1;0;0;0;0;0;0;0;noise", "row 2: clip name 'noise'"),
        ("1;0;0;0;0;0;0;0;02-01-02-01-01-01-02", "row 2: clip .* is not audio-visual speech"),
    ],
)
def test_a_bad_row_is_refused_with_file_and_row(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(UserError, match=f"a.csv, {complaint}"):
        read_external_table(columns(tmp_path / "a.csv", row), COLUMNS)


@pytest.mark.parametrize(
    "cell", ["[1, 2]", "__import__('os')", '["1"]', "[[1]]", "{}", "[true]", "[" * 100_000]
)
def test_a_list_column_holds_eight_numbers_and_nothing_else(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    quoted = cell.replace('"', '""')
    path.write_text(f'{CALM_2}.csv,"{quoted}"\n')
    with pytest.raises(UserError, match=r"a\.csv, row 1 |list"):
        read_external_table(path, LISTS)


def test_a_number_too_large_for_a_float_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'{CALM_2}.csv,"[1{"0" * 400}, 1, 1, 1, 1, 1, 1, 1]"\n')
    with pytest.raises(UserError, match="row 1 has a value that is not a number"):
        read_external_table(path, LISTS)


def test_a_clip_that_comes_twice_is_refused_with_both_rows(tmp_path: Path) -> None:
    row = f"1;0;0;0;0;0;0;0;{CALM_2}"
    with pytest.raises(UserError, match=r"row 3 holds clip .* again \(first in row 2\)"):
        read_external_table(columns(tmp_path / "a.csv", row, row), COLUMNS)


@pytest.mark.parametrize("text", ["", TITLES, "a;b\n1;2\n", TITLES.replace("embs7", "x")])
def test_a_file_of_another_form_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text + "\n" if text else "")
    with pytest.raises(UserError, match=r"a\.csv"):
        read_external_table(path, COLUMNS)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"a\.csv cannot be read"):
        read_external_table(tmp_path / "a.csv", COLUMNS)
    with pytest.raises(UserError, match=r"none\.csv cannot be read"):
        read_external_table(tmp_path / "none.csv", COLUMNS)


def test_a_ninth_value_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{TITLES};embs8\n1;0;0;0;0;0;0;0;{CALM_2};0\n")
    with pytest.raises(UserError, match="embs8"):
        read_external_table(path, COLUMNS)


def test_an_actor_of_the_other_part_is_refused_with_its_row(tmp_path: Path) -> None:
    table = read_external_table(
        lists(tmp_path / "a.csv", [(CALM_2, [0] * 8), (CALM_1, [0] * 8)]), LISTS
    )
    with pytest.raises(UserError, match=r"a\.csv, row 2: actor 1 does not belong to the heldout"):
        assemble(SPLIT, LISTS, None, table)


def test_a_missing_actor_is_refused(tmp_path: Path) -> None:
    split = Split("heldout0", train_actors=(1,), heldout_actors=(2, 4))
    table = read_external_table(lists(tmp_path / "a.csv", [(CALM_2, [0] * 8)]), LISTS)
    with pytest.raises(UserError, match="0 clips of actor 4 instead of at least one"):
        assemble(split, LISTS, None, table)


def test_a_missing_clip_is_found_by_count_and_by_the_list_of_clips(tmp_path: Path) -> None:
    table = read_external_table(lists(tmp_path / "a.csv", [(CALM_2, [0] * 8)]), LISTS)
    with pytest.raises(UserError, match="1 clips of actor 2 instead of 2"):
        assemble(SPLIT, LISTS, None, table, clips_per_actor=2)
    corpus = [CALM_1, CALM_2, ANGRY_2]
    with pytest.raises(UserError, match=f"lacks 1 clips of the heldout part, the first {ANGRY_2}"):
        assemble(SPLIT, LISTS, None, table, expected_clips=corpus)
    with pytest.raises(UserError, match=f"row 1: clip {CALM_2} is not in the corpus"):
        assemble(SPLIT, LISTS, None, table, expected_clips=[CALM_1])


def test_large_logits_do_not_overflow(tmp_path: Path) -> None:
    path = lists(tmp_path / "a.csv", [(CALM_2, [1000.0, -1000.0, 0, 0, 0, 0, 0, 0])])
    posteriors = assemble(SPLIT, LISTS, None, read_external_table(path, LISTS))
    assert np.isfinite(posteriors.probabilities).all()
    assert posteriors.predicted.tolist() == [4]


@pytest.mark.parametrize(
    "change",
    [
        {"values_prefix": "embs"},
        {"list_column": None},
        {"clip_column": "name"},
        {"class_order": ["neutral"]},
        {"separator": ""},
        {"quote": "'"},
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ExternalLayout.model_validate(LISTS.model_dump() | change)
