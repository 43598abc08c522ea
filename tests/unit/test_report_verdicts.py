"""Every number of the paper with a verdict, and the first page that leads there."""

import json
import math
from argparse import Namespace
from pathlib import Path

import pandas as pd
import pytest
import yaml

import write_landing
from mmer.evaluation.paper import PaperResult
from mmer.evaluation.settings import PaperRow
from mmer.report.evaluation_folder import SIGNIFICANCE_COLUMNS, SUMMARY_COLUMNS, EvaluationFolder
from mmer.report.landing import Page, confusion_pages, headline, landing
from mmer.report.paper_numbers import paper_numbers, top_results
from mmer.report.verdicts import (
    NO_CANDIDATE,
    NO_SYSTEM,
    counts_by_place,
    systems_of,
    verdicts_table,
)

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "resources" / "paper"
TOPS = top_results(PAPER)
NUMBERS = paper_numbers(PAPER)
PAPER_ROWS = {
    name: PaperRow(**row)
    for name, row in yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["paper"].items()
}
NAN = math.nan
REASON = "not run: weights <missing>"


def system(name, modality, variant, accuracy, paper, verdict=""):
    """A row of the evaluation's summary: eight clips if it was run, an interval of one point."""
    values = {"title": name.split("/")[0], "modality": modality, "variant": variant}
    numbers = {"mean_accuracy": accuracy, "ci95": 1.0, "paper_accuracy": paper, "paper_ci95": 2.0}
    values["clips"] = 0 if math.isnan(accuracy) else 8
    row = {**dict.fromkeys(SUMMARY_COLUMNS, NAN), "system": name, **values, **numbers}
    return {**row, "verdict": verdict}


@pytest.fixture
def evaluation():
    rows = [
        system("cnn14_fine_tuned/full", "speech", "full", 76.0, 76.58, "reproduced"),
        system("deepspectrum_svc/full", "speech", "full", 80.0, 43.32, "outside"),
        system("zero_rule/full", "speech", "none", 13.33, 13.33, "reproduced"),
        system("stn_max_voting/full", "face", "full", NAN, 54.2, REASON),
        system("mixed", "fusion", "mixed", 78.0, 80.08, "reproduced"),
    ]
    return EvaluationFolder(pd.DataFrame(rows), pd.DataFrame(), pd.DataFrame())


