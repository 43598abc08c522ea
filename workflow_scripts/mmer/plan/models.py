"""Models: what trainings are told, and where their results lie."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from typing import Literal

from mmer.acquire.download import mirrored_path
from mmer.config import ExternalModel
from mmer.plan.run import with_values
from mmer.plan.weights import WeightsPlan

TRAINED = ("cnn14", "alexnet", "spatial_transformer", "bilstm")
"""Families with a learning curve."""


@dataclass(frozen=True)
class ModelPlan(WeightsPlan):
    """Adds trainings and posteriors."""

    def settings(self, model: str) -> str:
        """A model's settings as JSON."""
        return self.configuration.models[model].settings.model_dump_json()

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
            *with_values("--spans", self.spans(variant)),
        ]
        digest = hashlib.sha256("\n".join([self.version(entry), *told]).encode()).hexdigest()[:12]
        checkpoint = f"{self.results}/checkpoints/{model}_{variant}_{split}_{digest}.safetensors"
        return shlex.join([*told, "--checkpoint", checkpoint])

    def trained(self, model: str, variant: str, split: str, file: str) -> str:
        """A file of one training."""
        return f"{self.results}/models/{model}/{variant}/{split}/{file}"

    def embeddings(self, model: str, variant: str) -> str:
        """The embeddings of all clips."""
        return f"{self.results}/embeddings/{model}/{variant}.npz"

    def extractor(self, model: str) -> str:
        """The entry that extracts a model's embeddings."""
        return {
            "alexnet_embedding": "extract_alexnet_embeddings",
            "cnn14_embedding": "extract_cnn14_embeddings",
        }[self.configuration.models[model].family]

    def extraction_options(self, model: str, variant: str) -> str:
        """What an extraction of embeddings is told, quoted for a shell."""
        return shlex.join(
            [
                *("--variant", variant),
                *("--settings", self.settings(model)),
                *("--seed", str(self.configuration.seed)),
                *with_values("--spans", self.spans(variant)),
            ]
        )

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

    def histories(self) -> dict[str, dict[str, str]]:
        """Learning curves of every trained system, by system and split."""
        found: dict[str, dict[str, str]] = {}
        for model, variant in self.configuration.evaluated():
            if self.missing_weights(model):
                continue
            for name in (model, getattr(self.configuration.models[model], "of", None)):
                if name is None or self.configuration.models[name].family not in TRAINED:
                    continue
                found[f"{name}/{variant}"] = {
                    split: self.trained(name, variant, split, "history.csv")
                    for split in self.splits
                }
        return found
