"""The 88 functionals of eGeMAPS v02 of items, by openSMILE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmer.media.log_mel import FULL_SCALE, SAMPLE_RATE
from mmer.runtime.errors import UserError
from mmer.training.recordings import at_least_shortest


def smile() -> Any:
    """What computes; a UserError where its package is missing."""
    try:
        import opensmile
    except ImportError as error:
        raise UserError(
            f"eGeMAPS needs the package opensmile ({error}): make egemaps, mind its licence"
        ) from error
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )


def egemaps_of(computes: Any, waveforms: Sequence[np.ndarray]) -> np.ndarray:
    """All functionals of int16 waveforms, ``(items, 88)`` float32."""
    scaled = [(at_least_shortest(w) / FULL_SCALE).astype(np.float32) for w in waveforms]
    return np.stack([computes(w, SAMPLE_RATE).ravel().astype(np.float32) for w in scaled])
