"""Tables of results: every number, beside the paper's where there is one, in four formats."""

import numpy as np
import pandas as pd
import pytest
from tests.report_data import (
    PAPER,
    REASON,
    REFERENCES,
    SYNTHETIC,
    TASK,
    TRACES,
    summary,
    write_classes,
    write_grid,
    write_traces,
)

from mmer.evaluation.settings import PaperRow
from mmer.report.architectures_table import architectures_table
from mmer.report.evaluation_folder import Summary, read_table
from mmer.report.formats import csv_text, latex_text, markdown_text
from mmer.report.fusion_table import fusion_table
from mmer.report.pages import table_page
from mmer.report.paper_numbers import paper_numbers
from mmer.report.result_tables import (
    group_table,
    modality_table,
    significance_table,
    summary_table,
    terminal_table,
)
from mmer.report.table import Column, Table
from mmer.report.tables import TablesJob, write_tables


@pytest.fixture
def evaluation(tmp_path):
    write_classes(tmp_path / "evaluation")
    return tmp_path / "evaluation"


def test_a_modality_shows_its_own_systems_beside_the_papers_with_its_references():
    page = table_page(modality_table(summary(), "speech", "RAVDESS", PAPER))
    for shown in ("76.00 ± 1.00", "76.58 ± 2.00", "reproduced", "paper&#39;s table 1"):
        assert shown in page
    assert "human perception 67.00, ZeroR 13.33 ± 2.06" in page
    assert "stn_max_voting" not in page
    page = table_page(modality_table(summary(), "face", "RAVDESS", PAPER))
    assert "not run: weights &lt;missing&gt; &amp; not to be had" in page
    assert "<missing>" not in page


def test_a_corpus_without_a_paper_has_no_column_of_one():
    for table in (
        modality_table(summary(), "speech", "mine", None),
        summary_table(summary(), "mine", None),
        terminal_table(summary(), "mine", None),
    ):
        assert "paper" not in " ".join([table.title, *table.notes]).lower()
        headings = [column.heading for column in table.columns]
        assert not {"Paper %", "Difference"} & set(headings) and "Verdict" in headings


@pytest.mark.parametrize("write", [table_page, markdown_text, latex_text, csv_text])
def test_every_format_names_a_synthetic_corpus(write):
    text = write(terminal_table(summary(), SYNTHETIC, PAPER))
    assert "synthetic demo corpus" in text
    assert write is csv_text or "SYNTHETIC DATA" in text
    assert "SYNTHETIC" not in write(terminal_table(summary(), "RAVDESS", PAPER))


def test_synthetic_numbers_are_judged_on_nothing_but_say_why_they_are_missing():
    table = terminal_table(summary(), SYNTHETIC, PAPER)
    judged = "not comparable (synthetic)"
    assert list(table.rows["verdict"]) == [judged, judged, judged, REASON, judged, judged]


def test_a_hostile_label_is_text():
    label = '<script>alert("x")</script>'
    assert "<script>alert" not in table_page(terminal_table(summary(), label, PAPER))


def test_the_best_recogniser_is_emphasised_and_no_reference():
    rows = summary().table.assign(mean_accuracy=[70.0, 60.0, 99.0, np.nan, 65.0, 60.0])
    table = terminal_table(Summary(rows, REFERENCES), "RAVDESS", PAPER)
    assert table.best["mean_accuracy"] == {0}
    assert "**70.00 ± 1.00**" in markdown_text(table)


def test_csv_holds_and_html_sorts_by_every_number_at_full_precision():
    rows = pd.DataFrame({"value": [1 / 3, np.nan]})
    table = Table("t", "RAVDESS", (Column("Value", "value", digits=1),), rows)
    assert csv_text(table) == f"value,corpus\n{1 / 3!r},RAVDESS\n,RAVDESS\n"
    page = table_page(table)
    assert f'data-sort="{1 / 3!r}">0.3<' in page and 'data-sort="">–<' in page


def test_latex_and_markdown_escape_what_they_would_read():
    rows = pd.DataFrame({"name": ["a_b & 50 % ± {x}|<y"]})
    table = Table("t", "RAVDESS", (Column("Name", "name"),), rows)
    assert r"a\_b \& 50 \% $\pm$ \{x\}|$<$y \\" in latex_text(table)
    assert r"{x}\|<y" in markdown_text(table)


@pytest.mark.parametrize("write", [table_page, markdown_text, latex_text])
def test_a_table_without_rows_is_still_a_table(write):
    assert "Name" in write(Table("t", "RAVDESS", (Column("Name", "n"),), pd.DataFrame({"n": []})))


def test_significance_names_systems_and_bounds_small_p_values(evaluation):
    tests = read_table(evaluation / "significance.csv")
    table = significance_table(tests, summary(), "RAVDESS", PAPER)
    line = dict(zip((c.heading for c in table.columns), table.texts()[0], strict=True))
    assert line["Systems"] == "cnn14_fine_tuned, whole clip against mixed"
    assert (line["p"], line["p by Holm"]) == ("< 0.0001", "0.5000")
    assert (line["Difference"], line["Interval over speakers"]) == ("+2.00", "−1.00 to 5.00")
    assert (line["Significant"], "section 5.3" in table.caption) == ("yes", True)