@pytest.fixture
def grid(tmp_path):
    """One candidate of the grid, 82 and 78 percent in two folds."""
    path = tmp_path / "grid.csv"
    lines = [
        f"svm_linear,C=0.001,heldout{fold},{accuracy}" for fold, accuracy in ((0, 82), (1, 78))
    ]
    path.write_text("classifier,hyperparameter,split,accuracy\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def verdicts(evaluation, grid):
    return verdicts_table(NUMBERS, evaluation, PAPER_ROWS, {"mixed": grid}, "RAVDESS").rows


def line(verdicts, place, row, variant):
    chosen = verdicts[
        (verdicts["place"] == place) & (verdicts["row"] == row) & (verdicts["input"] == variant)
    ]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_every_accuracy_that_the_paper_prints_has_a_row(verdicts):
    counts = counts_by_place(verdicts)["numbers"]
    assert counts.to_dict() == {
        "table 1": 10, "table 2": 2, "table 3": 18, "table A3": 3 * 23, "figure 7": 7
    }  # fmt: skip


def test_ours_stands_beside_the_papers_with_the_difference(verdicts):
    ours = line(verdicts, "table 1", "fine-tuning, mel spectrogram, CNN-14", "whole clip")
    assert ours["accuracy"] == 76.0
    assert ours["difference"] == pytest.approx(-0.58)
    assert ours["verdict"] == "reproduced"
    other = line(
        verdicts, "table 1", "feature extraction, DeepSpectrum AlexNet fc7, SVC", "whole clip"
    )
    assert other["verdict"] == "outside by 34.12 points"  # 80 - 43.32 - 2.56


def test_a_system_that_was_not_run_says_why_and_one_that_is_not_there_says_so(verdicts):
    voting = "fine-tuning, posteriors of 8 classes, max voting"
    assert line(verdicts, "table 3", voting, "whole clip")["verdict"] == REASON
    assert line(verdicts, "table 3", voting, "VAD")["verdict"] == NO_SYSTEM


def test_numbers_that_the_paper_repeats_are_those_of_the_same_system():
    found = {
        (NUMBERS[position].place, NUMBERS[position].words, NUMBERS[position].variant): name
        for position, name in systems_of(NUMBERS, PAPER_ROWS).items()
        if NUMBERS[position].place in ("table 2", "figure 7")
    }
    voting = "from AffectNet, frames and saliency, spatial transformer, max voting"
    scratch = "from scratch, frames and saliency, spatial transformer, max voting"
    assert found == {
        ("table 2", scratch, "full"): "stn_from_scratch_max_voting/full",
        ("table 2", voting, "full"): "stn_max_voting/full",
        ("figure 7", "speech", "full"): "cnn14_fine_tuned/full",
        ("figure 7", "speech", "vad"): "cnn14_fine_tuned/vad",
        ("figure 7", "face", "full"): "stn_bilstm_posteriors8/full",
        ("figure 7", "face", "vad"): "stn_bilstm_flatten810/vad",
        ("figure 7", "fusion", "full"): "full",
        ("figure 7", "fusion", "vad"): "vad",
        ("figure 7", "fusion", "mixed"): "mixed",
    }


def test_the_grid_of_fusion_is_compared_candidate_by_candidate(verdicts):
    best = line(verdicts, "table A3", "SVM, linear kernel, C=0.001", "mixed")
    assert (best["accuracy"], best["paper_accuracy"]) == (80.0, 80.08)
    assert best["verdict"] == "reproduced"
    left_out = line(verdicts, "table A3", "SVM, linear kernel, C=1", "mixed")
    assert left_out["verdict"] == NO_CANDIDATE


def test_synthetic_numbers_are_judged_on_nothing(evaluation, grid):
    table = verdicts_table(NUMBERS, evaluation, PAPER_ROWS, {"mixed": grid}, "synthetic corpus")
    counts = counts_by_place(table.rows)
    assert counts[["reproduced", "outside"]].to_numpy().sum() == 0
    assert counts.loc["table 1", "not comparable"] == 3


def test_human_listeners_have_no_interval():
    humans = [each for each in NUMBERS if each.words == "human perception"]
    assert [each.result.accuracy for each in humans] == [67.0, 75.0]
    assert all(math.isnan(each.result.ci95) for each in humans)


def test_the_headline_sets_our_best_beside_the_papers_best(evaluation):
    shown = headline(evaluation, TOPS, "RAVDESS").texts()
    assert [row[:5] for row in shown] == [
        ["speech", "whole clip", "deepspectrum_svc", "80.00 ± 1.00", "76.58 ± 2.18"],
        ["face", "whole clip", "stn_max_voting", "–", "55.82 ± 2.56"],
        ["fusion", "mixed", "mixed", "78.00 ± 1.00", "80.08 ± 2.06"],
    ]
    # 3.42 - 2.18; and 2.08 - 2.0629, the paper's formula at 80.08 % of 1,440 clips.
    assert [row[5:] for row in shown] == [
        ["+3.42", "outside by 1.24 points"],
        ["–", "not run"],
        ["−2.08", "outside by 0.02 points"],
    ]


def test_figure_7_has_the_intervals_that_the_tables_print():
    # By the formula 76.58 would have 2.19.
    assert TOPS["speech", "full"] == PaperResult(76.58, 2.18)


def test_figures_5_and_8_are_of_the_system_beside_the_papers_best(evaluation):
    pages = confusion_pages(evaluation, "figures")
    assert [(page.words, page.path) for page in pages] == [
        (
            "figure 5, speech: cnn14_fine_tuned, whole clip",
            "figures/confusion_cnn14_fine_tuned_full.svg",
        ),
        ("figure 8, fusion: mixed", "figures/confusion_mixed.svg"),
    ]


@pytest.fixture
def configuration():
    return {
        "corpus": {"label": "synthetic corpus", "actors": [1, 2, 3]},
        "protocol": {"folds": [[1, 7], [2, 3]]},
        "seed": 5,
    }


PAGES = [
    {"words": "every number", "path": "t/verdicts.html", "group": "Beside the paper"},
    {"words": "speech", "path": "t/speech.html", "group": "table 1"},
    {"words": "A1 & A2", "path": "f/clip.svg", "group": "Clips"},
]


def test_the_first_page_says_what_was_run_on_what(evaluation, verdicts, configuration):
    page = landing(evaluation, verdicts, TOPS, configuration, [Page(**each) for each in PAGES])
    for words in ("synthetic corpus", "8 of 3 actors", "actors 1; 2, 3", "4 run, 1 not run"):
        assert words in page


def test_the_first_page_leads_to_every_file(evaluation, verdicts, configuration):
    page = landing(evaluation, verdicts, TOPS, configuration, [Page(**each) for each in PAGES])
    assert page.count("results[&quot;t/speech.html&quot;].data_uri") == 1
    assert "content: &#x27;img&#x27;, contentPath: results[&quot;f/clip.svg&quot;]" in page
    assert ">A1 &amp; A2</a>" in page
    # Table 2 has no page of its own.
    row = page[page.index("<td>table 2</td>") :]
    assert row.index("t/verdicts.html") < row.index("</tr>")


def test_the_entry_writes_the_first_page(tmp_path, evaluation, verdicts, configuration):
    evaluation.summary.to_csv(tmp_path / "summary.csv", index=False)
    (tmp_path / "confusion.csv").write_text("system,true,predicted,mean,pooled\n")
    (tmp_path / "significance.csv").write_text(",".join(SIGNIFICANCE_COLUMNS) + "\n")
    verdicts.to_csv(tmp_path / "verdicts.csv", index=False)
    (tmp_path / "configuration.json").write_text(json.dumps(configuration))
    arguments = Namespace(
        evaluation=tmp_path,
        verdicts=tmp_path / "verdicts.csv",
        config=tmp_path / "configuration.json",
        pages=json.dumps(PAGES),
        figures="figures",
        paper=PAPER,
        out=tmp_path / "landing.html",
    )
    write_landing.main(arguments)
    assert "figure 5, speech" in (tmp_path / "landing.html").read_text("utf-8")
