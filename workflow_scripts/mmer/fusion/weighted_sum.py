"""A weighted sum of the probabilities that several systems give.

Source: Padi et al. 2022, who fuse the scores of a network for the voice and one for the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def shares(parts: int, systems: int) -> list[tuple[float, ...]]:
    """Every way to share weight of 1, cut into equal parts, among systems; the most even first."""
    found = [np.array(cell) / parts for cell in _compositions(parts, systems)]
    return [tuple(cell.tolist()) for cell in sorted(found, key=lambda w: round(w @ w, 9))]


def _compositions(parts: int, systems: int) -> Iterator[tuple[int, ...]]:
    """Numbers from 0 that add up to ``parts``, one for each system."""
    if systems == 1:
        yield (parts,)
        return
    for first in range(parts, -1, -1):
        yield from ((first, *rest) for rest in _compositions(parts - first, systems - 1))


class WeightedSum:
    """A classifier with the methods of scikit-learn's, of probabilities by system.

    Parameters
    ----------
    tried
        Weights to choose from, or into how many parts all weight is cut to try every share.

    Attributes
    ----------
    weights
        Those chosen: with the highest accuracy, of equals the first tried.
    """

    def __init__(self, tried: Sequence[tuple[float, ...]] | int) -> None:
        self.tried = tried
        self.weights: np.ndarray | None = None

    def fit(self, probabilities: np.ndarray, labels: np.ndarray) -> WeightedSum:
        """Choose by the items to learn from, ``(items, systems, classes)`` and ``(items,)``."""
        _, systems, classes = probabilities.shape
        tried = shares(self.tried, systems) if isinstance(self.tried, int) else self.tried
        self.classes_ = np.arange(classes)
        right = [((np.array(w) @ probabilities).argmax(axis=1) == labels).sum() for w in tried]
        self.weights = np.array(tried[int(np.argmax(right))])
        return self

    def predict_proba(self, probabilities: np.ndarray) -> np.ndarray:
        """The sum of each item, ``(items, classes)``."""
        return self.weights @ probabilities

    def predict(self, probabilities: np.ndarray) -> np.ndarray:
        """The class of each item, ``(items,)``."""
        return self.predict_proba(probabilities).argmax(axis=1)
