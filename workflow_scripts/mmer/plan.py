"""The plan of a run: which file every step reads and writes, and what it is told.

Workflow rules stay thin because the answers are here: paths as strings, settings as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mmer.acquire.download import mirrored_path
from mmer.acquire.record import record_address
from mmer.acquire.registry import RegisteredFile
from mmer.config import Configuration, ExternalModel
from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.source_version import source_version

Kind = Literal["audio", "frames", "saliency", "speech"]
VOICE_ACTIVITY_WEIGHTS = "speech_music_noise_vad"
"""Their name in the registry."""

PAPER_SALIENCY = "msi_net"
"""The paper's method, section 3.3."""

_ENDINGS = {"audio": "npz", "frames": "npz", "saliency": "npz", "speech": "csv"}


@dataclass(frozen=True)
class Plan:
    """Paths and parameters of one run.

    Attributes
    ----------
    configuration
        The checked configuration.
    registry
        Every registered download by name.
    scripts
        The folder of the entries.
    """

    configuration: Configuration
    registry: dict[str, RegisteredFile]
    scripts: Path

    @property
    def results(self) -> str:
        """The folder of the run."""
        return f"results/{self.configuration.run}"

    @cached_property
    def actors(self) -> list[str]:
        """Actors as two digits."""
        return [f"{actor:02d}" for actor in self.configuration.corpus.actors]

    @cached_property
    def splits(self) -> dict[str, Split]:
        """Splits by name."""
        return self.configuration.splits

    def models(self, *families: str) -> str:
        """A pattern that matches the models of some families, for wildcard constraints."""
        names = [n for n, m in self.configuration.models.items() if m.family in families]
        return "|".join(names) or "no_such_model"

    # What a step is told.

    def version(self, entry: str) -> str:
        """The version of a step's code."""
        return source_version(self.scripts, entry)

    def split(self, name: str) -> str:
        """A split as JSON."""
        return json.dumps(asdict(self.splits[name]))

    def settings(self, model: str) -> str:
        """A model's settings as JSON."""
        return self.configuration.models[model].settings.model_dump_json()

    def section(self, name: str) -> str:
        """A section of the configuration as JSON."""
        return getattr(self.configuration, name).model_dump_json()

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for the whole configuration."""
        return hashlib.sha256(self.configuration.model_dump_json().encode()).hexdigest()[:16]

    def environment(self, programs: Path, present: Mapping[str, str]) -> dict[str, str]:
        """What jobs find in their environment: where the code is and where to compute.

        Parameters
        ----------
        programs
            The folder of the Python that jobs use.
        present
            The environment as it is.
        """
        return {
            "PATH": os.pathsep.join([str(programs), present.get("PATH", "")]),
            "PYTHONPATH": str(self.scripts),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MMER_DEVICE": self.configuration.compute.device,
            "MMER_THREADS": str(self.configuration.compute.threads),
            "MMER_MIRROR": self.configuration.data.mirror or "",
            "MMER_CONFIGURATION": self.configuration.model_dump_json(indent=2),
        }

    def training_options(self, entry: str, model: str, variant: str, split: str) -> str:
        """What every training entry is told, quoted for a shell.

        The checkpoint's name holds a digest of all of it, so that a training never goes on from
        the state of another one.
        """
        seed = str(self.configuration.seed)
        told = [
            *("--variant", variant),
            *("--split", self.split(split)),
            *("--settings", self.settings(model)),
            *("--seed", seed),
            *self._many("--spans", self.spans(variant)),
        ]
        digest = hashlib.sha256("\n".join([self.version(entry), *told]).encode()).hexdigest()[:12]
        checkpoint = f"{self.results}/checkpoints/{model}_{variant}_{split}_{digest}.safetensors"
        return shlex.join([*told, "--checkpoint", checkpoint])

    def option(self, name: str, values: Sequence[str]) -> str:
        """An option with its values, quoted for a shell; nothing where there are none."""
        return shlex.join(self._many(name, values))

    @staticmethod
    def _many(name: str, values: Sequence[str]) -> list[str]:
        return [name, *map(str, values)] if values else []

    # Downloads.

    def downloaded(self, place: str) -> str:
        """Where a download lies."""
        return f"{self.configuration.data.downloads}/{place}"

    @property
    def record(self) -> str:
        """The metadata of the corpus's record."""
        return self.downloaded(
            f"{mirrored_path(record_address(self.configuration.corpus.record))}.json"
        )

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

    # The corpus.

    def archive(self, actor: str) -> str:
        """The archive of an actor: a local one, or the download."""
        name = f"Video_Speech_Actor_{actor}.zip"
        local = self.configuration.data.ravdess
        if local is not None:
            return str(Path(local) / name)
        return self.downloaded(
            f"zenodo.org/records/{self.configuration.corpus.record}/files/{name}"
        )

    def clips(self, actor: str) -> list[str]:
        """The clips of an actor: loose local files, or the folder they are extracted to."""
        local = self.configuration.data.ravdess
        if local is not None:
            folder = Path(local) / f"Actor_{actor}"
            loose = sorted(str(file) for file in folder.glob("01-01-*.mp4"))
            if loose:
                self._check_count(folder, len(loose))
                return loose
        return [f"{self.results}/clips/Actor_{actor}"]

    def _check_count(self, folder: Path, count: int) -> None:
        expected = self.configuration.corpus.clips_per_actor
        if count != expected:
            raise UserError(
                f"{folder} holds {count} clips of modality 01 and channel 01 instead of "
                f"{expected}: complete the folder, or set corpus.clips_per_actor"
            )

    def prepared(self, kind: Kind, actors: list[str] | None = None) -> list[str]:
        """The prepared files of some actors, by default of all."""
        chosen = self.actors if actors is None else actors
        return [f"{self.results}/prepared/{kind}/actor_{a}.{_ENDINGS[kind]}" for a in chosen]

    def spans(self, variant: str) -> list[str]:
        """The tables of speech spans where the variant needs them."""
        return self.prepared("speech") if variant == "vad" else []

    # Models and systems.

    def trained(self, model: str, variant: str, split: str, file: str) -> str:
        """A file of one training."""
        return f"{self.results}/models/{model}/{variant}/{split}/{file}"

    def base(self, model: str) -> str:
        """The spatial transformer behind a sequential or voting model."""
        return self.configuration.models[model].of

    def posteriors(self, model: str, variant: str, split: str) -> str:
        """The posteriors of one model, variant and split."""
        return f"{self.results}/posteriors/{model}/{variant}/{split}.csv"

    def posteriors_by_split(self, system: str) -> dict[str, str]:
        """The posteriors of a system, ``<model>/<variant>``, by split."""
        model, variant = system.split("/")
        return {split: self.posteriors(model, variant, split) for split in self.splits}

    def external(self, model: str, part: Literal["train", "heldout"], split: str) -> list[str]:
        """The table of an external model's part: downloaded, local, or none."""
        entry: ExternalModel = self.configuration.models[model]
        place = entry.table(part, list(self.splits).index(split))
        if place is None:
            return []
        if "://" in place:
            return [self.downloaded(str(mirrored_path(place)))]
        return [place]

    def title(self, model: str) -> str:
        """What tables and figures call a model, with what its numbers must not be shown without.

        Random initial weights and a saliency method other than the paper's are named.
        """
        entry = self.configuration.models[model]
        start = getattr(entry, "of", model)
        notes = []
        if getattr(getattr(self.configuration.models[start], "settings", None), "weights", "") == (
            "random"
        ):
            notes.append("random initial weights")
        if self.configuration.models[start].family == "spatial_transformer":
            method = self.configuration.saliency.method
            if method != PAPER_SALIENCY:
                notes.append(f"{method.replace('_', '-')} saliency")
        return f"{entry.title} ({', '.join(notes)})" if notes else entry.title

    @cached_property
    def systems(self) -> list[dict[str, Any]]:
        """Every evaluated system, as the evaluation wants it."""
        described = []
        for model, variant in self.configuration.evaluated():
            entry = self.configuration.models[model]
            described.append(
                {
                    "name": f"{model}/{variant}",
                    "title": self.title(model),
                    "modality": entry.modality,
                    "variant": variant,
                    "posteriors": self.posteriors_by_split(f"{model}/{variant}"),
                }
            )
        return described

    @property
    def fusions(self) -> list[dict[str, str]]:
        """Every pairing, as the evaluation wants it."""
        return [
            {
                "name": pairing,
                "title": f"late fusion, {pairing.replace('_', ' ')}",
                "variant": pairing,
                "predictions": f"{self.results}/fusion/{pairing}/predictions.csv",
            }
            for pairing in self.configuration.fusion.pairings
        ]

    @property
    def paper_rows(self) -> str:
        """Where the paper's numbers for this run's systems and pairings stand, as JSON."""
        evaluated = {*(system["name"] for system in self.systems), *self.grids}
        rows = self.configuration.paper.items()
        return json.dumps({name: row.model_dump() for name, row in rows if name in evaluated})

    def pairing_inputs(self, pairing: str) -> dict[str, dict[str, str]]:
        """The posteriors that a pairing fuses, by system and split."""
        members = self.configuration.fusion.pairings[pairing]
        return {system: self.posteriors_by_split(system) for system in members}

    @property
    def grids(self) -> dict[str, str]:
        """The grid of accuracies of every pairing."""
        pairings = self.configuration.fusion.pairings
        return {pairing: f"{self.results}/fusion/{pairing}/grid.csv" for pairing in pairings}

    def confusion_figures(self) -> list[str]:
        """Names of the confusion matrices of all systems and pairings."""
        systems = [system["name"].replace("/", "_") for system in self.systems]
        return [f"confusion_{name}" for name in [*systems, *self.configuration.fusion.pairings]]

    def learning_figures(self) -> list[str]:
        """Names of the learning curves of all trained models."""
        return [f"learning_curves_{name.replace('/', '_')}" for name in self.histories()]

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

    def histories(self) -> dict[str, dict[str, str]]:
        """Learning curves of every trained system, by system and split."""
        found: dict[str, dict[str, str]] = {}
        for model, variant in self.configuration.evaluated():
            for name in (model, getattr(self.configuration.models[model], "of", None)):
                if name is None or not hasattr(self.configuration.models[name], "settings"):
                    continue
                found[f"{name}/{variant}"] = {
                    split: self.trained(name, variant, split, "history.csv")
                    for split in self.splits
                }
        return found


def flat(nested: dict[str, dict[str, str]]) -> list[str]:
    """The files of a mapping by system and split."""
    return [path for by_split in nested.values() for path in by_split.values()]
