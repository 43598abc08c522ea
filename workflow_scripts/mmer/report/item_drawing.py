"""Draws items frame by frame: analogues of figures of the paper, and those asked for."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from mmer.evaluation.paper_description import read_paper
from mmer.items import read_items
from mmer.media.speech_spans import read_spans
from mmer.protocol import Split
from mmer.ragged import read_ragged
from mmer.report.item_choice import ShownItem, choose, shown_items
from mmer.report.item_figure import ItemView, item_figure
from mmer.report.job import ReportJob
from mmer.report.style import house_style, no_data_figure, save_figure
from mmer.runtime.errors import UserError
from mmer.tasks import Classes
from mmer.training.frames import frames_within


class DrawnItemsJob(ReportJob):
    """What is drawn of which model.

    ``voters`` are the classes that frames vote for.  ``frames`` are files by speaker, ``speech``
    the spans of all where the model saw trimmed items.  ``frame_logits`` and the ``attention`` of
    another model on the same frames, if there is one, are files by split.  ``chosen`` are items
    that the configuration asks for; a ``paper`` has figures whose analogues are drawn.
    """

    task: Classes
    voters: Classes
    items: Path
    splits: dict[str, Split]
    frames: dict[str, Path]
    speech: tuple[Path, ...] = ()
    frame_logits: dict[str, Path]
    title: str
    attention: dict[str, Path] = {}
    attention_title: str = ""
    chosen: tuple[str, ...] = ()
    paper: Path | None = None
    figures: Path


def draw_items(job: DrawnItemsJob) -> None:
    """Choose the items and draw each."""
    items = read_items(job.items)
    tested = shown_items(job.frame_logits, job.splits.values(), items, job.task, job.voters)
    speaker_of = dict(zip(items.names, items.speakers, strict=True))

    def draw(item: ShownItem, heading: str) -> Figure:
        return _draw(job, item, heading, job.frames[speaker_of[item.name]])

    with house_style():
        for example in () if job.paper is None else read_paper(job.paper).examples:
            item, heading = choose(example, tested), f"After the paper's figure {example.figure}"
            if item is None:
                reason = f"no item of this corpus is {example.true}"
                figure = no_data_figure(heading, reason, job.label)
            elif item.predicted != example.predicted:
                nearest = f"no {example.true} item is taken for {example.predicted}"
                figure = draw(item, f"{heading} (the nearest: {nearest})")
            else:
                figure = draw(item, heading)
            save_figure(figure, job.figures / f"item_example_{example.figure}")
        for name in job.chosen:
            if name not in tested:
                raise UserError(
                    f"report.items names {name}, which no split tests on: name items of the "
                    f"corpus, such as {next(iter(tested), 'none')}"
                )
            figure = draw(tested[name], "Asked for in the configuration")
            save_figure(figure, job.figures / f"item_{name}")


def _draw(job: DrawnItemsJob, item: ShownItem, heading: str, frames_file: Path) -> Figure:
    """Draw one item with what the models made of it."""
    frames = read_ragged([frames_file])
    place = frames.items.index(item.name)
    images = frames.of(place)
    span = read_spans(job.speech)[item.name] if job.speech else None
    attention = None
    if item.split in job.attention:
        weights = read_ragged([job.attention[item.split]])
        attention = weights.of(weights.items.index(item.name))
    seen = frames_within(span, len(images), frames.rate, frames.start_s(place))
    view = ItemView(item, images, frames.rate, seen, attention)
    return item_figure(view, heading, job.title, job.attention_title, job.label)
