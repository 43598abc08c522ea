"""The tables of one split, checked against the split and joined into posteriors."""

from __future__ import annotations

import logging

import numpy as np
from scipy.stats import binomtest

from mmer.external.tables import ExternalTable, classes_in_order
from mmer.items import Items
from mmer.models.external import ExternalLayout
from mmer.predictions import Posteriors, posteriors_of
from mmer.protocol import TEST, Split
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

log = logging.getLogger(__name__)

DOUBT = 1e-6
"""Probability by chance below which another order of classes is taken for the right one."""


def assemble(
    split: Split,
    layout: ExternalLayout,
    task: Classes,
    items: Items,
    train: ExternalTable | None,
    test: ExternalTable,
) -> Posteriors:
    """Join the tables of a split, which hold each of its items that has a class.

    ``train`` holds the rows that are not tested on; it is None where only tested ones were
    published, which serves for statistics but not for fusion.

    A UserError if a table holds an item that is not in its part, lacks one, or is plainly in
    another order of classes than its layout says.
    """
    items = items.where(task.labelled(items))
    part = split.parts_of(items)
    tables = [("test", test, part == TEST)]
    if train is not None:
        tables.append(("train", train, (part != TEST) & (part != "")))
    for kind, table, wanted in tables:
        _check_items(kind, table, items, wanted, split)
        labels = task.labels(items.of(table.items))
        accuracy = 100 * np.mean(table.values.argmax(axis=1) == labels)
        _check_order(table, layout, task, labels)
        log.info("%s %s: %d items, accuracy %.2f %%", split.name, kind, len(labels), accuracy)
    names = np.array([name for _, table, _ in tables for name in table.items])
    order = np.argsort(names)
    chosen = items.of(map(str, names[order]))
    values = np.concatenate([table.values for _, table, _ in tables])[order]
    parts = part[items.rows(chosen.names)]
    if layout.values == "logit":
        return posteriors_of(task, chosen, parts, values)
    return Posteriors(task, chosen, parts, values, None)


def _check_items(
    kind: str, table: ExternalTable, items: Items, wanted: np.ndarray, split: Split
) -> None:
    """A UserError unless a table holds exactly the items ``wanted``, ``(items,)`` bool."""
    for row, name in zip(table.rows, table.items, strict=True):
        if name not in items:
            raise UserError(
                f"{table.path}, row {row}: item {name!r} is none of the corpus's items with a "
                "class: remove it, or mend the layout's item_column or item_suffix"
            )
    groups = items.column(split.by)
    for row, place in zip(table.rows, items.rows(table.items), strict=True):
        if not wanted[place]:
            raise UserError(
                f"{table.path}, row {row}: {split.by} {groups[place]} does not belong to the table "
                f"{kind} of split {split.name} (there are "
                f"{', '.join(sorted(set(groups[wanted])))}): give the table of this split"
            )
    missing = sorted(set(items.where(wanted).names) - set(table.items))
    if missing:
        raise UserError(
            f"{table.path} lacks {len(missing)} items of the table {kind} of split {split.name}, "
            f"the first {missing[0]}: give a table of all items"
        )


def _check_order(
    table: ExternalTable, layout: ExternalLayout, task: Classes, labels: np.ndarray
) -> None:
    """A UserError where the values fit the items far better in the other of the two usual orders.

    By McNemar's exact test, so that a model that only guesses is not refused.
    """
    as_given = np.empty_like(table.values)
    given_order = classes_in_order(table.path, layout, task)
    as_given[:, [given_order.index(name) for name in task.names]] = table.values
    right = table.values.argmax(axis=1) == labels
    for usual, order in (("task", task.names), ("alphabetical", tuple(sorted(task.names)))):
        read = as_given[:, [order.index(name) for name in task.names]]
        other = read.argmax(axis=1) == labels
        better, worse = int(np.sum(other & ~right)), int(np.sum(right & ~other))
        if better > worse and binomtest(better, better + worse).pvalue < DOUBT:
            raise UserError(
                f"{table.path} names the right class of {100 * other.mean():.0f} % of its items in "
                f"the order {usual}, but of {100 * right.mean():.0f} % in the layout's: mend the "
                "layout's class_order"
            )
