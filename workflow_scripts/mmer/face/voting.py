"""Max voting: each frame votes for its most probable class, the clip takes the most voted one.

Source: paper section 3.3.1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.posteriors import Posteriors
from mmer.store import Ragged


def vote(logits: np.ndarray) -> np.ndarray:
    """The clip's posterior from its frames' logits.

    The share of votes of each class, with the mean frame posterior as one vote more: ``(votes +
    mean posterior) / (frames + 1)``.  Two classes differ by at least one vote or by none.  Of the
    mean posterior one class can have more than the other by less than one, for by one only where
    every frame is certain of it, and then it has all votes.  So that last vote cannot outweigh a
    vote, it can only settle a tie; the most probable class is always one with the most votes.

    Parameters
    ----------
    logits
        ``(frames, classes)``, at least one frame.

    Returns
    -------
    np.ndarray
        ``(classes,)`` float64, sums to one.
    """
    frames, classes = logits.shape
    votes = np.bincount(logits.argmax(axis=1), minlength=classes)
    mean_posterior = softmax(logits.astype(np.float64), axis=1).mean(axis=0)
    return (votes + mean_posterior) / (frames + 1)


def vote_clips(frame_logits: Ragged, split: Split) -> Posteriors:
    """Posteriors of every clip by max voting over its frames."""
    part = [split.part(Clip.parse(clip).actor) for clip in frame_logits.clips]
    probabilities = np.stack([vote(frame_logits.of(index)) for index in range(len(frame_logits))])
    return Posteriors(frame_logits.clips, np.array(part), probabilities, None)
