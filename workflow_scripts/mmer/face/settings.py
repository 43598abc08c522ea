"""Settings of the face models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from mmer.settings import Settings, decided, from_source

FINE_TUNING = "paper section 4.2, fine-tuning of the spatial transformer"
AFFECTNET = "paper section 4.2: the same configuration for the model trained on AffectNet"
AFFECTNET_CODE = "the authors' published code for AffectNet"
SEQUENCE = "paper section 4.2, the sequential model"
SEQUENCE_CODE = "the authors' published code for the same model uses it"


class SpatialTransformerSettings(Settings):
    """How the guided spatial transformer is fine-tuned on frames."""

    batch_size: int = from_source(128, "Frames in a batch.", FINE_TUNING, ge=2)
    max_epochs: int = from_source(
        500, "Passes over the training frames at most.", FINE_TUNING, ge=1
    )
    patience: int | None = from_source(
        30, "Epochs in a row without a better score before training stops.", FINE_TUNING, ge=1
    )
    learning_rate: float = from_source(1e-3, "Adam's learning rate.", FINE_TUNING, gt=0)
    dropout: float = from_source(0.5, "Dropout before flatten-810.", FINE_TUNING, ge=0, lt=1)
    class_weights: Literal["smallest_over_count", "none"] = decided(
        "smallest_over_count",
        "Weight of a class in the cross-entropy: frames of the smallest class over its own.",
        "The paper says weighted cross-entropy and gives no formula; this is the one of the "
        "authors' published code for the same network.",
    )
    watch: Literal["frame_accuracy", "clip_accuracy"] = decided(
        "frame_accuracy",
        "Held-out score that chooses the kept epoch: over frames, or over clips by max voting.",
        "The paper says 'the validation accuracy' of a network trained on frames as single "
        "samples.",
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those of the best epoch on the held-out actors, or the last ones.",
        "Early stopping on the validation accuracy implies it.  It flatters the held-out score; "
        "'last' does not.",
    )
    frame_stride: int = decided(
        1,
        "Train on every n-th frame of each clip; posteriors are made for all frames.",
        "The paper trains on all frames; neighbouring ones hardly differ, so small runs may skip.",
        ge=1,
    )


class AffectNetSettings(Settings):
    """How the spatial transformers of valence and of emotion are trained on AffectNet."""

    valence_pictures: Literal["all_rated", "seven_emotions"] = decided(
        "all_rated",
        "Pictures that valence is learned from: all with a valence in [-1, 1], contempt among "
        "them, or only those of the seven emotions.",
        f"The paper is silent; {AFFECTNET_CODE} takes every picture with such a valence.",
    )
    held_out: Literal["fold", "published_list", "nothing"] = decided(
        "fold",
        "Pictures held out to stop and to score: one of five stratified folds of both lists "
        "joined, AffectNet's own validation list, or none.  With none the training accuracy stops.",
        f"The paper is silent; {AFFECTNET_CODE} joins the lists and reports the mean of five such "
        "folds (70.60 % for valence); one of them gives a score to compare.  Its checkpoint was "
        "trained on all pictures and stopped by the training accuracy, which is 'nothing'.",
    )
    fold: int = decided(
        0,
        "Which of the five folds is held out.",
        "Any will do: they are drawn at random.",
        ge=0,
        lt=5,
    )
    batch_size: int = from_source(128, "Pictures in a batch.", AFFECTNET, ge=2)
    max_epochs: int = from_source(
        500, "Passes over the training pictures at most.", AFFECTNET, ge=1
    )
    patience: int | None = from_source(
        30, "Epochs in a row without a better accuracy before training stops.", AFFECTNET, ge=1
    )
    learning_rate: float = from_source(1e-3, "Adam's learning rate.", AFFECTNET, gt=0)
    dropout: float = from_source(
        0.5, "Dropout before flatten-810, while training.", AFFECTNET, ge=0, lt=1
    )
    class_weights: Literal["smallest_over_count", "none"] = decided(
        "smallest_over_count",
        "Weight of a class in the cross-entropy: pictures of the smallest class over its own.",
        f"The paper says weighted cross-entropy and gives no formula; {AFFECTNET_CODE} has it.",
    )


Layer = Literal["posteriors", "fc50", "flatten810"]


class Architecture(Settings):
    """Size of one bi-LSTM with attention."""

    layers: int = Field(description="Stacked bi-LSTM layers.", ge=1)
    units: int = Field(description="Units of each direction.", ge=1)
    attention_layers: int = Field(description="Layers of the attention.", ge=1)

    @property
    def name(self) -> str:
        """Such as ``2x150_attention2``."""
        return f"{self.layers}x{self.units}_attention{self.attention_layers}"


def _grid(*sizes: tuple[int, int, int]) -> tuple[Architecture, ...]:
    return tuple(
        Architecture(layers=layers, units=units, attention_layers=attention)
        for layers, units, attention in sizes
    )


_ONE_OR_TWO = tuple((layers, units, layers) for layers in (1, 2) for units in (25, 50, 150))

PAPER_ARCHITECTURES: dict[Layer, tuple[Architecture, ...]] = {
    "posteriors": _grid(*_ONE_OR_TWO),
    "fc50": _grid(*_ONE_OR_TWO, (2, 50, 1)),
    "flatten810": _grid(*((2, units, 2) for units in (50, 150, 200, 300)), (1, 150, 1)),
}
"""What is tried behind each layer: paper section 4.2, and the two winners of table A2 that section
4.2 does not name, (2, 50, 1) behind fc50 and (1, 150, 1) behind flatten-810."""


class BiLstmSettings(Settings):
    """The bi-LSTM with attention behind the spatial transformer."""

    layer: Layer = from_source(
        "flatten810", "Layer of the spatial transformer that it reads.", "paper section 3.3.2"
    )
    architectures: tuple[Architecture, ...] = decided(
        (),
        "Sizes to try, each as layers, units and attention_layers; none for those of the paper.",
        "Section 4.2 of the paper lists its grid behind each layer; two winners of its table A2 "
        "are not in that list, so they are tried too.",
    )
    choose_by: Literal["accuracy", "f1"] = decided(
        "accuracy",
        "Held-out score, averaged over the splits, that chooses among the architectures.",
        "The paper reports the best accuracy of each row.  Choosing on the held-out folds "
        "flatters the number; the table of architectures shows by how much they differ.",
    )
    dropout: float = from_source(
        0.3, "Dropout between bi-LSTM layers and in the attention.", SEQUENCE, ge=0, lt=1
    )
    batch_size: int = from_source(64, "Clips in a batch.", SEQUENCE, ge=1)
    learning_rate: float = from_source(1e-3, "Adam's learning rate.", SEQUENCE, gt=0)
    weight_decay: float = decided(
        0.0, "Adam's weight decay.", f"The paper is silent; {SEQUENCE_CODE}.", ge=0
    )
    max_epochs: int = decided(
        300,
        "Passes over the training clips at most.",
        f"The paper is silent; {SEQUENCE_CODE}.",
        ge=1,
    )
    patience: int | None = from_source(
        30, "Epochs in a row without a better weighted F1 before training stops.", SEQUENCE, ge=1
    )
    clip_gradient_norm: float | None = decided(
        1.0,
        "Largest norm of all gradients together.",
        f"The paper is silent; {SEQUENCE_CODE}.",
        gt=0,
    )
    class_weights: Literal["balanced", "none"] = decided(
        "balanced",
        "Weight of a class in the cross-entropy: clips / (classes · clips of the class).",
        "The paper says weighted cross-entropy and gives no formula; the authors' published code "
        "balances classes.",
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those of the best epoch on the held-out actors, or the last ones.",
        "Early stopping on the F1 score implies it.  It flatters the held-out score; 'last' does "
        "not.",
    )

    @model_validator(mode="before")
    @classmethod
    def _paper_architectures(cls, given: Any) -> Any:
        """Name the architectures in full, so that what was tried is part of the settings."""
        if isinstance(given, dict) and not given.get("architectures"):
            layer = given.get("layer", cls.model_fields["layer"].default)
            known = PAPER_ARCHITECTURES.get(layer, ()) if isinstance(layer, str) else ()
            return {**given, "architectures": known}
        return given
