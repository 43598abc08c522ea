"""Scores of a classifier while it is trained."""

import torch

from mmer.tasks import Classes


def test_recall_is_the_mean_over_the_classes_that_are_there():
    logits = torch.eye(8)[[0, 0, 0, 3]]
    task = Classes(names=tuple("abcdefgh"), column="letter")
    scores = task.scores(logits, torch.tensor([0, 0, 0, 5]))
    assert scores == {"accuracy": 0.75, "unweighted_average_recall": 0.5}
