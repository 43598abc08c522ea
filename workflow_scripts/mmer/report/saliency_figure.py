"""Saliency maps of a few items: the frame, its map, and both together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from mmer.items import Items
from mmer.report.style import new_figure, no_data_figure
from mmer.tasks import Classes, Traces

MOST = 8
"""Items shown where there are no classes."""

_ROWS = ("frame", "saliency map", "both")


@dataclass(frozen=True)
class SaliencyExample:
    """The middle frame of an item.

    Attributes
    ----------
    title
        What the item is.
    frame, saliency
        ``(48, 48)`` uint8.
    """

    title: str
    frame: np.ndarray
    saliency: np.ndarray


def example_items(items: Items, task: Classes | Traces) -> list[str]:
    """One item per class, in their order, of as many speakers as can be.

    Of a class's items those of speakers not yet shown come first, then those with the smaller name.
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


def saliency_figure(examples: Sequence[SaliencyExample], method: str, label: str) -> Figure:
    """Draw a column per item.

    Parameters
    ----------
    examples
        At most one per class.
    method
        What made the maps.
    label
        What was recorded.
    """
    title = f"Saliency maps: {method}"
    if not examples:
        return no_data_figure(title, "no item was prepared", label)
    figure, plot = new_figure(max(1.25 * len(examples) + 0.6, 6.2), 4.1, title, label)
    panels = plot.subplots(len(_ROWS), len(examples), squeeze=False)
    for column, example in enumerate(examples):
        panels[0, column].imshow(example.frame, cmap="gray", vmin=0, vmax=255)
        panels[1, column].imshow(example.saliency, cmap="inferno", vmin=0, vmax=255)
        panels[2, column].imshow(example.frame, cmap="gray", vmin=0, vmax=255)
        strength = example.saliency / 255 * 0.7
        panels[2, column].imshow(example.saliency, cmap="inferno", alpha=strength, vmin=0, vmax=255)
        panels[0, column].set_title(example.title, fontsize=8.5)
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for axes, words in zip(panels[:, 0], _ROWS, strict=True):
        axes.set_ylabel(words)
    return figure
