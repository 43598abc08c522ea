"""Draws items frame by frame: analogues of figures of the paper, and those asked for."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from pydantic import Field

from mmer.items import SPEAKER, read_items
from mmer.media.speech_spans import read_spans
from mmer.protocol import Split
from mmer.ragged import read_ragged
from mmer.report.item_choice import ShownItem, choose, named, shown_items
from mmer.report.item_figure import ItemView, item_figure
from mmer.report.job import ReportJob
from mmer.report.paper_description import Example, read_paper
from mmer.report.style import house_style, no_data_figure, save_figure
from mmer.tasks import Classes
from mmer.training.frames import frames_within


class DrawnItemsJob(ReportJob):
    """What is drawn of which model.

    Attributes
    ----------
    task, voters
        The classes of items, and those that frames vote for.
    items
        The item table.
    splits
        All of them, by name.
    frames
        Files by speaker.
    speech
        Spans of all speakers, where the model saw trimmed items.
    frame_logits, title
        By split, and what their model is called.
    attention, attention_title
        Weights of the same frames by split, where there is such a model, and what it is called.
    chosen
        Items that the configuration asks for.
    paper
        The paper whose figures have analogues; None where there is none.
    figures
        The folder to write to.
    """

    task: Classes
    voters: Classes
    items: Path
    splits: dict[str, Split]
    frames: dict[str, Path]
    speech: tuple[Path, ...] = ()
    frame_logits: dict[str, Path]
    title: str
    attention: dict[str, Path] = Field(default_factory=dict)
    attention_title: str = ""
    chosen: tuple[str, ...] = ()
    paper: Path | None = None
    figures: Path


def draw_items(job: DrawnItemsJob) -> None:
    """Choose the items and draw each."""
    items = read_items(job.items)
    tested = shown_items(job.frame_logits, job.splits.values(), items, job.task, job.voters)
    speaker_of = dict(zip(items.names, items.column(SPEAKER), strict=True))
    examples = () if job.paper is None else read_paper(job.paper).examples
    with house_style():
        for example in examples:
            figure = _draw_example(job, example, choose(example, tested), speaker_of)
            save_figure(figure, job.figures / f"item_example_{example.figure}")
        for name in job.chosen:
            item = named(name, tested)
            figure = _draw(job, item, "Asked for in the configuration", speaker_of[name])
            save_figure(figure, job.figures / f"item_{name}")


def _draw_example(
    job: DrawnItemsJob, example: Example, item: ShownItem | None, speaker_of: dict[str, str]
) -> Figure:
    """Draw the analogue of one of the paper's figures, or say that there is none."""
    heading = f"After the paper's figure {example.figure}"
    if item is None:
        return no_data_figure(heading, f"no item of this corpus is {example.true}", job.label)
    if item.predicted != example.predicted:
        heading += f" (the nearest: no {example.true} item is taken for {example.predicted})"
    return _draw(job, item, heading, speaker_of[item.name])


def _draw(job: DrawnItemsJob, item: ShownItem, heading: str, speaker: str) -> Figure:
    """Draw one item with what the models made of it."""
    frames = read_ragged([job.frames[speaker]])
    images = frames.of(frames.items.index(item.name))
    span = read_spans(job.speech)[item.name] if job.speech else None
    attention = None
    if item.split in job.attention:
        ragged = read_ragged([job.attention[item.split]])
        attention = ragged.of(ragged.items.index(item.name))
    seen = frames_within(span, len(images), frames.rate)
    view = ItemView(item, images, frames.rate, seen, attention)
    return item_figure(view, heading, job.title, job.attention_title, job.label)
