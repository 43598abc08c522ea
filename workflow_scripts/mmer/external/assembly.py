"""The tables of one split, checked against the split and joined into posteriors."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection

import numpy as np
from scipy.stats import binomtest

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.external.layouts import ALPHABETICAL, ExternalLayout
from mmer.external.tables import ExternalTable
from mmer.posteriors import Posteriors

log = logging.getLogger(__name__)

DOUBT = 1e-6
"""Probability by chance below which another order of classes is taken for the right one."""


def assemble(
    split: Split,
    layout: ExternalLayout,
    train: ExternalTable | None,
    heldout: ExternalTable,
    clips_per_actor: int | None = None,
    expected_clips: Collection[str] | None = None,
) -> Posteriors:
    """Join the tables of a split's two parts.

    Parameters
    ----------
    train
        The rows trained on; None where only held-out rows were published, which serves for
        statistics but not for fusion.
    clips_per_actor
        How many clips each actor must have; not checked where None.
    expected_clips
        All clips of the corpus, of which each part must hold those of its actors; not checked
        where None.

    Raises
    ------
    UserError
        If a table holds an actor of the other part, lacks an actor or a clip, or is plainly in
        another order of classes than its layout says.
    """
    parts = [("heldout", heldout, split.heldout_actors)]
    if train is not None:
        parts.append(("train", train, split.train_actors))
    for part, table, actors in parts:
        _check_actors(part, table, actors, split, clips_per_actor)
        if expected_clips is not None:
            _check_clips(part, table, actors, expected_clips)
        labels = np.array([Clip.parse(clip).label for clip in table.clips])
        accuracy = 100 * np.mean(table.values.argmax(axis=1) == labels)
        _check_order(table, layout, labels)
        log.info("%s %s: %d clips, accuracy %.2f %%", split.name, part, len(labels), accuracy)
    return _join(parts, layout)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities ``(clips, 8)`` of logits ``(clips, 8)``, safe against overflow."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _join(
    parts: list[tuple[str, ExternalTable, tuple[int, ...]]], layout: ExternalLayout
) -> Posteriors:
    clips = np.array([clip for _, table, _ in parts for clip in table.clips])
    part = np.array([name for name, table, _ in parts for _ in table.clips])
    values = np.concatenate([table.values for _, table, _ in parts])
    order = np.argsort(clips)
    values = values[order]
    is_logit = layout.values == "logit"
    return Posteriors(
        clips=tuple(map(str, clips[order])),
        part=part[order],
        probabilities=softmax(values) if is_logit else values,
        logits=values if is_logit else None,
    )


def _check_actors(
    part: str,
    table: ExternalTable,
    actors: tuple[int, ...],
    split: Split,
    clips_per_actor: int | None,
) -> None:
    """Exactly the part's actors, each with the right number of clips."""
    counts: Counter[int] = Counter()
    for row, clip in zip(table.rows, table.clips, strict=True):
        actor = Clip.parse(clip).actor
        if actor not in actors:
            raise UserError(
                f"{table.path}, row {row}: actor {actor} does not belong to the {part} part of "
                f"split {split.name} (actors {', '.join(map(str, sorted(actors)))}): give the "
                "table of this split"
            )
        counts[actor] += 1
    for actor in sorted(actors):
        if clips_per_actor is None:
            complete, wanted = counts[actor] > 0, "at least one"
        else:
            complete, wanted = counts[actor] == clips_per_actor, str(clips_per_actor)
        if not complete:
            raise UserError(
                f"{table.path} has {counts[actor]} clips of actor {actor} instead of {wanted} in "
                f"the {part} part of split {split.name}: give a table of all clips"
            )


def _check_order(table: ExternalTable, layout: ExternalLayout, labels: np.ndarray) -> None:
    """A UserError where the values fit the clips far better in the other of the two usual orders.

    By McNemar's exact test, so that a model that only guesses is not refused.
    """
    as_given = np.empty_like(table.values)
    as_given[:, layout.to_ravdess_order] = table.values
    right = table.values.argmax(axis=1) == labels
    for name, order in (("ravdess", EMOTIONS), ("alphabetical", ALPHABETICAL)):
        read = as_given[:, [order.index(emotion) for emotion in EMOTIONS]]
        other = read.argmax(axis=1) == labels
        better, worse = int(np.sum(other & ~right)), int(np.sum(right & ~other))
        if better > worse and binomtest(better, better + worse).pvalue < DOUBT:
            raise UserError(
                f"{table.path} names the right emotion of {100 * other.mean():.0f} % of its clips "
                f"in the order {name}, but of {100 * right.mean():.0f} % in the layout's: mend the "
                "layout's class_order"
            )


def _check_clips(
    part: str, table: ExternalTable, actors: tuple[int, ...], expected: Collection[str]
) -> None:
    """Exactly the corpus's clips of the part's actors."""
    wanted = {clip for clip in expected if Clip.parse(clip).actor in actors}
    missing = sorted(wanted - set(table.clips))
    if missing:
        raise UserError(
            f"{table.path} lacks {len(missing)} clips of the {part} part, the first {missing[0]}: "
            "give a table of all clips"
        )
    for row, clip in zip(table.rows, table.clips, strict=True):
        if clip not in wanted:
            raise UserError(f"{table.path}, row {row}: clip {clip} is not in the corpus: remove it")
