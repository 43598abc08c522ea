"""What the corpus holds, and what preparation made of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.items import SPEAKER, Items, read_items
from mmer.media.speech_spans import read_spans
from mmer.ragged import read_ragged
from mmer.report.formats import write_table
from mmer.report.job import ReportJob
from mmer.report.saliency_figure import SaliencyExample, example_items, saliency_figure
from mmer.report.speech_spans import kept_of_items, speech_span_figure, speech_span_table
from mmer.report.style import house_style, save_figure
from mmer.report.table import Column, Table
from mmer.report.words import SALIENCY_METHODS
from mmer.runtime.writing import writing
from mmer.tasks import Classes, Task, Traces


class PreparationJob(ReportJob):
    """What is described.

    Attributes
    ----------
    task
        What is to be said of an item.
    items
        The item table.
    audio, speech
        Files of the speakers; both, or neither where no model heard trimmed items.
    frames, saliency
        Files of the speakers; both, or neither where no model saw saliency maps.
    method
        What made the maps.
    tables, figures
        The folders to write to.
    """

    task: Task
    items: Path
    audio: tuple[Path, ...] = ()
    speech: tuple[Path, ...] = ()
    frames: tuple[Path, ...] = ()
    saliency: tuple[Path, ...] = ()
    method: str = ""
    tables: Path
    figures: Path


def describe_preparation(job: PreparationJob) -> None:
    """Write what there is: items, speech spans, saliency maps."""
    items = read_items(job.items)
    write_table(job.tables, "items", items_table(items, job.task, job.label))
    with house_style():
        if job.speech:
            kept = kept_of_items(read_spans(job.speech), durations_of(job.audio), items)
            write_table(job.tables, "speech_spans", speech_span_table(kept, job.task, job.label))
            with writing(job.tables / "speech_spans_by_item.csv") as unfinished:
                written = kept.assign(corpus=job.label)
                written.to_csv(unfinished, index=False, float_format="%.6f")
            figure = speech_span_figure(kept, job.task, job.label)
            save_figure(figure, job.figures / "speech_spans")
        if job.saliency:
            method = SALIENCY_METHODS.get(job.method, job.method)
            figure = saliency_figure(examples(job, items), method, job.label)
            save_figure(figure, job.figures / "saliency")


def items_table(items: Items, task: Classes | Traces, label: str) -> Table:
    """A row per speaker, items of each class, and all together in the last row."""
    table = items.table
    kinds: list[str] = []
    counts = table.groupby(SPEAKER).size().to_frame("items")
    if isinstance(task, Classes):
        kinds = list(task.names)
        of_class = pd.crosstab(table[SPEAKER], table[task.column])
        counts = counts.join(of_class.reindex(columns=kinds, fill_value=0))
    together = counts.sum().to_frame("all speakers").T
    return Table(
        title="Items of each speaker",
        label=label,
        columns=(
            Column("Speaker", SPEAKER),
            Column("Items", "items", digits=0),
            *(Column(name, name, digits=0) for name in kinds),
        ),
        rows=pd.concat([counts, together]).rename_axis(SPEAKER).reset_index(),
        notes=("What the item table holds; every later step reads labels and speakers from it.",),
    )


def examples(job: PreparationJob, items: Items) -> list[SaliencyExample]:
    """The items whose maps are shown."""
    frames, maps = files_of_items(job.frames), files_of_items(job.saliency)
    chosen = items.of(example_items(items.of(sorted(frames)), job.task))
    speakers = [f"speaker {name}" for name in chosen.speakers]
    if isinstance(job.task, Classes):
        words = chosen.column(job.task.column)
        speakers = [f"{word}\n{speaker}" for word, speaker in zip(words, speakers, strict=True)]
    return [
        SaliencyExample(title, middle_of(frames[name], name), middle_of(maps[name], name))
        for name, title in zip(chosen.names, speakers, strict=True)
    ]


def durations_of(paths: Iterable[Path]) -> dict[str, float]:
    """The length in seconds of every item in files of ragged data, without reading the values."""
    durations = {}
    for path in paths:
        with np.load(path, allow_pickle=False) as archive:
            lengths = np.diff(archive["offsets"]) / float(archive["rate"])
            durations.update(zip(map(str, archive["items"]), lengths.tolist(), strict=True))
    return durations


def files_of_items(paths: Iterable[Path]) -> dict[str, Path]:
    """In which speaker's file each item lies."""
    return {item: path for path in paths for item in durations_of([path])}


def middle_of(path: Path, item: str) -> np.ndarray:
    """The middle picture of an item, ``(48, 48)`` uint8."""
    pictures = read_ragged([path])
    of_item = pictures.of(pictures.items.index(item))
    return of_item[len(of_item) // 2]
