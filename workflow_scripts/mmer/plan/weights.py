"""Published weights: where they lie, how they are handed over, and which cannot be had."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmer.acquire.registry import RegisteredFile
from mmer.errors import UserError
from mmer.model_families import AffectNetModel
from mmer.plan.corpus import CorpusPlan

WITHOUT_WEIGHTS = ("literature", "majority", "support_vector", "max_voting")
"""Families that start from no weights at all, not even random ones."""

VOICE_ACTIVITY_WEIGHTS = "speech_music_noise_vad"
SALIENCY_WEIGHTS = "msi_net"
"""Their names in the registry; MSI-Net's is the method's too."""

FROM_FRAMES = ("spatial_transformer", "affectnet")
"""Families that look at saliency maps."""


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

    @property
    def trains_affectnet(self) -> bool:
        """Whether AffectNet models are trained here, and not the published ones."""
        return self.configuration.data.affectnet is not None

    def chain(self, model: str) -> list[str]:
        """A model after those that it reads, the first one first."""
        base = getattr(self.configuration.models[model], "of", None)
        return [*(self.chain(base) if base else ()), model]

    @property
    def saliency_weights(self) -> list[str]:
        """The converted weights of the saliency method: one file, shared by all runs, or none."""
        if self.configuration.saliency.method != SALIENCY_WEIGHTS:
            return []
        return [self.downloaded(f"converted/{SALIENCY_WEIGHTS}.safetensors")]

    @property
    def saliency_gpu(self) -> int:
        """How many GPUs a job takes that makes saliency maps."""
        return self.gpu if self.saliency_weights else 0

    @property
    def saliency_gpu_share(self) -> int:
        """What such a job takes of all GPUs."""
        return self.gpu_share if self.saliency_weights else 0

    def _needed_weights(self, model: str) -> list[str]:
        """Registered weights without which a model cannot be trained, but for its base's."""
        needed = [self.configuration.weights_of(model)]
        if self.saliency_weights and self._sees_saliency(model):
            needed.append(SALIENCY_WEIGHTS)
        return [name for name in needed if name is not None]

    def _sees_saliency(self, model: str) -> bool:
        return self.configuration.models[model].family in FROM_FRAMES

    def missing_weights(self, model: str) -> str | None:
        """Why a model cannot be had for want of weights; None where it can.

        Weights that a mirror folder lacks are missing.  Without a mirror they are expected from
        the internet, and from a mirror folder that vanished they are expected when it is back: a
        failing download is an error and no missing row.
        """
        entry = self.configuration.models[model]
        start = getattr(entry, "of", None)
        if start is not None and (reason := self.missing_weights(start)):
            return reason
        name = self.configuration.weights_of(model)
        if isinstance(entry, AffectNetModel) and name is None and not self.trains_affectnet:
            return (
                f"weights missing ({model}: no network of AffectNet's {entry.target} is published, "
                "and data.affectnet names no folder to train one from)"
            )
        mirror = self.configuration.data.mirror
        if mirror is None or "://" in mirror or not Path(mirror).is_dir():
            return None
        for name in self._needed_weights(model):
            place = self.registry[name].place
            if not (Path(self.weights(name)).exists() or (Path(mirror) / place).exists()):
                return f"weights missing ({name}: the mirror lacks {place})"
        return None

    def origins(self) -> str:
        """Where the initial weights of every model come from, as JSON."""
        origins = []
        for model in dict.fromkeys(
            name for system, _ in self.configuration.evaluated() for name in self.chain(system)
        ):
            entry = self.configuration.models[model]
            if entry.family in WITHOUT_WEIGHTS:
                continue
            if entry.family == "external":
                where = entry.table("heldout", 0).partition("/data/")[0]
                origin = {"source": f"posteriors of {where}", "sha256": None, "licence": "MIT"}
            elif isinstance(entry, AffectNetModel) and self.trains_affectnet:
                folder = self.configuration.data.affectnet
                origin = {
                    "source": f"trained here on {entry.target} of the pictures in {folder}",
                    "sha256": None,
                    "licence": "AffectNet's own",
                }
            elif (weights := self.configuration.weights_of(model)) is None:
                origin = {"source": "random initialisation", "sha256": None, "licence": None}
            else:
                known = self.registry[weights]
                origin = {"source": known.address, "sha256": known.sha256, "licence": known.licence}
            origins.append({"name": model, **origin})
        if self.saliency_weights and any(self._sees_saliency(o["name"]) for o in origins):
            origins.append(self._registered_origin("saliency, MSI-Net", SALIENCY_WEIGHTS))
        if any(m.family != "external" for m in self.configuration.models.values()):
            origins.append(self._registered_origin("voice activity", VOICE_ACTIVITY_WEIGHTS))
        return json.dumps(origins)

    def _registered_origin(self, name: str, weights: str) -> dict[str, str | None]:
        """Where registered weights come from."""
        known = self.registry[weights]
        return {
            "name": name,
            "source": known.address,
            "sha256": known.sha256,
            "licence": known.licence,
        }
