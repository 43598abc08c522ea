"""Max voting: the most voted class wins, and the mean posterior settles ties only."""

from __future__ import annotations

import numpy as np
import pytest
from tests.pictured_items import ITEMS, TASK

from mmer.models.networks.voting import vote, vote_items
from mmer.protocol import Split
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

ONE_EACH = Split(name="pair", train=("s1",), choose=("s2",), test=("s2",))
FEWER = Classes(names=("c", "a", "e", "d", "f", "g", "h"), column="place")


def _logits(*posteriors: tuple[float, ...]) -> np.ndarray:
    """Logits whose softmax is each given distribution."""
    return np.log(np.array(posteriors, dtype=np.float64)).astype(np.float32)


def test_votes_and_mean_posterior_are_counted_by_hand():
    frames = _logits((0.6, 0.4), (0.6, 0.4), (0.3, 0.7))
    # Two votes and a mean posterior of 0.5 against one vote and 0.5, of four votes in all.
    np.testing.assert_allclose(vote(frames), [2.5 / 4, 1.5 / 4], rtol=1e-6)
    np.testing.assert_allclose(vote(_logits((0.2, 0.5, 0.3))), [0.1, 0.75, 0.15], rtol=1e-6)
    np.testing.assert_allclose(vote(np.array([[1e4, 0.0], [1e4, -1e4]], np.float32)), [1, 0])


def test_a_tie_goes_to_the_class_of_the_higher_mean_posterior():
    assert vote(_logits((0.6, 0.4), (0.1, 0.9))).argmax() == 1
    assert vote(_logits((0.9, 0.1), (0.4, 0.6))).argmax() == 0


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_the_mean_posterior_never_outweighs_a_vote(scale):
    draws = np.random.default_rng(0)
    for _ in range(300):
        frames = draws.normal(0, scale, (draws.integers(1, 12), 8)).astype(np.float32)
        votes = np.bincount(frames.argmax(axis=1), minlength=8)
        posterior = vote(frames)
        assert posterior.sum() == pytest.approx(1)
        assert (posterior >= 0).all()
        ahead, behind = np.nonzero(votes[:, None] > votes[None, :])
        assert (posterior[ahead] > posterior[behind]).all()


def test_every_item_of_the_split_gets_a_posterior_from_its_own_frames():
    sure = 5 * np.eye(8, dtype=np.float32)
    names = ("a_s1", "c_s2", "a_s3")
    frame_logits = Ragged.join(names, [sure[[0, 0, 1]], sure[[2, 2]], sure[[0]]], 30.0)
    posteriors = vote_items(frame_logits, ITEMS, ONE_EACH, TASK, TASK)
    assert posteriors.names == names[:2]
    assert posteriors.part.tolist() == ["train", "test"]
    assert posteriors.predicted.tolist() == [0, 2]
    np.testing.assert_array_equal(posteriors.probabilities[1], vote(frame_logits.of(1)))
    assert posteriors.logits is None


def test_a_class_that_the_network_lacks_gets_the_votes_of_the_one_it_shares():
    logits = np.zeros((3, 7), np.float32)
    logits[:, 4] = 1  # f, the fifth of the seven
    frame_logits = Ragged.join(("f_s1", "f_s2"), [logits, logits], 30)
    task = TASK.model_copy(update={"shared": {"b": "a"}})
    posteriors = vote_items(frame_logits, ITEMS, ONE_EACH, task, FEWER)
    assert posteriors.predicted.tolist() == [5, 5]
    np.testing.assert_array_equal(posteriors.probabilities[:, 0], posteriors.probabilities[:, 1])
    np.testing.assert_allclose(posteriors.probabilities.sum(axis=1), 1)


def test_a_network_of_another_number_of_classes_is_refused():
    frame_logits = Ragged.join(("a_s1", "a_s2"), [np.zeros((2, 3), np.float32)] * 2, 30)
    with pytest.raises(UserError, match="vote among 3 classes, but their model's task has 7"):
        vote_items(frame_logits, ITEMS, ONE_EACH, TASK, FEWER)
