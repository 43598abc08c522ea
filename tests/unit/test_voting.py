"""Max voting: the most voted class wins, and the mean posterior settles ties only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmer.corpus.folds import Split
from mmer.face.voting import vote, vote_clips, with_calm
from mmer.posteriors import read_posteriors
from mmer.store import Ragged, write_ragged

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"


def _logits(*posteriors: tuple[float, ...]) -> np.ndarray:
    """Logits whose softmax is each given distribution."""
    return np.log(np.array(posteriors, dtype=np.float64)).astype(np.float32)


def test_votes_and_mean_posterior_are_counted_by_hand():
    frames = _logits((0.6, 0.4), (0.6, 0.4), (0.3, 0.7))
    # Two votes and a mean posterior of 0.5 against one vote and 0.5, of four votes in all.
    np.testing.assert_allclose(vote(frames), [2.5 / 4, 1.5 / 4], rtol=1e-6)


def test_the_most_voted_class_wins_against_the_surest_frames():
    frames = _logits((0.51, 0.49), (0.51, 0.49), (0.51, 0.49), (0.001, 0.999), (0.001, 0.999))
    assert vote(frames).argmax() == 0


def test_a_tie_goes_to_the_class_of_the_higher_mean_posterior():
    assert vote(_logits((0.6, 0.4), (0.1, 0.9))).argmax() == 1
    assert vote(_logits((0.9, 0.1), (0.4, 0.6))).argmax() == 0


def test_a_single_frame_keeps_its_own_decision():
    np.testing.assert_allclose(vote(_logits((0.2, 0.5, 0.3))), [0.1, 0.75, 0.15], rtol=1e-6)


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


def test_large_logits_do_not_overflow():
    np.testing.assert_allclose(vote(np.array([[1e4, 0.0], [1e4, -1e4]], np.float32)), [1, 0])


CLIPS = ("01-01-01-01-01-01-01", "01-01-03-01-01-01-02")
SPLIT = Split("pair", train_actors=(1,), heldout_actors=(2,))


def _two_clips() -> Ragged:
    sure = 5 * np.eye(8, dtype=np.float32)
    return Ragged.join(CLIPS, [sure[[0, 0, 1]], sure[[2, 2]]], 30.0)


def test_every_clip_gets_a_posterior_from_its_own_frames():
    posteriors = vote_clips(_two_clips(), SPLIT)
    assert posteriors.clips == CLIPS
    assert posteriors.part.tolist() == ["train", "heldout"]
    assert posteriors.predicted.tolist() == [0, 2]
    np.testing.assert_array_equal(posteriors.probabilities[1], vote(_two_clips().of(1)))


def test_votes_have_no_logits():
    assert vote_clips(_two_clips(), SPLIT).logits is None


def test_the_step_writes_a_table_of_posteriors_without_loading_torch(tmp_path):
    write_ragged(tmp_path / "frame_logits.npz", _two_clips())
    splits = {"pair": {"name": "pair", "train_actors": [1], "heldout_actors": [2]}}
    program = (
        "import sys, vote_frames\n"
        "vote_frames.main(vote_frames.command_line().parse_args(sys.argv[1:]))\n"
        "assert 'torch' not in sys.modules"
    )
    options = ["--frame-logits", "frame_logits.npz", "--splits", json.dumps(splits)]
    done = subprocess.run(
        [sys.executable, "-c", program, *options, "--posteriors-folder", "voted"],
        env={"PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = read_posteriors(tmp_path / "voted" / "pair.csv")
    np.testing.assert_array_equal(
        written.probabilities, vote_clips(_two_clips(), SPLIT).probabilities
    )


def test_calm_gets_the_posterior_of_neutral():
    seven = np.array([[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]])
    shared = with_calm(seven)
    np.testing.assert_allclose(shared, [[4 / 14, 4 / 14, *[1 / 14] * 6]])


def test_frames_of_seven_classes_vote_for_eight():
    logits = np.zeros((3, 7), np.float32)
    logits[:, 2] = 1  # sad, the third of the seven
    clips = ("01-01-04-01-01-01-01", "01-01-04-01-01-01-02")
    frame_logits = Ragged.join(clips, [logits, logits], 30)
    assert vote_clips(frame_logits, SPLIT).predicted.tolist() == [3, 3]
