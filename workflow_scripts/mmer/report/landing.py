"""The first page of the report: what was run on what, the headline, and where everything is.

It is a piece of HTML within the page that the workflow engine makes, whose script knows every
embedded file by its path and opens it in the reader's window.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from mmer.evaluation.paper import PaperResult, compare_with_paper
from mmer.report.accuracy_figure import best_by_condition
from mmer.report.corpus_label import is_synthetic
from mmer.report.evaluation_folder import EvaluationFolder, is_reference
from mmer.report.figure_names import file_stems
from mmer.report.table import Column, Table
from mmer.report.verdicts import KINDS, NOT_COMPARABLE, counts_by_place
from mmer.report.words import variant_words

_STYLE = """
.mmer table { font-size: .82rem; margin: .4rem 0 1rem; }
.mmer th, .mmer td { padding: .25rem .6rem; text-align: left; }
.mmer .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.mmer a { cursor: pointer; color: #0060a0; text-decoration: underline; }
"""


CONFUSION_FIGURES = {"speech": "figure 5", "face": "figure 6", "fusion": "figure 8"}
"""The paper's confusion matrices: of the best system of each modality."""


@dataclass(frozen=True)
class Page:
    """A file that the report embeds.

    Attributes
    ----------
    words
        What readers see.
    path
        Its path as the workflow names it.
    group
        The heading under which it is listed.
    """

    words: str
    path: str
    group: str

    @property
    def link(self) -> str:
        """An element that shows the file beside the menu."""
        kind = "html" if self.path.endswith(".html") else "img"
        place = json.dumps(self.path)
        call = (
            f"app.setView({{content: '{kind}', contentPath: results[{place}].data_uri, "
            f"resultPath: {place}}}); return false"
        )
        return f'<a href="#" onclick="{escape(call)}">{escape(self.words)}</a>'


def landing(
    evaluation: EvaluationFolder,
    verdicts: pd.DataFrame,
    tops: Mapping[tuple[str, str], PaperResult],
    configuration: Mapping[str, Any],
    pages: Sequence[Page],
) -> str:
    """The piece of HTML.

    Parameters
    ----------
    evaluation
        What was measured.
    verdicts
        The rows of :func:`mmer.report.verdicts.verdicts_table`.
    tops
        The paper's best by modality and variant.
    configuration
        The resolved configuration.
    pages
        Every embedded file that is linked, in order; a group named as a table or figure of the
        paper is linked beside that table's verdicts, the table of verdicts beside the others.
    """
    label = configuration["corpus"]["label"]
    places = {page.group: page for page in pages if page.group in set(verdicts["place"])}
    every = next(page for page in pages if page.path.endswith("/verdicts.html"))
    others = [page for page in pages if page not in places.values()]
    return "\n".join(
        [
            f'<style>{_STYLE}</style><div class="mmer">',
            "<h2>What was run</h2>",
            _facts(evaluation, configuration),
            "<h2>Headline: the best of each modality</h2>",
            _element(headline(evaluation, tops, label)),
            "<h2>Verdicts: every number of the paper beside ours</h2>",
            _verdicts(verdicts, places, every),
            "<h2>Everything else</h2>",
            _links(others),
            "</div>",
        ]
    )


def headline(
    evaluation: EvaluationFolder, tops: Mapping[tuple[str, str], PaperResult], corpus_label: str
) -> Table:
    """The best system of each modality and condition, ours and the paper's."""
    rows = best_by_condition(evaluation.summary, tops)
    verdicts, differences = [], []
    for _, row in rows.iterrows():
        if pd.isna(row["mean_accuracy"]):
            verdicts.append("not run")
            differences.append(None)
        elif pd.isna(row["paper_accuracy"]):
            verdicts.append("")
            differences.append(None)
        else:
            stated = PaperResult(row["paper_accuracy"], row["paper_ci95"])
            compared = compare_with_paper(row["mean_accuracy"], stated)
            synthetic = is_synthetic(corpus_label)
            verdicts.append(NOT_COMPARABLE if synthetic else compared.verdict)
            differences.append(compared.difference)
    rows = rows.assign(
        input=rows["variant"].map(variant_words),
        verdict=verdicts,
        difference=pd.Series(differences, dtype=float),
    )
    return Table(
        title="Headline",
        corpus_label=corpus_label,
        columns=(
            Column("Modality", "modality"),
            Column("Input", "input"),
            Column("Our best", "title"),
            Column("Ours %", "mean_accuracy", "ci95", digits=2),
            Column("Paper's best %", "paper_accuracy", "paper_ci95", digits=2),
            Column("Difference", "difference", digits=2, signed=True),
            Column("Verdict", "verdict"),
        ),
        rows=rows,
    )


def confusion_pages(evaluation: EvaluationFolder, folder: str) -> list[Page]:
    """The confusion matrices after the paper's figures 5, 6 and 8.

    Of each modality that of the system beside the paper's best; where that was not run or the
    paper has none, that of our best.
    """
    run = evaluation.summary[~is_reference(evaluation.summary)]
    run = run[run["mean_accuracy"].notna()]
    stems, pages = file_stems(run["system"]), []
    for modality, figure in CONFUSION_FIGURES.items():
        group = run[run["modality"] == modality]
        if group.empty:
            continue
        # Rounding first: fusions of equal accuracy keep the order of the table.
        column = "paper_accuracy" if group["paper_accuracy"].notna().any() else "mean_accuracy"
        system = group.loc[group[column].round(9).idxmax(), "system"]
        words = f"{figure}, {modality}: {evaluation.name(system)}"
        path = f"{folder}/confusion_{stems[system]}.svg"
        pages.append(Page(words, path, "Confusion matrices"))
    return pages


def _facts(evaluation: EvaluationFolder, configuration: Mapping[str, Any]) -> str:
    """Corpus, protocol and how much was run."""
    corpus, summary = configuration["corpus"], evaluation.summary
    run = int((summary["clips"] > 0).sum())
    missing = int(summary["verdict"].str.startswith("not run").sum())
    folds = configuration["protocol"]["folds"]
    actors = set(corpus["actors"])
    held_out = [", ".join(str(actor) for actor in fold if actor in actors) for fold in folds]
    facts = {
        "Corpus": corpus["label"],
        "Clips": f"{summary['clips'].max()} of {len(actors)} actors",
        "Protocol": f"{len(folds)} folds, each held out once; actors {'; '.join(held_out)}",
        "Systems": f"{run} run" + (f", {missing} not run" if missing else ""),
        "Seed": configuration["seed"],
    }
    rows = "".join(
        f"<tr><th scope='row'>{escape(key)}</th><td>{escape(str(value))}</td></tr>"
        for key, value in facts.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _verdicts(verdicts: pd.DataFrame, places: Mapping[str, Page], every: Page) -> str:
    """How many numbers of each table have which verdict, with a link to the table."""
    counts = counts_by_place(verdicts)
    shown = [kind for kind in KINDS if counts[kind].any()]
    heads = "".join(f'<th class="number">{escape(each)}</th>' for each in ["numbers", *shown])
    lines = []
    for place, row in counts.iterrows():
        cells = "".join(f'<td class="number">{row[each]}</td>' for each in ["numbers", *shown])
        link = places.get(str(place), every).link
        lines.append(f"<tr><td>{escape(str(place))}</td>{cells}<td>{link}</td></tr>")
    return (
        f"<table><thead><tr><th>Paper</th>{heads}<th>Ours</th></tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _links(pages: Sequence[Page]) -> str:
    """Every other page, by group."""
    lines = []
    for group in dict.fromkeys(page.group for page in pages):
        links = " · ".join(page.link for page in pages if page.group == group)
        lines.append(f"<li><strong>{escape(group)}</strong>: {links}</li>")
    return f"<ul>{''.join(lines)}</ul>"


def _element(table: Table) -> str:
    """A table without the buttons and scripts of a page of its own."""
    number = {True: ' class="number"', False: ""}
    heads = "".join(f"<th{number[c.is_number]}>{escape(c.heading)}</th>" for c in table.columns)
    lines = [
        "".join(
            f"<td{number[column.is_number]}>{escape(cell)}</td>"
            for column, cell in zip(table.columns, cells, strict=True)
        )
        for cells in table.texts()
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
