"""Folds and splits: the paper's five groups of actors."""

import pytest

from mmer.corpus.folds import PAPER_FOLDS, Split, one_fold_out


def test_the_papers_folds_hold_each_of_24_actors_once():
    assert sorted(actor for fold in PAPER_FOLDS for actor in fold) == list(range(1, 25))


def test_each_split_holds_one_fold_out_and_trains_on_the_rest():
    splits = one_fold_out(PAPER_FOLDS, range(1, 25))
    assert list(splits) == ["heldout0", "heldout1", "heldout2", "heldout3", "heldout4"]
    assert splits["heldout4"].heldout_actors == (1, 4, 9, 22)
    assert len(splits["heldout4"].train_actors) == 20
    assert splits["heldout4"].part(22) == "heldout"
    assert splits["heldout4"].part(2) == "train"


def test_actors_outside_the_corpus_are_left_out():
    splits = one_fold_out(((1, 2), (3, 4)), [1, 3])
    assert splits["heldout0"] == Split("heldout0", (3,), (1,))


def test_an_actor_on_both_sides_is_a_bug():
    with pytest.raises(AssertionError, match="both sides"):
        Split("mixed", (1, 2), (2, 3))
