"""eGeMAPS: 88 functionals of a voice that a group of researchers agreed on.

Source: Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice
Research and Affective Computing"; version v02 as openSMILE computes it.
"""

from __future__ import annotations

import importlib.util
from typing import Literal

from mmer.models.base import Family, ModelEntry, ModelJob
from mmer.models.weights_settings import DESCRIBE


class EgemapsEntry(ModelEntry):
    """eGeMAPS v02 by openSMILE, nothing trained; needs `make egemaps`."""

    family: Literal["egemaps"]


class Egemaps(Family):
    """eGeMAPS of every item, for a classifier.

    Its package is no part of the environment, because its licence is for research only.
    """

    name = "egemaps"
    Entry = EgemapsEntry
    starts_from_weights = False
    takes = (DESCRIBE,)

    def cannot_run(self, entry: EgemapsEntry, has: frozenset[str]) -> str | None:
        """That the package is not there."""
        if importlib.util.find_spec("opensmile") is not None:
            return None
        return "package opensmile missing: make egemaps, mind its licence"

    def embed(self, job: ModelJob) -> None:
        """Describe every item."""
        from mmer.models.networks.egemaps import embed

        embed(job)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Functionals of the pieces, where the package is."""
        from mmer.models.networks.kept_embeddings import egemaps_predictor

        return egemaps_predictor(kept)
