"""The two pages about the whole run: its provenance, and the report's first page.

The first page says what was run on what, the headline, and where everything is.  It is a piece of
HTML within the page that the workflow engine makes, whose script knows every embedded file by its
path and opens it in the reader's window.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict

from mmer.evaluation.paper_description import PROJECT, read_paper
from mmer.protocol import Split
from mmer.report.evaluation_folder import Summary, read_summary, read_table
from mmer.report.formats import write_text
from mmer.report.job import ResultsJob
from mmer.report.pages import render
from mmer.report.paper_numbers import top_results
from mmer.report.provenance import (
    Weights,
    describe,
    provenance_page,
    seeds_words,
    tested_groups,
)
from mmer.report.result_tables import headline_table
from mmer.report.table import Table
from mmer.report.trace_tables import trace_terminal_table
from mmer.report.verdicts import KINDS, counts_by_place
from mmer.report.words import file_stems
from mmer.tasks import Traces


class Page(BaseModel):
    """A file that the report embeds, by its path, and the heading under which it is listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: str
    path: str
    group: str

    @property
    def kind(self) -> str:
        """How the engine's script shows it."""
        return "html" if self.path.endswith(".html") else "img"

    @property
    def quoted(self) -> str:
        """The path as a text of that script."""
        return json.dumps(self.path)


class RunJob(ResultsJob):
    """What is said of a run.

    ``configuration`` is the resolved one beside the results, ``verdicts`` the table as CSV, None
    where there is no paper.  The first page links to ``pages`` and to confusion matrices, which lie
    in ``figures`` as the workflow names it.  Written are provenance as a page and as JSON, and the
    first page.
    """

    configuration: Path
    verdicts: Path | None = None
    splits: dict[str, Split]
    weights: tuple[Weights, ...] = ()
    pages: tuple[Page, ...]
    figures: str
    page: Path
    data: Path
    landing: Path


def describe_run(job: RunJob) -> None:
    """Gather everything and write the pages."""
    configuration = json.loads(job.configuration.read_text("utf-8"))
    described = describe(configuration, job.label, job.splits, job.weights, PROJECT)
    write_text(job.page, provenance_page(described))
    write_text(job.data, json.dumps(described, indent=2, ensure_ascii=False) + "\n")
    write_text(job.landing, _first_page(job, seeds_words(configuration)))


def _first_page(job: RunJob, seed: str) -> str:
    pages = list(job.pages)
    verdicts = None if job.verdicts is None else read_table(job.verdicts)
    summary = read_summary(job.evaluation, job.references)
    if isinstance(job.task, Traces):
        headline = trace_terminal_table(summary, job.label)
    else:
        headline = headline_table(summary, top_results(job.paper), job.label)
        confusions = {} if job.paper is None else read_paper(job.paper).confusions
        pages = [*confusion_pages(summary, confusions, job.figures), *pages]
    return landing(summary, headline, verdicts, job.splits, seed, pages)


def landing(
    summary: Summary,
    headline: Table,
    verdicts: pd.DataFrame | None,
    splits: Mapping[str, Split],
    seed: str,
    pages: Sequence[Page],
) -> str:
    """The piece of HTML."""
    counts, places = None, {}
    if verdicts is not None:
        counts = counts_by_place(verdicts)
        counts = counts[["numbers", *(kind for kind in KINDS if counts[kind].any())]]
        every = next(page for page in pages if page.path.endswith("/verdicts.html"))
        beside = {page.group: page for page in pages}
        places = {place: beside.get(_table_of(place), every) for place in counts.index}
    others: dict[str, list[Page]] = {}
    for page in pages:
        if page.group not in map(_table_of, places):
            others.setdefault(page.group, []).append(page)
    return render(
        "landing",
        "",
        headline.label,
        facts=_facts(summary, splits, headline.label, seed),
        headline=headline,
        verdicts=counts,
        places=places,
        others=others,
    )


def _table_of(place: object) -> str:
    """The paper's table or figure without the inputs of ours that stand beside it."""
    return str(place).partition(", ")[0]


def confusion_pages(summary: Summary, figures: Mapping[str, str], folder: str) -> list[Page]:
    """One confusion matrix of each modality, as a paper shows them.

    That of the system beside the paper's best; where that was not run or the paper has none, that
    of our best.
    """
    run = summary.recognisers
    run = run[run["mean_accuracy"].notna()]
    stems, pages = file_stems(run["system"]), []
    for modality in figures or run["modality"].unique():
        group = run[run["modality"] == modality]
        if group.empty:
            continue
        if group["paper_accuracy"].notna().any():
            group = group[group["paper_accuracy"] == group["paper_accuracy"].max()]
        # Rounding first: fusions of equal accuracy keep the order of the table.
        system = group.loc[group["mean_accuracy"].round(9).idxmax(), "system"]
        figure = f"{figures[modality]}, " if figures else ""
        words = f"{figure}{modality}: {summary.name(system)}"
        path = f"{folder}/confusion_{stems[system]}.svg"
        pages.append(Page(words=words, path=path, group="Confusion matrices"))
    return pages


def _facts(
    summary: Summary, splits: Mapping[str, Split], label: str, seed: str
) -> dict[str, object]:
    """Corpus, protocol and how much was run."""
    systems = summary.table.drop_duplicates("system")
    run = int((systems["items"] > 0).sum())
    missing = int(systems["verdict"].str.startswith("not run").sum())
    everybody = {name for split in splits.values() for name in split.groups}
    by = next(iter(splits.values())).by.replace("_", " ")
    folds = len({split.test for split in splits.values()})
    return {
        "Corpus": label,
        "Items": f"{systems['items'].max()} of {len(everybody)} {by}s",
        "Protocol": f"{folds} folds, each tested once; {by}s {tested_groups(splits)}",
        "Systems": f"{run} run" + (f", {missing} not run" if missing else ""),
        "Seed": seed,
    }
