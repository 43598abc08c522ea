"""Max voting: the most voted class wins, and only ties look at the probabilities."""

import numpy as np
import pytest

from mmer.corpus.folds import Split
from mmer.face.voting import vote, vote_clips
from mmer.store import Ragged


def test_each_frame_votes_and_the_mean_posterior_is_one_vote_more():
    logits = np.log([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    mean = np.array([1.3, 1.7]) / 3
    assert vote(logits) == pytest.approx((np.array([2, 1]) + mean) / 4)


def test_the_majority_wins_against_more_confident_frames():
    logits = np.log([[0.51, 0.49], [0.51, 0.49], [1e-9, 1 - 1e-9]])
    assert vote(logits).argmax() == 0
    assert logits.mean(axis=0).argmax() == 1


def test_a_tie_goes_to_the_higher_mean_posterior():
    assert vote(np.log([[0.6, 0.4], [0.1, 0.9]])).argmax() == 1
    assert vote(np.log([[0.9, 0.1], [0.4, 0.6]])).argmax() == 0


def test_the_most_voted_class_always_has_the_most_votes():
    random = np.random.default_rng(0)
    for _ in range(300):
        logits = random.normal(scale=5, size=(random.integers(1, 12), 8))
        votes = np.bincount(logits.argmax(axis=1), minlength=8)
        assert votes[vote(logits).argmax()] == votes.max()


def test_the_posterior_sums_to_one():
    assert vote(np.random.default_rng(0).normal(size=(7, 8))).sum() == pytest.approx(1)


def test_every_clip_gets_a_row_with_its_part():
    clips = ["01-01-03-01-01-01-01", "01-01-04-01-01-01-02"]
    logits = [np.eye(8)[[2, 2, 3]], np.eye(8)[[3]]]
    posteriors = vote_clips(Ragged.join(clips, logits, 30), Split("heldout0", (2,), (1,)))
    assert posteriors.part.tolist() == ["heldout", "train"]
    assert posteriors.predicted.tolist() == [2, 3]
