"""Published weights: where they lie, how they are handed over, and which cannot be had."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmer.acquire.registry import RegisteredFile
from mmer.errors import UserError
from mmer.plan.corpus import CorpusPlan

WITHOUT_WEIGHTS = ("literature", "majority", "support_vector", "max_voting")
"""Families that start from no weights at all, not even random ones."""

VOICE_ACTIVITY_WEIGHTS = "speech_music_noise_vad"
"""Their name in the registry."""


@dataclass(frozen=True)
class WeightsPlan(CorpusPlan):
    """Adds the registry's files."""

    @cached_property
    def registered_places(self) -> dict[str, RegisteredFile]:
        """Registered files by their place in the downloads folder."""
        return {entry.place: entry for entry in self.registry.values()}

    def weights(self, name: str) -> str:
        """Where registered weights lie.

        Raises
        ------
        UserError
            If the registry does not hold them.
        """
        if name not in self.registry:
            raise UserError(f"weights {name!r} are not in resources/weights.yaml: add an entry")
        return self.downloaded(self.registry[name].place)

    def initial_weights(self, model: str) -> list[str]:
        """The file a model starts from: one, or none for random weights."""
        name = self.configuration.weights_of(model)
        return [] if name is None else [self.weights(name)]

    def initial_weights_options(self, model: str) -> str:
        """Options that hand the initial weights to a training entry."""
        name = self.configuration.weights_of(model)
        if name is None:
            return ""
        digest = self.registry[name].sha256
        return shlex.join(
            [
                *("--weights", self.weights(name)),
                *(("--weights-sha256", digest) if digest else ()),
            ]
        )

    def missing_weights(self, model: str) -> str | None:
        """Why a model cannot be had for want of weights; None where it can.

        Weights that a mirror folder lacks are missing.  Without such a folder they are expected
        from the internet, and a failing download is an error and no missing row.
        """
        start = getattr(self.configuration.models[model], "of", None)
        if start is not None and (reason := self.missing_weights(start)):
            return reason
        name = self.configuration.weights_of(model)
        mirror = self.configuration.data.mirror
        if name is None or mirror is None or "://" in mirror:
            return None
        place = self.registry[name].place
        if Path(self.weights(name)).exists() or (Path(mirror) / place).exists():
            return None
        return f"weights missing ({name}: the mirror lacks {place})"

    def origins(self) -> str:
        """Where the initial weights of every model come from, as JSON."""
        origins = []
        for model in dict.fromkeys(
            name
            for system, _ in self.configuration.evaluated()
            for name in (getattr(self.configuration.models[system], "of", None), system)
            if name is not None
        ):
            entry = self.configuration.models[model]
            if entry.family in WITHOUT_WEIGHTS:
                continue
            if entry.family == "external":
                where = entry.table("heldout", 0).partition("/data/")[0]
                origin = {"source": f"posteriors of {where}", "sha256": None, "licence": "MIT"}
            elif (weights := self.configuration.weights_of(model)) is None:
                origin = {"source": "random initialisation", "sha256": None, "licence": None}
            else:
                known = self.registry[weights]
                origin = {"source": known.address, "sha256": known.sha256, "licence": known.licence}
            origins.append({"name": model, **origin})
        if any(m.family != "external" for m in self.configuration.models.values()):
            vad = self.registry[VOICE_ACTIVITY_WEIGHTS]
            origins.append(
                {
                    "name": "voice activity",
                    "source": vad.address,
                    "sha256": vad.sha256,
                    "licence": vad.licence,
                }
            )
        return json.dumps(origins)
