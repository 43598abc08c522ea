"""Inputs of late fusion: the posteriors of several systems, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from mmer.fusion.settings import InputsSettings, Scaling, Values
from mmer.predictions import Posteriors, tested
from mmer.protocol import TEST, TRAIN
from mmer.runtime.errors import UserError


@dataclass(frozen=True)
class FusionInputs:
    """What a fusion classifier sees of one split.

    ``train`` and ``test`` are ``(items, classes * systems)`` float64, systems in the order given,
    each in the form and scaling that the settings give it, scaled by what the training rows alone
    told.  ``train_probabilities`` and ``test_probabilities`` are ``(items, systems, classes)``.
    """

    train: np.ndarray
    train_labels: np.ndarray
    train_probabilities: np.ndarray
    test: np.ndarray
    test_probabilities: np.ndarray
    test_items: tuple[str, ...]


def join_systems(
    split: str, systems: Mapping[str, Posteriors], settings: InputsSettings
) -> FusionInputs:
    """Lay the posteriors of two or more systems side by side and scale them.

    Source: paper section 3.4, concatenated posteriors of the best speech and face models.

    A UserError if two systems disagree about the split's items or parts, one lacks the values asked
    for, or a part cannot serve.
    """
    first_name, first = next(iter(systems.items()))
    for name, posteriors in systems.items():
        _check_same_rows(split, first_name, first, name, posteriors)
    _check_parts(split, first_name, first)
    is_train, is_test = first.part == TRAIN, first.part == TEST
    parts = []
    for name, posteriors in systems.items():
        wanted, scaling = settings.of_system(name)
        values = values_of(name, posteriors, wanted, settings.smallest_probability)
        parts.append(scale(values[is_train], values[is_test], scaling))
    train, test = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
    probabilities = np.stack([p.probabilities for p in systems.values()], axis=1)
    return FusionInputs(
        train=train,
        train_labels=first.labels[is_train],
        train_probabilities=probabilities[is_train],
        test=test,
        test_probabilities=probabilities[is_test],
        test_items=first.only(TEST).names,
    )


def scale(train: np.ndarray, test: np.ndarray, scaling: Scaling) -> tuple[np.ndarray, np.ndarray]:
    """Scale the columns of both parts by what the training rows tell.

    ``minmax`` maps each training column onto [0, 1], and tested values may leave that range;
    ``standard`` gives each training column mean 0 and variance 1; ``none`` changes nothing.
    """
    scaler = fitted_scaler(train, scaling)
    return (train, test) if scaler is None else (scaler.transform(train), scaler.transform(test))


def fitted_scaler(train: np.ndarray, scaling: Scaling) -> MinMaxScaler | StandardScaler | None:
    """What scales columns as the training rows tell; None changes nothing."""
    if scaling == "none":
        return None
    return {"minmax": MinMaxScaler, "standard": StandardScaler}[scaling]().fit(train)


def values_of(
    name: str, posteriors: Posteriors, wanted: Values, smallest_probability: float
) -> np.ndarray:
    """What one system gives, ``(items, classes)``; a UserError where it has no such values."""
    if wanted == "logit" and posteriors.logits is None:
        raise UserError(
            f"system {name} has no logits: set its values under fusion.inputs to probability, "
            "log_probability or native"
        )
    if wanted in ("logit", "native") and posteriors.logits is not None:
        return posteriors.logits
    if wanted == "log_probability":
        return np.log(np.maximum(posteriors.probabilities, smallest_probability))
    return posteriors.probabilities


def _check_same_rows(
    split: str, first_name: str, first: Posteriors, name: str, posteriors: Posteriors
) -> None:
    """Two systems with the same items in the same parts, in the same order."""
    if first.names != posteriors.names:
        only_one = sorted(set(first.names) ^ set(posteriors.names))
        assert only_one, "posteriors are sorted by item"
        owner = first_name if only_one[0] in first.names else name
        raise UserError(
            f"systems {first_name} and {name} differ in {len(only_one)} items of {split}, the "
            f"first {only_one[0]}, which only {owner} has: give predictions of the same items"
        )
    moved = np.flatnonzero(first.part != posteriors.part)
    if moved.size:
        raise UserError(
            f"item {first.names[moved[0]]} of {split} is {first.part[moved[0]]} for {first_name} "
            f"but {posteriors.part[moved[0]]} for {name}: give predictions of the same split"
        )


def _check_parts(split: str, name: str, posteriors: Posteriors) -> None:
    """Rows to learn from, of two classes at least, and rows to predict."""
    classes = np.unique(posteriors.only(TRAIN).labels)
    if len(classes) < 2:
        names = posteriors.task.names
        held = "no training rows" if not len(classes) else f"only {names[classes[0]]} items"
        raise UserError(
            f"system {name} has {held} in the train part of {split}, from which no fusion can be "
            "learnt: give predictions of the training items too"
        )
    tested(posteriors, f"system {name}", f" in {split}")
