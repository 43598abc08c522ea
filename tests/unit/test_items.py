"""The item table: written once by a corpus, refused where it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmer.items import items_table, read_items, write_items
from mmer.runtime.errors import UserError

ITEMS = items_table(
    [
        {"item": "007", "speaker": "01", "mood": "sad"},
        {"item": "a1", "speaker": "ada", "mood": "none"},
        {"item": "a2", "speaker": "ada", "mood": ""},
    ],
    ["mood"],
)


def test_what_is_written_is_read_back_as_text(tmp_path: Path) -> None:
    write_items(tmp_path / "items.csv", ITEMS)
    back = read_items(tmp_path / "items.csv")
    assert back.names == ("007", "a1", "a2")
    # Neither a number's zeros, nor a word that pandas would take for a missing number, nor an
    # empty cell is lost.
    assert back.speakers.tolist() == ["01", "ada", "ada"]
    assert back.column("mood").tolist() == ["sad", "none", ""]


def test_items_are_picked_in_the_order_given() -> None:
    assert ITEMS.of(["a2", "007"]).speakers.tolist() == ["ada", "01"]
    assert ITEMS.where(ITEMS.speakers == "ada").names == ("a1", "a2")
    assert ITEMS.rows(["a2", "007"]).tolist() == [2, 0]
    assert "a1" in ITEMS and "c1" not in ITEMS


def test_an_unknown_item_or_column_is_named() -> None:
    with pytest.raises(UserError, match="item 'c1' is not in the corpus's item table"):
        ITEMS.of(["a1", "c1"])
    with pytest.raises(UserError, match="no column 'sex'"):
        ITEMS.column("sex")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("item,mood\na1,sad\n", "every item needs 'speaker'"),
        ("item,speaker\na1,\n", "every item needs 'speaker'"),
        ("item,speaker\n,ada\n", "every item needs 'item'"),
        ("item,speaker\n", "holds no item"),
        ("item,speaker\na1,ada\na1,bea\n", "holds item 'a1' twice"),
        ("", "cannot be read as an item table"),
    ],
)
def test_a_file_that_is_no_item_table_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "items.csv").write_text(text, "utf-8")
    with pytest.raises(UserError, match=complaint):
        read_items(tmp_path / "items.csv")
