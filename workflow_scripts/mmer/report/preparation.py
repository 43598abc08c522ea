"""What the corpus holds, and what preparation made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mmer.items import SPEAKER, Items, read_items
from mmer.media.same_recordings import read_same_recordings
from mmer.media.speech_spans import read_spans
from mmer.ragged import read_ragged
from mmer.report.formats import write_table
from mmer.report.job import ReportJob
from mmer.report.speech_spans import kept_of_items, speech_span_figure, speech_span_table
from mmer.report.style import house_style, new_figure, no_data_figure, save_figure
from mmer.report.table import Column, Table
from mmer.report.words import SALIENCY_METHODS
from mmer.runtime.writing import writing
from mmer.tasks import Classes, Task, Traces

MOST = 8
"""Items shown where there are no classes."""


class PreparationJob(ReportJob):
    """Files of the speakers: ``audio`` and ``speech`` where a model heard trimmed items.

    ``frames`` and ``saliency`` are given where a model saw maps, which ``method`` made; ``same``,
    the recordings that are there more than once, where sound was prepared.
    """

    task: Task
    items: Path
    same: Path | None = None
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
    same = None if job.same is None else read_same_recordings(job.same)
    write_table(job.tables, "items", items_table(items, job.task, job.label, same))
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


def items_table(
    items: Items, task: Classes | Traces, label: str, same: Sequence[Sequence[str]] | None = None
) -> Table:
    """A row per speaker, items of each class, and all together in the last row.

    ``same`` are names of items that are the same recording; None where nobody looked.
    """
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
        notes=(
            "What the item table holds; every later step reads labels and speakers from it.",
            *([] if same is None else [same_sentence(same)]),
        ),
    )


def same_sentence(same: Sequence[Sequence[str]]) -> str:
    """What is told of recordings that are there more than once."""
    if not same:
        return "No recording is there more than once: no two items have the same samples."
    listed = "; ".join(" and ".join(names) for names in same)
    return f"The same recording more than once, sample for sample: {listed}."


def examples(job: PreparationJob, items: Items) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """What the items are whose maps are shown, their middle frames and maps."""
    frames, maps = files_of_items(job.frames), files_of_items(job.saliency)
    chosen = items.of(example_items(items.of(sorted(frames)), job.task))
    speakers = [f"speaker {name}" for name in chosen.speakers]
    if isinstance(job.task, Classes):
        words = chosen.column(job.task.column)
        speakers = [f"{word}\n{speaker}" for word, speaker in zip(words, speakers, strict=True)]
    return [
        (title, middle_of(frames[name], name), middle_of(maps[name], name))
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


def example_items(items: Items, task: Classes | Traces) -> list[str]:
    """One item per class, of speakers not yet shown first; of equals the first by name.

    Where there are no classes, one item of each of the first speakers.
    """
    speaker_of = dict(zip(items.names, items.speakers, strict=True))
    if isinstance(task, Classes):
        of_class = items.column(task.column)
        groups = [np.array(items.names)[of_class == name] for name in task.names]
    else:
        groups = [items.names] * min(len(set(items.speakers)), MOST)
    chosen: list[str] = []
    for names in groups:
        shown = {speaker_of[name] for name in chosen}
        ranked = sorted(names, key=lambda name: (speaker_of[name] in shown, name))
        chosen += map(str, ranked[:1])
    return chosen


def saliency_figure(
    examples: Sequence[tuple[str, np.ndarray, np.ndarray]], method: str, label: str
) -> Figure:
    """Draw a column per item: what it is, its middle frame and the map, ``(48, 48)`` uint8."""
    title = f"Saliency maps: {method}"
    if not examples:
        return no_data_figure(title, "no item was prepared", label)
    figure, plot = new_figure(max(1.25 * len(examples) + 0.6, 6.2), 4.1, title, label)
    panels = plot.subplots(3, len(examples), squeeze=False)
    for (above, middle, below), (what, frame, saliency) in zip(panels.T, examples, strict=True):
        above.imshow(frame, cmap="gray", vmin=0, vmax=255)
        middle.imshow(saliency, cmap="inferno", vmin=0, vmax=255)
        below.imshow(frame, cmap="gray", vmin=0, vmax=255)
        below.imshow(saliency, cmap="inferno", alpha=saliency / 255 * 0.7, vmin=0, vmax=255)
        above.set_title(what, fontsize=8.5)
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for axes, words in zip(panels[:, 0], ("frame", "saliency map", "both"), strict=True):
        axes.set_ylabel(words)
    return figure
