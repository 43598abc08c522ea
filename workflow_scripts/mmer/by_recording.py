"""By recording: no protocol but a warning, since speakers are on both sides.

Much of the literature divides recordings and not speakers.  A recogniser then hears those whom it
is tested on, and its number says nothing of people whom it has never heard.  This is the one place
where the rule is lifted that a split holds out whole speakers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mmer.items import SPEAKER, Items
from mmer.predictions import Predictions, read_predictions
from mmer.protocol import Split, one_fold_out
from mmer.tasks import Classes, Traces

BY_RECORDING = "by_recording"
"""Its name among the protocols."""
FOLD = "recording_fold"
"""The column of the item table that :mod:`mmer.recording_folds` adds."""


def recordings_out(folds: int) -> dict[str, Split]:
    """One split per fold, which tests on that fold and chooses by it, as the paper's do."""
    splits = one_fold_out([[str(fold)] for fold in range(folds)], by=FOLD).values()
    named = [(f"recordings{number}", split) for number, split in enumerate(splits)]
    return {name: split.model_copy(update={"name": name}) for name, split in named}


def read_apart(path: Path, task: Classes | Traces, items: Items) -> Predictions:
    """A table of predictions in which no speaker is in two parts; of divided items, no fold.

    Parameters and errors are those of :func:`mmer.predictions.read_predictions`.
    """
    if FOLD not in items.table:
        return read_predictions(path, task, items)
    folds = Items(items.table.assign(**{SPEAKER: "of " + items.table[FOLD]}))
    said = read_predictions(path, task, folds)
    return replace(said, items=items.of(said.names))
