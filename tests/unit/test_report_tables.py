"""Tables of results: every number beside the paper's, in four formats, with the corpus named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmer.corpus.clips import Clip
from mmer.errors import UserError
from mmer.evaluation import tables
from mmer.evaluation.paper import PaperResult
from mmer.evaluation.predictions import FoldPredictions, System
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.significance_table import significance_table as measured_significance
from mmer.evaluation.summary_table import summary_table as measured_summary
from mmer.report.evaluation_folder import read_evaluation
from mmer.report.fusion_table import fusion_table
from mmer.report.html_table import table_page
from mmer.report.plain_table import csv_text, latex_text, markdown_text
from mmer.report.result_tables import (
    headline_table,
    modality_table,
    significance_table,
    summary_table,
)
from mmer.report.table import Column, Table

PAPER = Path(__file__).parents[2] / "resources" / "paper"
SYNTHETIC = "synthetic demo corpus"
REASON = "weights <missing> & not to be had"


def system(name: str, title: str, modality: str, right: int) -> System:
    """Two folds of one actor and eight emotions each; the first ``right`` are recognised."""
    folds = {}
    for actor in (1, 2):
        clips = tuple(Clip(1, 1, emotion, 1, 1, 1, actor).name for emotion in range(1, 9))
        predicted = np.array([label if label < right else 0 for label in range(8)])
        folds[f"heldout{actor - 1}"] = FoldPredictions(clips, predicted)
    return System(name, title, modality, "full", folds)


@pytest.fixture
def evaluation(tmp_path):
    """What the evaluation writes for one system a modality, and one that was not run."""
    systems = [
        system("cnn14/full", "CNN-14", "speech", 6),
        System("alexnet/full", "AlexNet", "speech", "full", {}, REASON),
        system("voting/full", "max voting", "face", 4),
        system("full", "late fusion", "fusion", 7),
    ]
    paper = {"cnn14/full": PaperResult(76.58, 2.18), "alexnet/full": PaperResult(60.72, 2.52)}
    made = {
        "summary": measured_summary(systems, paper, EvaluationSettings(), 0),
        "confusion": tables.confusion_table(systems),
        "significance": measured_significance(systems, EvaluationSettings(), 0),
    }
    for name, table in made.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return read_evaluation(tmp_path)


def test_speech_shows_every_number_beside_the_papers(evaluation):
    page = table_page(modality_table(evaluation, "speech", "RAVDESS", PAPER))
    # 6 of 8 clips in each fold; 1.96 * sqrt(0.75 * 0.25 / 16) = 0.2122; ours minus 76.58.
    for shown in ("75.00 ± 21.22", "76.58 ± 2.18", "−1.58", "reproduced", ">16<", "60.72 ± 2.52"):
        assert shown in page
    assert "human perception 67.00, ZeroR 13.33 ± 2.06" in page


def test_a_system_that_was_not_run_keeps_its_row_with_the_reason_escaped(evaluation):
    page = table_page(modality_table(evaluation, "speech", "RAVDESS", PAPER))
    assert "not run: weights &lt;missing&gt; &amp; not to be had" in page
    assert "<missing>" not in page


def test_a_modality_holds_only_its_own_systems(evaluation):
    table = modality_table(evaluation, "face", "RAVDESS", PAPER)
    assert list(table.rows["system"]) == ["voting/full"]


@pytest.mark.parametrize("write", [table_page, markdown_text, latex_text, csv_text])
def test_every_format_names_a_synthetic_corpus(evaluation, write):
    text = write(headline_table(evaluation, SYNTHETIC))
    assert "synthetic demo corpus" in text
    assert write is csv_text or "SYNTHETIC DATA" in text


@pytest.mark.parametrize("label, shown", [(SYNTHETIC, True), ("RAVDESS", False)])
def test_only_synthetic_data_get_a_banner(evaluation, label, shown):
    assert ('<p class="synthetic"' in table_page(summary_table(evaluation, label))) is shown


def test_synthetic_numbers_are_never_called_a_reproduction(evaluation):
    verdicts = list(modality_table(evaluation, "speech", SYNTHETIC, PAPER).rows["verdict"])
    assert verdicts == ["not comparable (synthetic)", f"not run: {REASON}"]


def test_a_page_loads_nothing_from_elsewhere(evaluation):
    page = table_page(summary_table(evaluation, "RAVDESS"))
    assert not any(word in page for word in ("http", "src=", "<link", "@import", "url("))


def test_a_page_sorts_by_the_whole_number_not_by_what_is_shown():
    rows = pd.DataFrame({"share": [1.23456, None]})
    page = table_page(Table("t", "RAVDESS", (Column("Share", "share", digits=1),), rows))
    assert 'data-sort="1.23456">1.2<' in page
    assert 'data-sort="">–<' in page


def test_the_highest_accuracy_is_emphasised(evaluation):
    text = markdown_text(headline_table(evaluation, "RAVDESS"))
    assert text.count("**") == 2
    assert "**87.50 ± 16.21**" in text


def test_the_headline_reads_as_a_padded_table(evaluation):
    lines = markdown_text(headline_table(evaluation, "RAVDESS")).splitlines()
    body = [line for line in lines if line.startswith("|")]
    assert len(body) == 6
    assert len({len(line) for line in body}) == 1


def test_significance_names_systems_and_bounds_small_p_values(evaluation):
    table = significance_table(evaluation, "RAVDESS")
    texts = table.texts()
    assert texts[0][1:3] == [
        "Cochran's Q",
        "CNN-14, whole clip against max voting, whole clip against late fusion",
    ]
    small = Column("p", "p", digits=4, p_value=True)
    assert small.text(pd.Series({"p": 1e-9})) == "< 0.0001"


def test_fusion_has_a_row_per_candidate_and_the_papers_column_beside(tmp_path):
    grid = tmp_path / "grid.csv"
    grid.write_text(
        "classifier,hyperparameter,split,clips,accuracy\n"
        "svm_linear,C=0.001,heldout0,8,80\nsvm_linear,C=0.001,heldout1,8,81\n"
        "knn,k=7,heldout0,8,50\nknn,k=7,heldout1,8,52\n"
    )
    table = fusion_table({"mixed": grid, "own_pairing": grid}, "RAVDESS", PAPER)
    assert [column.heading for column in table.columns][2:] == [
        "Mixed %",
        "Mixed, paper %",
        "own pairing %",
    ]
    assert table.texts() == [
        ["SVM, linear kernel", "C=0.001", "80.50", "80.08", "80.50"],
        ["k nearest neighbours", "k=7", "51.00", "–", "51.00"],
    ]


def test_a_run_without_fusion_has_an_empty_fusion_table():
    assert fusion_table({}, "RAVDESS", PAPER).texts() == []


def test_latex_escapes_what_latex_would_read():
    rows = pd.DataFrame({"name": ["a_b & 50 % ± {x}"]})
    text = latex_text(Table("t", "RAVDESS", (Column("Name", "name"),), rows))
    assert r"a\_b \& 50 \% $\pm$ \{x\} \\" in text


def test_a_missing_column_is_told_with_its_file(tmp_path, evaluation):
    (tmp_path / "summary.csv").write_text("system,title\n")
    with pytest.raises(UserError, match=r"summary\.csv lacks the columns modality"):
        read_evaluation(tmp_path)


def test_every_pair_is_shown_with_its_difference_over_actors(evaluation):
    table = significance_table(evaluation, "RAVDESS")
    headings = [column.heading for column in table.columns]
    pair = dict(zip(headings, table.texts()[1], strict=True))
    assert pair["Test"] == "McNemar"
    # 6 and 4 of 8 clips of each actor are right: every draw of actors differs by as much.
    assert (pair["Difference"], pair["Interval over actors"]) == ("+25.00", "25.00 to 25.00")
    # 1 clip of 2 alone right is 0.5 twice; Holm over three pairs.
    assert pair["p by Holm"] == "0.2500"


def test_the_summary_shows_what_the_statistics_add_and_notes(evaluation):
    summary = evaluation.summary.assign(note=["calm and neutral count as one", "", "", ""])
    table = summary_table(replace(evaluation, summary=summary), "RAVDESS")
    headings = [column.heading for column in table.columns]
    first, not_run = (dict(zip(headings, row, strict=True)) for row in table.texts()[:2])
    assert first["Interval over actors"] == "75.00 to 75.00"
    assert first["Note"] == "calm and neutral count as one"
    assert not_run["Interval over actors"] == not_run["F1 %"] == "–"
