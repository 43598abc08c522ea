"""Encoders of written words, fine-tuned on what is said in each item.

Source: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding".  Padi et al. 2022, "Multimodal Emotion Recognition using Transfer Learning from
Speaker Recognition and BERT-based models", name such a network and no setting of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from mmer.models.base import (
    TRAINED,
    Family,
    Modality,
    ModelEntry,
    ModelJob,
    Origin,
    Output,
    Resources,
    Step,
)
from mmer.runtime.errors import UserError
from mmer.settings import FilePath, Settings, decided, from_source

RECIPE = "Devlin et al. 2019, appendix A.3"
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""What keeps the library from the internet; it reads it once, when it is imported."""
NEEDED = ("config.json", "model.safetensors")
READ = frozenset({".json", ".txt", ".model", ".safetensors"})
"""Endings of the files of an encoder's folder that may be read; none of them can run code."""


class TextSettings(Settings):
    """What the encoder is and how it is fine-tuned."""

    weights: Literal["bert_base_uncased", "folder", "random"] = decided(
        "bert_base_uncased",
        "The encoder: BERT's published one, that of a folder, or a small one of random weights "
        "whose vocabulary is made of the training items' words.",
        "Padi et al. 2022 name BERT and not which one; this is its usual English one.",
    )
    folder: FilePath | None = Field(
        None,
        description="A folder that the library transformers has saved an encoder in, with its "
        "tokenizer; weights as safetensors alone.",
    )
    pooling: Literal["mean", "first"] = decided(
        "mean",
        "What stands for an item: the mean over its tokens, or the first one.",
        "Any encoder has a mean that means something; a first token that sums all up comes of "
        "training it so, as BERT was.",
    )
    bracketed: Literal["drop", "keep"] = decided(
        "drop",
        "What becomes of what stands in square brackets, such as [LAUGHTER].",
        "It is what a transcriber heard and no word that was said.",
    )
    max_tokens: int = decided(
        128,
        "Tokens of an item at most, its marks of beginning and end included; the rest is cut.",
        "An utterance is a few sentences; the log says how many are cut.",
        ge=3,
    )
    width: int = decided(64, "Values of a token in a random encoder.", "Learns in seconds.", ge=4)
    layers: int = decided(2, "Layers of a random encoder.", "Learns in seconds.", ge=1)
    heads: int = decided(
        4, "Heads of attention in each of them, a divisor of the width.", "As wide as BERT's.", ge=1
    )
    least_count: int = decided(
        2,
        "How often a word comes in the training items before a random encoder knows it; others are "
        "spelt.",
        "Of a word that comes once nothing can be learned but its item.",
        ge=1,
    )
    dropout: float = from_source(
        0.1, "Dropout before the classes, and in a random encoder's layers.", RECIPE, ge=0, lt=1
    )
    batch_size: int = from_source(32, "Items in a batch.", RECIPE + " (16 or 32)", ge=1)
    learning_rate: float = from_source(
        2e-5, "AdamW's highest learning rate.", RECIPE + " (5e-5, 3e-5 or 2e-5)", gt=0
    )
    weight_decay: float = decided(
        0.01, "AdamW's weight decay.", "As BERT was trained with before it was fine-tuned.", ge=0
    )
    max_epochs: int = from_source(
        4, "Passes over the training items at most.", RECIPE + " (2, 3 or 4)", ge=1
    )
    patience: int | None = decided(
        None,
        "Epochs in a row without a better score before training stops; null never stops early.",
        "So few epochs are not worth stopping.",
        ge=1,
    )
    schedule: Literal["constant", "one_cycle"] = decided(
        "one_cycle",
        "Whether the learning rate stays, or rises over the first third of all steps and falls to "
        "nothing at the last.",
        "BERT's own rises and falls too, in straight lines.",
    )
    clip_gradient_norm: float | None = decided(
        1.0,
        "Largest norm of all gradients together; null leaves them alone.",
        "As in BERT's published code.",
        gt=0,
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those with the best score on the items that choose, or those at the end.",
        "As the other networks here.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> TextSettings:
        if (self.weights == "folder") != (self.folder is not None):
            raise ValueError("name a folder where weights is folder, and only there")
        if self.weights == "random" and self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        return self


class TextEntry(ModelEntry):
    """An encoder of written words; speech spans do not trim them."""

    family: Literal["text"]
    modality: Modality = "text"
    variants: tuple[Literal["full"], ...] = Field(("full",), min_length=1)
    settings: TextSettings = TextSettings()


class Text(Family):
    """An encoder of the library transformers, trained on the words of a split's items."""

    name = "text"
    Entry = TextEntry
    takes = (
        Step(
            "train",
            "split",
            {**TRAINED, "vocabulary": Output("vocabulary.txt", "split")},
            media=("text",),
            uses_weights=True,
            resources=Resources(gpu="whole", memory_mb=12_000, minutes=240),
        ),
    )

    def weights(self, entry: TextEntry, has: frozenset[str]) -> str | None:
        """BERT's, where they are asked for."""
        name = entry.settings.weights
        return name if name not in ("folder", "random") else None

    def origin(self, entry: TextEntry, has: frozenset[str]) -> Origin | None:
        """The user's folder."""
        folder = entry.settings.folder
        return None if folder is None else Origin(f"the encoder in {folder}")

    def files(self, entry: Any, split: int) -> Mapping[str, str]:
        """The files of the user's folder, by name; a UserError if it holds no encoder."""
        if entry.settings.folder is None:
            return {}
        folder = Path(entry.settings.folder)
        found = {file.name: str(file) for file in sorted(folder.glob("*")) if file.suffix in READ}
        for name in NEEDED:
            if name not in found:
                raise UserError(
                    f"{folder} lacks {name}, so that it holds no encoder: save one there with "
                    "save_pretrained, or mend the setting folder"
                )
        return found

    def train(self, job: ModelJob) -> None:
        """Train one split."""
        os.environ.update(OFFLINE)
        from mmer.models.networks.text_training import train

        train(job)
