"""Table A2: every architecture of a grid, with the one chosen here and the one of the paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmer.errors import UserError
from mmer.evaluation.settings import PaperRow
from mmer.report.architectures_table import architectures_table

PAPER = Path(__file__).parents[2] / "resources" / "paper"
SYSTEM = "stn_bilstm_fc50/full"
ROW = PaperRow(
    table="table3_face",
    row={"tl_strategy": "fine_tuning", "inputs": "fc50", "model": "bilstm", "vad": "no"},
)


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "architectures.csv"
    path.write_text(
        "architecture,layers,units,attention_layers,split,accuracy,chosen\n"
        "1x25_attention1,1,25,1,a,40.0,True\n"
        "1x25_attention1,1,25,1,b,50.0,True\n"
        "1x150_attention1,1,150,1,a,30.0,False\n"
        "1x150_attention1,1,150,1,b,32.0,False\n"
    )
    return path


def _table(grid, row: PaperRow | None = ROW):
    rows = {} if row is None else {SYSTEM: row}
    return architectures_table({SYSTEM: grid}, {SYSTEM: "bi-LSTM"}, rows, PAPER, "RAVDESS")


def test_accuracies_are_means_over_the_splits(grid):
    rows = _table(grid).rows
    assert rows["accuracy"].tolist() == [45, 31]
    assert rows["std"].tolist() == pytest.approx([50**0.5, 2**0.5])


def test_the_chosen_one_is_marked_and_emphasised(grid):
    table = _table(grid)
    assert table.rows["chosen_words"].tolist() == ["yes", ""]
    assert table.best["accuracy"] == {0}


def test_the_papers_choice_is_marked(grid):
    assert _table(grid).rows["paper_words"].tolist() == ["", "yes"]


def test_a_system_that_the_paper_does_not_have_has_no_mark(grid):
    assert _table(grid, None).rows["paper_words"].tolist() == ["", ""]


def test_another_file_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="is no table of architectures"):
        _table(path)
