"""One item frame by frame: faces, posteriors, attention."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage

from mmer.report.item_choice import ShownItem
from mmer.report.style import COLOURS, new_figure

THUMBNAILS = 12
"""Faces in the row; fewer where an item has fewer frames."""

_RIGHT, _WRONG = COLOURS[0], COLOURS[4]
_LETTERS = 118
"""Of a panel's title in one line."""
_UNSEEN = "#e9e4da"
"""Behind the time that voice activity detection cut off: no shade of the blue scale."""


@dataclass(frozen=True)
class ItemView:
    """One item and what a model made of it.

    ``images`` are all its frames, ``(frames, 48, 48)`` uint8 grey, at ``rate`` per second;
    ``seen`` the positions of those that the model saw, ``(seen,)`` int64, rising; ``attention``
    the weight of each of these, ``(seen,)``, None where there is no such model.
    """

    item: ShownItem
    images: np.ndarray
    rate: float
    seen: np.ndarray
    attention: np.ndarray | None = None

    def __post_init__(self) -> None:
        assert len(self.item.logits) == len(self.seen) and self.seen[-1] < len(self.images)
        assert self.attention is None or self.attention.shape == self.seen.shape

    @property
    def times(self) -> np.ndarray:
        """The middle of each frame seen, seconds, ``(seen,)``."""
        return (self.seen + 0.5) / self.rate


def item_figure(
    view: ItemView, heading: str, model: str, attention_model: str, label: str
) -> Figure:
    """Draw an item: a row of faces, the posteriors of every frame, and the attention below."""
    height = 4.0 if view.attention is None else 5.1
    item = view.item
    verdict = "recognised" if item.true == item.predicted else f"taken for {item.predicted}"
    title = f"{heading}: {item.name}: {item.true}, {verdict}"
    figure, plot = new_figure(11.0, height, title, label)
    above, below = plot.subfigures(2, 1, height_ratios=[1.35, height - 1.35])
    # Positions of the faces to show, evenly over the frames seen.
    shown = np.unique(np.linspace(0, len(view.seen) - 1, THUMBNAILS).round().astype(np.int64))
    _draw_faces(above, view, shown)
    heights = [1.0] if view.attention is None else [2.6, 1.0]
    panels = below.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    panels = panels[:, 0]
    image = _draw_posteriors(panels[0], view, model)
    bar = below.colorbar(image, ax=list(panels), pad=0.01, aspect=16)
    bar.set_label("posterior")
    bar.outline.set_visible(False)
    if view.attention is not None:
        _draw_attention(panels[1], view, attention_model)
    panels[-1].set(xlabel="seconds", xlim=(0, len(view.images) / view.rate))
    # Small marks on the time axis where the faces were taken.
    panels[-1].set_xticks(view.times[shown], minor=True)
    panels[-1].tick_params(axis="x", which="minor", length=6, width=1.2, direction="inout")
    return figure


def _draw_faces(above: SubFigure, view: ItemView, shown: np.ndarray) -> None:
    """The faces, each with its time and what it alone is taken for."""
    posteriors = view.item.posteriors
    panels = above.subplots(1, THUMBNAILS)
    for axes in panels:
        axes.set_axis_off()
    for axes, position in zip(panels, shown, strict=False):
        axes.imshow(view.images[view.seen[position]], cmap="gray", vmin=0, vmax=255)
        column = int(posteriors[position].argmax())
        taken, share = view.item.classes[column], posteriors[position, column]
        axes.set_title(
            f"{taken}\n{100 * share:.0f} %",
            fontsize=8,
            color=_RIGHT if taken == view.item.true else _WRONG,
            fontweight="bold" if taken == view.item.true else "normal",
        )
        seconds = f"{view.times[position]:.2f} s"
        below = {"ha": "center", "va": "top", "transform": axes.transAxes}
        axes.text(0.5, -0.06, seconds, fontsize=7.5, **below)


def _draw_posteriors(axes: Axes, view: ItemView, model: str) -> AxesImage:
    """A row per class, a column per frame."""
    classes = view.item.classes
    image = axes.imshow(
        view.item.posteriors.T,
        aspect="auto",
        interpolation="nearest",
        cmap="Blues",
        vmin=0,
        vmax=1,
        extent=(
            *(view.seen[0] / view.rate, (view.seen[-1] + 1) / view.rate),
            *(len(classes) - 0.5, -0.5),
        ),
    )
    axes.set_yticks(range(len(classes)), classes)
    for name, words in zip(classes, axes.get_yticklabels(), strict=True):
        if name == view.item.true:
            words.set(color=_RIGHT, fontweight="bold")
        elif name == view.item.predicted:
            words.set(color=_WRONG, fontweight="bold")
    axes.tick_params(axis="y", length=0)
    axes.set_facecolor(_UNSEEN)
    title = f"posteriors of every frame: {model}"
    axes.set_title(textwrap.fill(title, _LETTERS), loc="left", fontsize=9)
    return image


def _draw_attention(axes: Axes, view: ItemView, model: str) -> None:
    assert view.attention is not None
    uniform = 1 / len(view.seen)
    axes.bar(view.times, view.attention, 1 / view.rate, color=COLOURS[0])
    axes.axhline(uniform, color="#555555", linestyle=":", linewidth=1.2)
    title = f"attention (dotted: all frames alike): {model}"
    axes.set_title(textwrap.fill(title, _LETTERS), loc="left", fontsize=9)
    axes.set_ylim(0, 1.15 * max(view.attention.max(), uniform))
