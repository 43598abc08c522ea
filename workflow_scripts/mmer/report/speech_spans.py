"""What voice activity detection cut from the items, as numbers and as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mmer.items import SPEAKER, Items
from mmer.media.speech_spans import SpeechSpan
from mmer.report.style import VARIANT_COLOURS, new_figure
from mmer.report.table import Column, Table
from mmer.tasks import Classes, Traces

_SERIES = (("whole", "full", "whole clips"), ("kept", "vad", "first to last speech"))


def kept_of_items(
    spans: Mapping[str, SpeechSpan], durations: Mapping[str, float], items: Items
) -> pd.DataFrame:
    """A row per item, sorted by name: what the item table says of it, and its parts in seconds.

    ``whole``, ``before``, ``kept``, ``after``; ``found`` says whether any speech was found: where
    none was, all is kept.
    """
    rows = []
    for name, span in sorted(spans.items()):
        whole, kept = durations[name], span.stop_s - span.start_s
        rows.append((whole, span.start_s, kept, max(whole - span.stop_s, 0.0), span.found))
    columns = ["whole", "before", "kept", "after", "found"]
    described = items.of(sorted(spans)).table
    return pd.concat([described, pd.DataFrame(rows, columns=columns)], axis=1)


def speech_span_table(kept: pd.DataFrame, task: Classes | Traces, label: str) -> Table:
    """Means by class, by speaker and over all items."""
    groups = [("all items", kept)]
    if isinstance(task, Classes):
        groups += [(name, kept[kept[task.column] == name]) for name in task.names]
    groups += [(f"speaker {name}", group) for name, group in kept.groupby(SPEAKER)]
    return Table(
        title="What voice activity detection cut",
        label=label,
        columns=(
            Column("Items of", "group"),
            Column("Items", "items", digits=0),
            Column("Whole item, s", "whole", digits=2),
            Column("Cut before, s", "before", digits=2),
            Column("Kept, s", "kept", digits=2),
            Column("Cut after, s", "after", digits=2),
            Column("Kept %", "share", digits=1),
            Column("Shortest kept, s", "shortest", digits=2),
            Column("Without speech", "without", digits=0),
        ),
        rows=pd.DataFrame([_means(name, group) for name, group in groups if len(group)]),
        notes=(
            "Means over items. An item is kept from its first detected speech to its last; where "
            "no speech is detected the whole item is kept.",
        ),
    )


def _means(name: str, group: pd.DataFrame) -> dict[str, object]:
    return {
        "group": name,
        "items": len(group),
        **group[["whole", "before", "kept", "after"]].mean().to_dict(),
        "share": 100 * group["kept"].sum() / group["whole"].sum(),
        "shortest": group["kept"].min(),
        "without": int((~group["found"]).sum()),
    }


def speech_span_figure(kept: pd.DataFrame, task: Classes | Traces, label: str) -> Figure:
    """Boxes of the items' lengths, whole and kept: by class, where there are any, and by speaker.

    Parameters are those of :func:`speech_span_table`.
    """
    groups: dict[str, Sequence[str]] = {SPEAKER: sorted(kept[SPEAKER].unique())}
    if isinstance(task, Classes):
        groups = {task.column: task.names, **groups}
    counts = [len(values) for values in groups.values()]
    title = "What voice activity detection keeps of each item"
    figure, plot = new_figure(max(1.8 + 0.34 * sum(counts), 5.0), 3.8, title, label)
    panels = plot.subplots(1, len(groups), sharey=True, squeeze=False, width_ratios=counts)[0]
    for axes, (by, values) in zip(panels, groups.items(), strict=True):
        _boxes(axes, kept, by, values)
        axes.set_xlabel(by)
        axes.tick_params(axis="x", rotation=40)
    panels[0].set(ylabel="seconds", ylim=(0, None))
    patches = [
        Patch(facecolor=VARIANT_COLOURS[variant], edgecolor="black", label=words)
        for _, variant, words in _SERIES
    ]
    plot.legend(handles=patches, loc="outside upper center", ncols=2)
    return figure


def _boxes(axes: Axes, kept: pd.DataFrame, by: str, groups: Sequence[str]) -> None:
    """Two boxes a group: quartiles, whiskers to 1.5 of their distance, items beyond as dots."""
    for offset, (column, variant, _) in zip((-0.2, 0.2), _SERIES, strict=True):
        drawn = axes.boxplot(
            [kept.loc[kept[by] == group, column].to_numpy() for group in groups],
            positions=np.arange(len(groups)) + offset,
            widths=0.34,
            patch_artist=True,
            manage_ticks=False,
            flierprops={"marker": ".", "markersize": 3},
            medianprops={"color": "black"},
        )
        for box in drawn["boxes"]:
            box.set_facecolor(VARIANT_COLOURS[variant])
    axes.set_xticks(range(len(groups)), groups)
    axes.grid(axis="y")
