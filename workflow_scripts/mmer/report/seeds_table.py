"""Several seeds as a table for readers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmer.report.evaluation_folder import read_table
from mmer.report.formats import write_table
from mmer.report.job import ReportJob
from mmer.report.table import Column, Table
from mmer.report.words import inputs_words, system_title, variant_words

_NOTES = (
    "Accuracy counts each item the same and is the mean over seeds, ± the sample deviation over "
    "them. The 95 % interval is that of the bootstrap over speakers around this mean.",
    "Between seeds, between speakers and the rest are deviations in percentage points: of a "
    "training, of a speaker, and of a training on a speaker. The shares say which of the three the "
    "variance of one training's accuracy on as many speakers comes from; where little comes from "
    "seeds, more of them tell little more.",
    "A system with one seed has nothing random in its training.",
)


class TabulateSeedsJob(ReportJob):
    """The evaluation's table, and the folder of tables."""

    seeds: Path
    references: tuple[str, ...] = ()
    tables: Path


def tabulate_seeds(job: TabulateSeedsJob) -> None:
    """Read the evaluation's table and write it for readers."""
    write_table(job.tables, "seeds", seeds_table(read_table(job.seeds), job.label, job.references))


def seeds_table(seeds: pd.DataFrame, label: str, references: tuple[str, ...] = ()) -> Table:
    """A row per system: mean and deviation over seeds beside the interval over speakers."""
    title = seeds["title"].map(system_title)
    inputs = seeds["variant"].mask(seeds["system"].isin(references), "none").map(variant_words)
    fed = seeds["fed"].map(lambda fed: inputs_words(fed) if fed else "")
    return Table(
        title="Several seeds",
        label=label,
        columns=(
            Column("System", "title"),
            Column("Input", "inputs"),
            Column("Seeds", "seeds", digits=0),
            Column("Accuracy %", "accuracy", half_width="seed_deviation", digits=2),
            Column("from", "speaker_low", digits=2),
            Column("to", "speaker_high", digits=2),
            Column("Between seeds", "between_seeds", digits=2),
            Column("Between speakers", "between_speakers", digits=2),
            Column("Rest", "rest", digits=2),
            Column("Share of seeds %", "seeds_share", digits=0),
            Column("of speakers %", "speakers_share", digits=0),
            Column("of the rest %", "rest_share", digits=0),
        ),
        rows=seeds.assign(title=title, inputs=inputs.where(fed == "", fed)),
        notes=_NOTES,
    )
