"""eGeMAPS: 88 functionals of a voice that a group of researchers agreed on.

Source: Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice
Research and Affective Computing"; version v02 as openSMILE computes it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from mmer.models.base import ModelEntry
from mmer.models.embedding import DESCRIBE, EmbeddingFamily

if TYPE_CHECKING:
    import numpy as np

    from mmer.tasks import Task


class EgemapsEntry(ModelEntry):
    """eGeMAPS v02 by openSMILE, nothing trained; needs `make egemaps`."""

    family: Literal["egemaps"]


class Egemaps(EmbeddingFamily):
    """eGeMAPS of every item.

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

    def network(self, task: Task, settings: None, weights: None) -> Any:
        """OpenSMILE; a UserError where its package is missing."""
        from mmer.models.networks.egemaps import smile

        return smile()

    def describe(self, network: Any, waveforms: Sequence[np.ndarray], settings: None) -> np.ndarray:
        """All functionals; speech of less than 0.31 s is padded with silence to that length."""
        from mmer.models.networks.egemaps import egemaps_of

        return egemaps_of(network, waveforms)

    def dimensions(self, network: Any) -> tuple[str, ...]:
        """The package's own names."""
        return tuple(network.feature_names)
