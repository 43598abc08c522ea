"""Models: what trainings are told, and where their results lie."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from typing import Literal

from mmer.acquire.download import mirrored_path
from mmer.model_families import ExternalModel
from mmer.plan.run import NO_MODEL, with_values
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
        """What the training of one model on one split is told, quoted for a shell."""
        return self._told(
            entry,
            f"{model}_{variant}_{split}",
            ["--split", self.split(split), *self._common(model), *self._seen(variant)],
        )

    def grid_options(self, entry: str, model: str, variant: str) -> str:
        """What a grid of trainings on every split is told, quoted for a shell."""
        return self._told(
            entry,
            f"{model}_{variant}",
            ["--splits", self.all_splits, *self._common(model), *self._seen(variant)],
        )

    def affectnet_options(self, entry: str, model: str) -> str:
        """What a training on AffectNet is told, quoted for a shell."""
        target = self.configuration.models[model].target
        return self._told(entry, model, ["--target", target, *self._common(model)])

    def variant_options(self, variant: str) -> str:
        """What a step is told of a variant, quoted for a shell."""
        return shlex.join(self._seen(variant))

    def _common(self, model: str) -> list[str]:
        seed = str(self.configuration.seed)
        return ["--settings", self.settings(model), "--seed", seed]

    def _seen(self, variant: str) -> list[str]:
        return ["--variant", variant, *with_values("--spans", self.spans(variant))]

    def _told(self, entry: str, name: str, told: list[str]) -> str:
        """Options with a checkpoint whose name holds a digest of all of them.

        So a training never goes on from the state of another one.
        """
        digest = hashlib.sha256("\n".join([self.version(entry), *told]).encode()).hexdigest()[:12]
        checkpoint = f"{self.results}/checkpoints/{name}_{digest}.safetensors"
        return shlex.join([*told, "--checkpoint", checkpoint])

    def trained(self, model: str, variant: str, split: str, file: str) -> str:
        """A file of one training."""
        return f"{self.results}/models/{model}/{variant}/{split}/{file}"

    def affectnet_network(self, model: str) -> str:
        """The spatial transformer of an AffectNet model."""
        return f"{self.results}/models/{model}/model.safetensors"

    def start(self, model: str) -> list[str]:
        """The network that a spatial transformer starts from: one, or none for random weights."""
        base = self.configuration.models[model].of
        return [] if base is None else [self.affectnet_network(base)]

    def networks(self, model: str, variant: str) -> list[str]:
        """The spatial transformers behind a bi-LSTM: one per split, or one for all."""
        base = self.base(model)
        if self.configuration.models[base].family == "affectnet":
            return [self.affectnet_network(base)]
        return [self.trained(base, variant, split, "model.safetensors") for split in self.splits]

    def frame_logits(self, model: str, variant: str) -> list[str]:
        """The logits of all frames that vote: one file per split, or one for all."""
        base = self.base(model)
        if self.configuration.models[base].family == "affectnet":
            return [f"{self.results}/models/{base}/{variant}/frame_logits.npz"]
        return [self.trained(base, variant, split, "frame_logits.npz") for split in self.splits]

    def architectures(self, model: str, variant: str) -> str:
        """The table of a bi-LSTM's whole grid."""
        return f"{self.results}/models/{model}/{variant}/architectures.csv"

    def affectnet_models(self, *, trained: bool) -> str:
        """A pattern of the AffectNet models that are trained here, or of the published ones."""
        return self.models("affectnet") if self.trains_affectnet == trained else NO_MODEL

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
            for name in self.chain(model):
                if self.configuration.models[name].family in TRAINED:
                    found[f"{name}/{variant}"] = {
                        split: self.trained(name, variant, split, "history.csv")
                        for split in self.splits
                    }
                elif self.configuration.models[name].family == "affectnet" and (
                    self.trains_affectnet
                ):
                    found[name] = {"affectnet": f"{self.results}/models/{name}/history.csv"}
        return found
