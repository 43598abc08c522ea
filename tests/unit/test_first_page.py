"""The first page of a report, and what a job writes of a run."""

import json
import math

import pandas as pd
import pytest
from tests.report_data import (
    PAPER,
    REFERENCES,
    TASK,
    TRACES,
    summary,
    write_classes,
    write_traces,
)

from mmer.protocol import Split
from mmer.report.paper_numbers import paper_numbers, top_results
from mmer.report.result_tables import headline_table
from mmer.report.run_pages import Page, RunJob, confusion_pages, describe_run, landing
from mmer.report.verdicts import verdicts_table

TOPS = top_results(PAPER)
SPLITS = {
    "fold0": Split(name="fold0", train=("2", "3"), choose=("1",), test=("1",)),
    "fold1": Split(name="fold1", train=("1",), choose=("2", "3"), test=("2", "3")),
}
PAGES = [
    Page(words="every number", path="t/verdicts.html", group="Beside the paper"),
    Page(words="speech", path="t/speech.html", group="table 1"),
    Page(words="A1 & A2", path="f/item.svg", group="Items"),
]


@pytest.fixture
def verdicts() -> pd.DataFrame:
    """Every number of the paper, beside none of ours."""
    return verdicts_table(paper_numbers(PAPER), summary(), {}, {}, "RAVDESS").rows


def first_page(verdicts: pd.DataFrame | None) -> str:
    headline = headline_table(summary(), TOPS, "synthetic <b> corpus")
    return landing(summary(), headline, verdicts, SPLITS, "5", PAGES)


def test_the_first_page_says_what_was_run_on_what_and_leads_to_every_file(verdicts):
    page = first_page(verdicts)
    facts = ("synthetic &lt;b&gt; corpus", "8 of 3 speakers", "speakers 1; 2, 3")
    for words in (*facts, "5 run, 1 not run", ">A1 &amp; A2</a>"):
        assert words in page
    assert page.count("results[&#34;t/speech.html&#34;].data_uri") == 1
    assert "content: &#39;img&#39;, contentPath: results[&#34;f/item.svg&#34;]" in page
    # Table 2 has no page of its own.
    row = page[page.index("<td>table 2</td>") :]
    assert row.index("t/verdicts.html") < row.index("</tr>")
    without = first_page(None)
    assert "Verdicts" not in without and "t/speech.html" in without


@pytest.mark.parametrize(("task", "write"), [(TASK, write_classes), (TRACES, write_traces)])
def test_the_job_writes_provenance_and_the_first_page(tmp_path, verdicts, task, write):
    write(tmp_path / "evaluation")
    verdicts.to_csv(tmp_path / "verdicts.csv", index=False)
    (tmp_path / "configuration.json").write_text(json.dumps({"seed": 5, "run": "demo"}))
    classes = task is TASK
    job = RunJob(
        task=task,
        label="synthetic corpus",
        configuration=tmp_path / "configuration.json",
        evaluation=tmp_path / "evaluation",
        verdicts=tmp_path / "verdicts.csv" if classes else None,
        references=tuple(REFERENCES),
        splits=SPLITS,
        pages=PAGES,
        figures="figures",
        paper=PAPER if classes else None,
        page=tmp_path / "provenance.html",
        data=tmp_path / "provenance.json",
        landing=tmp_path / "landing.html",
    )
    describe_run(job)
    assert json.loads((tmp_path / "provenance.json").read_text())["splits"]["fold0"]["test"] == [
        "1"
    ]
    assert "SYNTHETIC DATA" in (tmp_path / "provenance.html").read_text("utf-8")
    shown = (tmp_path / "landing.html").read_text("utf-8")
    assert ("figure 5, speech" in shown) is classes and ("CCC" in shown) is not classes


def test_confusion_matrices_are_of_the_system_beside_the_papers_best_or_of_our_best():
    figures = {"speech": "figure 5", "face": "figure 6", "fusion": "figure 8"}
    pages = confusion_pages(summary(), figures, "figures")
    assert [(page.words, page.path) for page in pages] == [
        (
            "figure 5, speech: cnn14_fine_tuned, whole clip",
            "figures/confusion_cnn14_fine_tuned_full.svg",
        ),
        ("figure 8, fusion: mixed", "figures/confusion_mixed_minmax.svg"),
    ]
    mine = summary()
    mine.table["paper_accuracy"] = math.nan
    words = [page.words for page in confusion_pages(mine, {}, "figures")]
    assert words == ["speech: deepspectrum_svc, whole clip", "fusion: mixed"]
