"""One page for all recordings, with what is to be known before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mmer.prediction.card import cautions, measured
from mmer.prediction.figure import MODALITY_WORDS
from mmer.prediction.manifest import Manifest
from mmer.prediction.said import CSV, JSON, PICTURE, RecordingTold
from mmer.report.pages import render
from mmer.report.table import Column, Table
from mmer.runtime.writing import writing


def write_page(path: Path, told: Mapping[str, RecordingTold], manifest: Manifest) -> None:
    """Write the page; pictures and tables lie in folders beside it, by the names in ``told``."""
    text = render(
        "recordings",
        "What a run's networks say of new recordings",
        manifest.label,
        cautions=cautions(manifest),
        measured={
            each.title: measured(each.score) for each in (*manifest.systems, *manifest.fusions)
        },
        table=_overview(told, manifest),
        recordings=told,
        files={"picture": f"{PICTURE}.png", "csv": CSV, "json": JSON},
    )
    with writing(path) as unfinished:
        unfinished.write_text(text, "utf-8")


def _overview(told: Mapping[str, RecordingTold], manifest: Manifest) -> Table:
    """A row per recording, with what each system says in all."""
    rows = []
    for each in told.values():
        pieces = len(each.pieces) or None
        row = {"recording": each.recording, "seconds": each.seconds, "pieces": pieces}
        for asked, mean in each.mean.values():
            name = max(mean, key=mean.__getitem__)
            row[asked.system] = f"{name} {100 * mean[name]:.0f} %"
        row["remark"] = each.refused or " ".join(
            [f"It is {each.known_as} of the run's corpus."] * bool(each.known_as) + each.notes
        )
        rows.append(row)
    asked = [each.name for each in (*manifest.systems, *manifest.fusions)]
    modality = {each.name: MODALITY_WORDS[each.modality] for each in manifest.systems}
    titles = {name: f"{modality.get(name, 'fusion')}: {name}" for name in asked}
    columns = (
        Column("recording", "recording"),
        Column("seconds", "seconds", digits=1),
        Column("pieces", "pieces", digits=0),
        *(Column(title, name) for name, title in titles.items()),
        Column("remark", "remark"),
    )
    frame = pd.DataFrame(rows, columns=[column.key for column in columns])
    return Table("Recordings", manifest.label, columns, frame)
