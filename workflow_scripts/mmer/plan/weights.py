"""Published weights: where they lie, how they are handed over, and which cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmer.media.weights_registry import RegisteredFile
from mmer.plan.run import RunPlan
from mmer.runtime.errors import UserError

VOICE_ACTIVITY = "speech_music_noise_vad"
SALIENCY = "msi_net"
"""Their names in the registry; MSI-Net's is the method's too."""


@dataclass(frozen=True)
class WeightsPlan:
    """The registry's files."""

    run: RunPlan
    registered: dict[str, RegisteredFile]

    @cached_property
    def by_place(self) -> dict[str, RegisteredFile]:
        """Registered files by their place in the downloads folder."""
        return {entry.place: entry for entry in self.registered.values()}

    def path(self, name: str) -> str:
        """Where registered weights lie."""
        if name not in self.registered:
            raise UserError(f"weights {name!r} are not in resources/weights.yaml: add an entry")
        return self.run.layout.downloaded(self.registered[name].place)

    def names(self, name: str) -> list[str]:
        """Registered weights and what must lie beside them."""
        self.path(name)
        return [name, *self.registered[name].beside]

    def told(self, name: str) -> dict[str, Any]:
        """Registered weights as a job is told them."""
        told = {"name": name, "path": self.path(name), "sha256": self.registered[name].sha256}
        beside = [self.told(other) for other in self.registered[name].beside]
        return {**told, **({"beside": beside} if beside else {})}

    @property
    def maps_by_network(self) -> bool:
        """Whether saliency maps come from a network with published weights."""
        return self.run.configuration.saliency.method == SALIENCY

    @property
    def saliency(self) -> list[str]:
        """The converted weights of the saliency method: one file, shared by all runs, or none."""
        return [self.run.layout.converted(SALIENCY)] if self.maps_by_network else []

    def missing(self, name: str) -> str | None:
        """Why weights cannot be had; None where they can.

        Weights that a mirror folder lacks are missing.  Without a mirror they are expected from
        the internet, and from a mirror folder that vanished they are expected when it is back: a
        failing download is an error and no missing row.  The folder of downloads is a mirror too:
        named as the mirror, it means that nothing more is downloaded.
        """
        data = self.run.configuration.data
        mirror = data.mirror
        if mirror is None or "://" in mirror or not Path(mirror).is_dir():
            return None
        where = "folder of downloads" if Path(mirror) == Path(data.downloads) else "mirror"
        for each in self.names(name):
            path, place = Path(self.path(each)), self.registered[each].place
            if not path.exists() and not (Path(mirror) / place).exists():
                return f"weights missing ({each}: the {where} lacks {place})"
        return None

    def origin(self, of: str, name: str) -> dict[str, str | None]:
        """Where registered weights come from, for provenance."""
        known = self.registered[name]
        return {
            "name": of,
            "source": known.address,
            "sha256": known.sha256,
            "licence": known.licence,
        }
