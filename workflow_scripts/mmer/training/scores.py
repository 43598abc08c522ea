"""Scores of a classifier while it is trained."""

from __future__ import annotations

from torch import Tensor, stack


def accuracy_and_recall(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """``accuracy`` and ``unweighted_average_recall`` (over the classes that have items), in [0, 1].

    Parameters
    ----------
    logits
        ``(items, classes)``.
    labels
        ``(items,)`` int64.
    """
    right = (logits.argmax(dim=1) == labels).double()
    recalls = [right[labels == label].mean() for label in labels.unique()]
    return {
        "accuracy": right.mean().item(),
        "unweighted_average_recall": stack(recalls).mean().item(),
    }
