"""Saliency maps of a few clips: the frame, its map, and both together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from mmer.corpus.clips import Clip
from mmer.corpus.labels import EMOTIONS
from mmer.report.style import new_figure, no_data_figure

_ROWS = ("frame", "saliency map", "both")


@dataclass(frozen=True)
class SaliencyExample:
    """The middle frame of a clip.

    Attributes
    ----------
    clip
        Its name.
    frame, saliency
        ``(48, 48)`` uint8.
    """

    clip: str
    frame: np.ndarray
    saliency: np.ndarray


def example_clips(clips: Sequence[str]) -> list[str]:
    """One clip per emotion, in their order, of as many actors as can be.

    Of an emotion's clips the strong ones come first, then those of actors not yet shown, then
    those with the smaller name.
    """
    chosen: list[str] = []
    for label in range(len(EMOTIONS)):
        parsed = [Clip.parse(name) for name in clips]
        shown = {Clip.parse(name).actor for name in chosen}
        of_emotion = [clip for clip in parsed if clip.label == label]
        of_emotion.sort(key=lambda clip: (-clip.intensity, clip.actor in shown, clip.name))
        chosen += [clip.name for clip in of_emotion[:1]]
    return chosen


def saliency_figure(examples: Sequence[SaliencyExample], method: str, corpus_label: str) -> Figure:
    """Draw a column per clip.

    Parameters
    ----------
    examples
        At most one per emotion.
    method
        What made the maps.
    corpus_label
        What was recorded.
    """
    title = f"Saliency maps: {method}"
    if not examples:
        return no_data_figure(title, "no clip was prepared", corpus_label)
    figure, plot = new_figure(max(1.25 * len(examples) + 0.6, 6.2), 4.1, title, corpus_label)
    panels = plot.subplots(len(_ROWS), len(examples), squeeze=False)
    for column, example in enumerate(examples):
        panels[0, column].imshow(example.frame, cmap="gray", vmin=0, vmax=255)
        panels[1, column].imshow(example.saliency, cmap="inferno", vmin=0, vmax=255)
        panels[2, column].imshow(example.frame, cmap="gray", vmin=0, vmax=255)
        strength = example.saliency / 255 * 0.7
        panels[2, column].imshow(example.saliency, cmap="inferno", alpha=strength, vmin=0, vmax=255)
        clip = Clip.parse(example.clip)
        panels[0, column].set_title(f"{EMOTIONS[clip.label]}\nactor {clip.actor:02d}", fontsize=8.5)
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for axes, words in zip(panels[:, 0], _ROWS, strict=True):
        axes.set_ylabel(words)
    return figure
