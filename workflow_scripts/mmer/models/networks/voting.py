"""Max voting: each frame votes for its most probable class, the item takes the most voted one.

Source: paper section 3.3.1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from mmer.items import Items
from mmer.predictions import Posteriors
from mmer.protocol import Split
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes


def vote(logits: np.ndarray) -> np.ndarray:
    """The item's posterior ``(classes,)`` float64 from its frames' logits ``(frames, classes)``.

    The share of votes of each class, with the mean frame posterior as one vote more: ``(votes +
    mean posterior) / (frames + 1)``.  Two classes differ by at least one vote or by none.  Of the
    mean posterior one class can have more than the other by less than one, for by one only where
    every frame is certain of it, and then it has all votes.  So that last vote cannot outweigh a
    vote, it can only settle a tie; the most probable class is always one with the most votes.
    """
    frames, classes = logits.shape
    votes = np.bincount(logits.argmax(axis=1), minlength=classes)
    mean_posterior = softmax(logits.astype(np.float64), axis=1).mean(axis=0)
    return (votes + mean_posterior) / (frames + 1)


def vote_items(
    frame_logits: Ragged, items: Items, split: Split, task: Classes, voters: Classes
) -> Posteriors:
    """Posteriors of every item of a split by max voting over its frames.

    ``voters`` is the task of the network behind the frames, which may lack some classes.

    A UserError if the network has another number of classes than its task.
    """
    found, expected = frame_logits.values.shape[1], voters.outputs
    if found != expected:
        raise UserError(
            f"the frames vote among {found} classes, but their model's task has {expected} "
            f"({', '.join(voters.names)}): name a target that its weights were trained for"
        )
    of_frames = items.of(frame_logits.items)
    part = split.parts_of(of_frames)
    rows = np.flatnonzero(part != "")
    voted = np.stack([vote(frame_logits.of(row)) for row in rows])
    return Posteriors(
        task, of_frames.where(part != ""), part[rows], task.from_fewer(voted, voters.names), None
    )
