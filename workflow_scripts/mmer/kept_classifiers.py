"""Fitted classifiers as tensors: linear ones, support vectors and neighbours, without a pickle.

A pipeline is kept as a factor and a shift of each column (or the word that rows get length 1) and
what its classifier computes with.  What is computed here agrees with scikit-learn to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC

from mmer.runtime.errors import UserError

Arrays = Mapping[str, np.ndarray]
Scaler = StandardScaler | MinMaxScaler | Normalizer | None


def scaling_kept(scaler: Scaler, columns: int) -> dict[str, np.ndarray]:
    """A fitted scaler: ``factor`` and ``shift`` ``(columns,)``, and ``unit_rows`` ``(1,)``."""
    factor, shift = np.ones(columns), np.zeros(columns)
    if isinstance(scaler, StandardScaler):
        factor, shift = 1 / scaler.scale_, -scaler.mean_ / scaler.scale_
    elif isinstance(scaler, MinMaxScaler):
        factor, shift = scaler.scale_, scaler.min_
    unit_rows = np.array([float(isinstance(scaler, Normalizer))])
    return {"factor": factor, "shift": shift, "unit_rows": unit_rows}


def scaled_by(kept: Arrays, values: np.ndarray) -> np.ndarray:
    """Rows ``(rows, columns)`` as the fitted scaler gives them."""
    if kept["unit_rows"][0]:
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        return values / np.where(lengths > 0, lengths, 1)
    return values * kept["factor"] + kept["shift"]


def linear_kept(fitted: LogisticRegression) -> dict[str, np.ndarray]:
    """A fitted logistic regression."""
    return {
        "coefficients": fitted.coef_,
        "intercepts": fitted.intercept_,
        "classes": fitted.classes_.astype(np.int64),
    }


def machine_kept(fitted: SVC, support: np.ndarray, gamma: float | None) -> dict[str, np.ndarray]:
    """A fitted support vector machine.

    Parameters
    ----------
    support
        Its support vectors, ``(vectors, columns)`` float64, in its order.
    gamma
        Of the RBF kernel; None for a linear one.
    """
    return {
        "support": support,
        "duals": fitted.dual_coef_,
        "thresholds": fitted.intercept_,
        "of_class": fitted.n_support_.astype(np.int64),
        "gamma": np.array([np.nan if gamma is None else gamma]),
        "classes": fitted.classes_.astype(np.int64),
    }


def neighbours_kept(
    fitted: KNeighborsClassifier, values: np.ndarray, labels: np.ndarray
) -> dict[str, np.ndarray]:
    """A fitted classifier by neighbours: the rows that it compares with."""
    return {
        "rows": values,
        "labels": labels.astype(np.int64),
        "neighbours": np.array([fitted.n_neighbors]),
        "classes": fitted.classes_.astype(np.int64),
    }


def linear_decisions(kept: Arrays, values: np.ndarray) -> np.ndarray:
    """Values before the softmax, ``(rows, classes)``; of two classes the first one's is 0."""
    decisions = values @ kept["coefficients"].T + kept["intercepts"]
    if decisions.shape[1] == 1:
        return np.concatenate([np.zeros_like(decisions), decisions], axis=1)
    return decisions


