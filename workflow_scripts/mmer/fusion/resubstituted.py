"""Rows for a fusion that its systems were trained on, in the place of rows out of fold.

As in the paper's protocol, a fusion learns from what the systems say of their own training items.
They are surer and more often right there than on anybody whom they have not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from mmer.nested_predictions import joined
from mmer.predictions import Posteriors
from mmer.protocol import CHOOSE, TEST, TRAIN, Split, by_tested_fold


def resubstituted(
    tables: Mapping[str, Posteriors],
    splits: Mapping[str, Split],
    averaged: Mapping[str, Posteriors],
) -> dict[str, Posteriors]:
    """By fold the tested items as ``averaged`` has them, others as one says who learned them.

    Of the trainings that hold the tested fold out each gives the rows of one fold, as it does out
    of fold: there of the fold that it held out, here of the one that the training before it did.
    So the two differ in nothing but whether a training knows its rows.

    Parameters
    ----------
    tables
        Of every split of the nested protocol.
    averaged
        By fold, as :func:`mmer.nested_predictions.read_nested` gives them.
    """
    found = {}
    for fold, names in by_tested_fold(splits).items():
        held_out = [tables[name].only(CHOOSE).names for name in names]
        learned = [
            _learned(tables[name], items)
            for name, items in zip(names, [held_out[-1], *held_out], strict=False)
        ]
        found[fold] = joined([averaged[fold].only(TEST), *learned])
    return found


def _learned(table: Posteriors, items: Collection[str]) -> Posteriors:
    """The rows of some of the items that a training learned."""
    mine = (table.part == TRAIN) & np.isin(table.names, list(items))
    assert mine.sum() == len(items), "rows of a training that did not learn them"
    return replace(table, part=np.where(mine, TRAIN, "")).only(TRAIN)
