"""Rows for a fusion that its systems were trained on, in the place of rows out of fold.

As in the paper's protocol, a fusion learns from what the systems say of their own training items.
They are surer and more often right there than on anybody whom they have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from mmer.items import Items
from mmer.nested_predictions import joined
from mmer.predictions import Posteriors
from mmer.protocol import TEST, TRAIN, Split, by_tested_fold


def resubstituted(
    tables: Mapping[str, Posteriors],
    splits: Mapping[str, Split],
    averaged: Mapping[str, Posteriors],
) -> dict[str, Posteriors]:
    """By fold the tested items as ``averaged`` has them, others as those say who learned them.

    An item is learned by all but one of the trainings that hold the tested fold out; the mean of
    these is taken, as it is of the tested items.

    Parameters
    ----------
    tables
        Of every split of the nested protocol.
    averaged
        By fold, as :func:`mmer.nested_predictions.read_nested` gives them.
    """
    return {
        fold: joined(
            [averaged[fold].only(TEST), _mean_of([tables[name].only(TRAIN) for name in names])]
        )
        for fold, names in by_tested_fold(splits).items()
    }


def _mean_of(tables: Sequence[Posteriors]) -> Posteriors:
    """The mean of each item over the tables that have it; logits as logits."""
    items = Items(pd.concat([each.items.table for each in tables]).drop_duplicates("item"))
    means = _means([each.probabilities for each in tables], tables)
    logits = [each.logits for each in tables]
    chosen = items.of(means.index)
    return replace(
        tables[0],
        items=chosen,
        part=np.full(len(chosen), TRAIN),
        probabilities=means.to_numpy(),
        logits=None if any(each is None for each in logits) else _means(logits, tables).to_numpy(),
    )


def _means(values: Sequence[np.ndarray], tables: Sequence[Posteriors]) -> pd.DataFrame:
    rows = [pd.DataFrame(v, index=list(t.names)) for v, t in zip(values, tables, strict=True)]
    return pd.concat(rows).groupby(level=0).mean()
