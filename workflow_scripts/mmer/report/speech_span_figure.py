"""What voice activity detection cut from the clips, by emotion and by actor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mmer.corpus.labels import EMOTIONS
from mmer.report.style import VARIANT_COLOURS, new_figure

_SERIES = (("whole", "full", "whole clips"), ("kept", "vad", "first to last speech"))


def speech_span_figure(clips: pd.DataFrame, corpus_label: str) -> Figure:
    """Boxes of the clips' lengths, whole and kept: a panel by emotion, one by actor.

    Parameters
    ----------
    clips
        From :func:`mmer.report.speech_span_table.kept_of_clips`.
    corpus_label
        What was recorded.
    """
    actors = sorted(clips["actor"].unique())
    width = 4.6 + 0.34 * len(actors)
    title = "What voice activity detection keeps of each clip"
    figure, plot = new_figure(width, 3.8, title, corpus_label)
    ratios = [len(EMOTIONS), len(actors)]
    by_emotion, by_actor = plot.subplots(1, 2, sharey=True, width_ratios=ratios)
    _boxes(by_emotion, clips, "emotion", EMOTIONS)
    by_emotion.tick_params(axis="x", rotation=40)
    _boxes(by_actor, clips, "actor", actors)
    by_actor.set_xlabel("actor")
    by_emotion.set(ylabel="seconds", ylim=(0, None))
    patches = [
        Patch(facecolor=VARIANT_COLOURS[variant], edgecolor="black", label=words)
        for _, variant, words in _SERIES
    ]
    plot.legend(handles=patches, loc="outside upper center", ncols=2)
    return figure


def _boxes(axes: Axes, clips: pd.DataFrame, by: str, groups: Sequence[object]) -> None:
    """Two boxes a group: quartiles, whiskers to 1.5 of their distance, clips beyond as dots."""
    for offset, (column, variant, _) in zip((-0.2, 0.2), _SERIES, strict=True):
        lengths = [clips.loc[clips[by] == group, column].to_numpy() for group in groups]
        drawn = axes.boxplot(
            lengths,
            positions=np.arange(len(groups)) + offset,
            widths=0.34,
            patch_artist=True,
            manage_ticks=False,
            flierprops={"marker": ".", "markersize": 3},
            medianprops={"color": "black"},
        )
        for box in drawn["boxes"]:
            box.set_facecolor(VARIANT_COLOURS[variant])
    axes.set_xticks(range(len(groups)), [str(group) for group in groups])
    axes.grid(axis="y")