def machine_decisions(kept: Arrays, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One-versus-rest values ``(rows, classes)``, and who wins most duels ``(rows,)``, by position.

    Of two classes the value of one is the negative of the other's.
    """
    gamma = float(kept["gamma"][0])
    similar = values @ kept["support"].T
    if not np.isnan(gamma):
        squares = (values**2).sum(axis=1)[:, None] + (kept["support"] ** 2).sum(axis=1)
        similar = np.exp(-gamma * np.maximum(squares - 2 * similar, 0))
    duals, classes = kept["duals"], len(kept["classes"])
    if classes == 2:
        decided = (similar @ duals.T)[:, 0] + kept["thresholds"][0]
        return np.stack([-decided, decided], axis=1), (decided > 0).astype(np.int64)
    edges = np.concatenate([[0], np.cumsum(kept["of_class"])])
    votes, wins = np.zeros((2, len(values), classes))
    confidence = np.zeros((len(values), classes))
    for duel, (first, second) in enumerate(combinations(range(classes), 2)):
        decided = kept["thresholds"][duel]
        for mine, other in ((first, second), (second, first)):
            rows = slice(edges[mine], edges[mine + 1])
            decided = decided + similar[:, rows] @ duals[other - (other > mine), rows]
        votes[:, first] += decided >= 0
        votes[:, second] += decided < 0
        wins[:, first] += decided > 0
        wins[:, second] += decided <= 0
        confidence[:, first] += decided
        confidence[:, second] -= decided
    return votes + confidence / (3 * (np.abs(confidence) + 1)), wins.argmax(axis=1)


def neighbour_shares(kept: Arrays, values: np.ndarray) -> np.ndarray:
    """Share of each class among the nearest rows, ``(rows, classes)``."""
    fitted = KNeighborsClassifier(int(kept["neighbours"][0])).fit(kept["rows"], kept["labels"])
    return fitted.predict_proba(values)


def says(kept: Arrays, values: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
    """The class that any kept classifier predicts, ``(rows,)``, and probabilities if it has any."""
    if "support" in kept:
        return kept["classes"][machine_decisions(kept, values)[1]], None
    if "rows" in kept:
        shares = neighbour_shares(kept, values)
    else:
        shares = softmax(linear_decisions(kept, values), axis=1)
    probabilities = np.zeros((len(values), classes))
    probabilities[:, kept["classes"]] = shares
    return kept["classes"][shares.argmax(axis=1)], probabilities


SHAPES = {
    "linear": {"coefficients": "kd", "intercepts": "k", "classes": "c"},
    "machine": {
        "support": "sd",
        "duals": "as",
        "thresholds": "p",
        "of_class": "c",
        "gamma": "1",
        "classes": "c",
    },
    "neighbours": {"rows": "rd", "labels": "r", "neighbours": "1", "classes": "c"},
}
"""The arrays of each kind of classifier and, letter by letter, how long their axes are: ``d``
columns, ``c`` classes, ``k`` and ``p`` and ``a`` as many as so many classes need."""

SCALING = {"factor": "d", "shift": "d", "unit_rows": "1"}


def check_kept(kept: Arrays, columns: int | None, classes: int, whose: str) -> None:
    """Look at what was read of a classifier before anything is computed with it.

    A UserError if arrays are missing, unknown, of a wrong type or shape, not finite, or contradict
    each other.

    ``columns`` are those of the values that it will be given; None where that follows from the
    arrays.
    """
    refused = UserError(f"what is kept of {whose} is no classifier of this task: export it again")
    kind = next((n for n, shapes in SHAPES.items() if {*shapes} == {*kept} - {*SCALING}), None)
    if kind is None or not {*SCALING} <= {*kept}:
        raise refused
    known = kept["classes"]
    if known.ndim != 1 or known.dtype != np.int64 or not 2 <= len(known) <= classes:
        raise refused
    if (np.diff(known) <= 0).any() or known[0] < 0 or known[-1] >= classes:
        raise refused
    count = len(known)
    duels = count * (count - 1) // 2
    sizes = {"c": count, "1": 1, "k": 1 if count == 2 else count, "p": duels, "a": count - 1}
    if columns is not None:
        sizes["d"] = columns
    for name, axes in {**SHAPES[kind], **SCALING}.items():
        array = kept[name]
        whole = name in ("classes", "of_class", "labels", "neighbours")
        if array.ndim != len(axes) or array.dtype != (np.int64 if whole else np.float64):
            raise refused
        for axis, length in zip(axes, array.shape, strict=True):
            if sizes.setdefault(axis, length) != length:
                raise refused
        if not np.isfinite(array).all() and name != "gamma":
            raise refused
    if kind == "machine":
        gamma = kept["gamma"][0]
        if (kept["of_class"] < 0).any() or kept["of_class"].sum() != len(kept["support"]):
            raise refused
        if np.isinf(gamma) or gamma <= 0:
            raise refused
    if kind == "neighbours":
        if not {*kept["labels"].tolist()} <= {*known.tolist()}:
            raise refused
        if {*known.tolist()} != {*kept["labels"].tolist()}:
            raise refused
        if not 1 <= kept["neighbours"][0] <= len(kept["rows"]):
            raise refused
