"""Max voting: each frame votes for its most probable class, the clip takes the most voted one.

Source: paper section 3.3.1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.corpus.labels import CLASS_COUNT, EMOTIONS
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
    """Posteriors of every clip of a split by max voting over its frames.

    Parameters
    ----------
    frame_logits
        ``(frames, 8)`` in RAVDESS order, or ``(frames, 7)`` of a network that does not know calm.
    split
        Its actors' clips get a posterior.
    """
    actors = {*split.train_actors, *split.heldout_actors}
    parsed = [Clip.parse(clip) for clip in frame_logits.clips]
    rows = [row for row, clip in enumerate(parsed) if clip.actor in actors]
    voted = np.stack([vote(frame_logits.of(row)) for row in rows])
    return Posteriors(
        tuple(frame_logits.clips[row] for row in rows),
        np.array([split.part(parsed[row].actor) for row in rows]),
        with_calm(voted) if voted.shape[1] == CLASS_COUNT - 1 else voted,
        None,
    )


def with_calm(posteriors: np.ndarray) -> np.ndarray:
    """Eight posteriors from seven: calm gets the posterior of neutral, then all are renormalised.

    Source: paper section 4.2, "we had to assimilate the same posterior for the 'Calm' and
    'Neutral' classes".

    Parameters
    ----------
    posteriors
        ``(clips, 7)`` in the order of :data:`mmer.corpus.affectnet.EMOTION_CLASSES`, which is
        RAVDESS's without calm.
    """
    neutral = EMOTIONS.index("neutral")
    shared = np.insert(posteriors, EMOTIONS.index("calm"), posteriors[:, neutral], axis=1)
    return shared / shared.sum(axis=1, keepdims=True)
