"""A fusion after its run: the chosen classifier of a split, fitted once more and kept as arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from mmer.fusion.classifiers import candidates
from mmer.fusion.inputs import fitted_scaler, join_systems, values_of
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.kept_classifiers import (
    Arrays,
    linear_kept,
    machine_kept,
    neighbours_kept,
    says,
    scaled_by,
    scaling_kept,
)
from mmer.predictions import Posteriors
from mmer.protocol import TRAIN


def kept_fusion(
    split: str,
    systems: Mapping[str, Posteriors],
    fed: InputsSettings,
    settings: FusionSettings,
    chosen: tuple[str, str],
) -> dict[str, np.ndarray]:
    """Scaling and classifier of one split, fitted on its training rows.

    Parameters
    ----------
    systems
        Posteriors of the split by name of the system.
    chosen
        Classifier and hyperparameter, as the tables of fusion name them.
    """
    grid = candidates(settings)
    candidate = next(each for each in grid if (each.classifier, each.hyperparameter) == chosen)
    inputs = join_systems(split, systems, fed)
    with threadpool_limits(1):
        fitted = candidate.build(settings).fit(inputs.train, inputs.train_labels)
    scalings = []
    for name, posteriors in systems.items():
        wanted, scaling = fed.of_system(name)
        values = values_of(name, posteriors, wanted, fed.smallest_probability)
        train = values[posteriors.part == TRAIN]
        scalings.append(scaling_kept(fitted_scaler(train, scaling), train.shape[1]))
    joined = {
        "factor": np.concatenate([each["factor"] for each in scalings]),
        "shift": np.concatenate([each["shift"] for each in scalings]),
        "unit_rows": np.zeros(1),
    }
    if isinstance(fitted, LogisticRegression):
        return {**joined, **linear_kept(fitted)}
    if isinstance(fitted, KNeighborsClassifier):
        return {**joined, **neighbours_kept(fitted, inputs.train, inputs.train_labels)}
    # The library's default width of the kernel, 'scale'.
    spread = inputs.train.shape[1] * inputs.train.var()
    gamma = None if fitted.kernel == "linear" else float(1 / spread if spread else 1.0)
    return {**joined, **machine_kept(fitted, inputs.train[fitted.support_], gamma)}


def fused_by(
    kept: Arrays, systems: Mapping[str, Posteriors], fed: InputsSettings, classes: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """What a kept fusion says: classes ``(items,)``, and probabilities where it has any."""
    parts = [
        values_of(name, posteriors, fed.of_system(name)[0], fed.smallest_probability)
        for name, posteriors in systems.items()
    ]
    return says(kept, scaled_by(kept, np.concatenate(parts, axis=1)), classes)
