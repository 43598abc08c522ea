"""The 88 functionals of eGeMAPS v02 of every item, by openSMILE."""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.media.log_mel import FULL_SCALE, SAMPLE_RATE
from mmer.models.base import ModelJob
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError
from mmer.training.kept_audio import spans_of
from mmer.training.recordings import at_least_shortest, every_recording


def embed(job: ModelJob) -> None:
    """Describe every item in order of their names, write the output ``embeddings``.

    An item trimmed to less than 0.31 s of speech is padded with silence to that length.

    Raises
    ------
    UserError
        If the package is missing, or an item comes twice, is shorter than 0.31 s before trimming,
        or has no span or an empty one.
    """
    computes = smile()
    names, waveforms = every_recording(read_ragged(job.inputs["audio"]), spans_of(job))
    described = tqdm(waveforms, unit="item", mininterval=10)
    values = np.stack([egemaps_of(computes, each) for each in described])
    embeddings = Embeddings(names, values, tuple(computes.feature_names))
    write_embeddings(job.output("embeddings"), embeddings)


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


def egemaps_of(computes: Any, samples: np.ndarray) -> np.ndarray:
    """All functionals of one item's int16 samples, ``(88,)`` float32."""
    scaled = (at_least_shortest(samples) / FULL_SCALE).astype(np.float32)
    return computes(scaled, SAMPLE_RATE).ravel().astype(np.float32)