def test_groups_are_given_with_their_intervals(evaluation):
    groups = read_table(evaluation / "groups.csv")
    table = group_table(groups, summary(), "RAVDESS")
    assert table.title == "Accuracy by mood, sentence and speaker"
    assert table.texts()[0] == [
        *("cnn14_fine_tuned, whole clip", "mood", "calm", "4", "75.00", "30.06 to 95.44")
    ]
    assert table.texts()[2][2] == "01"


def test_the_summary_shows_what_the_statistics_add_and_notes():
    rows = summary().table.assign(note=["calm and sad count as one", *[""] * 5])
    table = summary_table(Summary(rows), "RAVDESS", PAPER)
    line = dict(zip((c.heading for c in table.columns), table.texts()[0], strict=True))
    assert line["Interval over speakers"] == "71.00 to 81.00"
    assert line["Note"] == "calm and sad count as one"


def test_fusion_has_a_row_per_candidate_and_the_papers_column_beside(tmp_path):
    grid = write_grid(tmp_path / "grid.csv")
    grids = dict.fromkeys(("mixed/minmax", "mixed/unscaled", "own/minmax"), grid)
    table = fusion_table(grids, paper_numbers(PAPER), "RAVDESS", "table A3")
    headings = [column.heading for column in table.columns]
    assert headings[2:] == [
        *("Mixed, minmax inputs %", "Mixed, unscaled inputs %", "Mixed, paper %"),
        "Own, minmax inputs %",
    ]
    assert table.texts() == [
        ["SVM, linear kernel", "C=0.001", "80.00", "80.00", "80.08", "80.00"],
        ["k nearest neighbours", "k=7", "51.00", "51.00", "–", "51.00"],
    ]


ROW = PaperRow(
    table="table3_face",
    row={"tl_strategy": "fine_tuning", "inputs": "fc50", "model": "bilstm", "vad": "no"},
)


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "architectures.csv"
    path.write_text(
        "architecture,layers,units,attention_layers,split,heldout_items,accuracy,chosen\n"
        "1x25_attention1,1,25,1,a,8,40.0,True\n"
        "1x25_attention1,1,25,1,b,8,50.0,True\n"
        "1x150_attention1,1,150,1,a,8,30.0,False\n"
        "1x150_attention1,1,150,1,b,8,32.0,False\n"
    )
    return path


@pytest.mark.parametrize(
    ("rows", "paper", "marks"),
    [({"s/full": ROW}, PAPER, ["", "yes"]), ({}, PAPER, ["", ""]), ({}, None, None)],
)
def test_architectures_are_means_with_the_chosen_one_here_and_in_the_paper(
    grid, rows, paper, marks
):
    table = architectures_table({"s/full": grid}, {"s/full": "bi-LSTM"}, rows, paper, "RAVDESS")
    assert table.rows["accuracy"].tolist() == [45, 31]
    assert table.rows["std"].tolist() == pytest.approx([50**0.5, 2**0.5])
    assert table.rows["chosen_words"].tolist() == ["yes", ""]
    assert table.best["accuracy"] == {0}
    headings = [column.heading for column in table.columns]
    assert headings[2:5] == ["Layers", "Units", "Attention layers"]
    assert (headings[-1] == "Chosen in the paper") is (paper is not None)
    assert marks is None or table.rows["paper_words"].tolist() == marks


@pytest.mark.parametrize("paper", [PAPER, None])
def test_the_job_writes_every_table_of_classes_and_verdicts_with_a_paper_only(
    tmp_path, evaluation, paper
):
    job = TablesJob(
        task=TASK,
        label=SYNTHETIC,
        evaluation=evaluation,
        modalities=("speech", "face"),
        references=tuple(REFERENCES),
        grids={"mixed/minmax": write_grid(tmp_path / "grid.csv")},
        paper=paper,
        paper_rows={"own": {"table": "section5_2_affectnet", "row": {"target": "valence"}}},
        elsewhere={"own": {"title": "own network", "not_run": "nothing is held out"}},
        tables=tmp_path / "tables",
    )
    write_tables(job)
    if paper:
        written = (tmp_path / "tables" / "verdicts.md").read_text()
        assert "own network" in written and "dropout" in written
    names = ["speech", "face", "summary", "significance", "groups", "fusion"]
    names += ["verdicts"] if paper else []
    written = {path.name for path in (tmp_path / "tables").iterdir()}
    assert written == {f"{name}.{end}" for name in names for end in ("html", "csv", "md", "tex")}
    assert "best system of each modality" in (tmp_path / "tables" / "summary.md").read_text()


def test_the_job_writes_every_table_of_traces_and_says_that_tests_need_classes(tmp_path):
    write_traces(tmp_path / "evaluation")
    job = TablesJob(
        task=TRACES,
        label=SYNTHETIC,
        evaluation=tmp_path / "evaluation",
        modalities=("speech",),
        tables=tmp_path / "tables",
    )
    write_tables(job)
    names = {path.stem for path in (tmp_path / "tables").iterdir()}
    assert names == {"speech", "summary", "significance"}
    tests = (tmp_path / "tables" / "significance.html").read_text()
    assert "McNemar&#39;s tests compare recognised items and so need classes" in tests
    assert "SYNTHETIC DATA" in tests and "−0.300 to −0.100" in tests
    shown = (tmp_path / "tables" / "summary.md").read_text()
    assert "**0.400**" in shown and "0.300 to 0.500" in shown and REASON in shown
