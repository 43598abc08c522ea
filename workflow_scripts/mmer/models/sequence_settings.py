"""What families of bi-LSTMs with attention share: their settings, and what their grid puts out."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mmer.models.base import TRAINED, Output
from mmer.settings import Settings, decided, from_source

SEQUENCE = "paper section 4.2, the sequential model"
SEQUENCE_CODE = "the authors' published code for the same model uses it"

GRID_OUTPUTS = {
    **TRAINED,
    "attention": Output("attention.npz", "split"),
    "architectures": Output("architectures.csv", "variant"),
    "crossed": Output("crossed.csv", "split"),
}

Layer = Literal["posteriors", "logits", "fc50", "fc50_before_relu", "flatten810"]


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

_LAST, _FC50 = _grid(*_ONE_OR_TWO), _grid(*_ONE_OR_TWO, (2, 50, 1))

PAPER_ARCHITECTURES: dict[Layer, tuple[Architecture, ...]] = {
    "posteriors": _LAST,
    "logits": _LAST,
    "fc50": _FC50,
    "fc50_before_relu": _FC50,
    "flatten810": _grid(*((2, units, 2) for units in (50, 150, 200, 300)), (1, 150, 1)),
}
"""What is tried behind each layer: paper section 4.2, and the two winners of table A2 that section
4.2 does not name, (2, 50, 1) behind fc50 and (1, 150, 1) behind flatten-810."""


class SequenceSettings(Settings):
    """A bi-LSTM with attention over the frames of an item."""

    architectures: tuple[Architecture, ...] = decided(
        (),
        "Sizes to try, each as layers, units and attention_layers; none for those of the paper.",
        "Section 4.2 of the paper lists its grid behind each layer; two winners of its table A2 "
        "are not in that list, so they are tried too.",
    )
    choose_by: Literal["accuracy", "f1"] = decided(
        "accuracy",
        "Score of the items that choose, averaged over the splits, by which one is taken.",
        "The paper reports the best accuracy of each row.  Choosing on those who are tested "
        "flatters the number; the table of architectures shows by how much they differ.",
    )
    dropout: float = from_source(
        0.3, "Dropout between bi-LSTM layers and in the attention.", SEQUENCE, ge=0, lt=1
    )
    batch_size: int = from_source(64, "Items in a batch.", SEQUENCE, ge=1)
    learning_rate: float = from_source(1e-3, "Adam's learning rate.", SEQUENCE, gt=0)
    weight_decay: float = decided(
        0.0, "Adam's weight decay.", f"The paper is silent; {SEQUENCE_CODE}.", ge=0
    )
    max_epochs: int = decided(
        300,
        "Passes over the training items at most.",
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
        "Weight of a class in the cross-entropy: items / (classes · items of the class).",
        "The paper says weighted cross-entropy and gives no formula; the authors' published code "
        "balances classes.",
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those of the best epoch on the items that choose, or the last ones.",
        "Early stopping on the F1 score implies it.  Where those who choose are tested, it "
        "flatters the score; 'last' does not.",
    )

    @field_validator("architectures")
    @classmethod
    def _each_once(cls, sizes: tuple[Architecture, ...]) -> tuple[Architecture, ...]:
        if len({size.name for size in sizes}) < len(sizes):
            raise ValueError("name each architecture once")
        return sizes


class BiLstmSettings(SequenceSettings):
    """The bi-LSTM with attention behind the spatial transformer."""

    layer: Layer = decided(
        "flatten810",
        "Layer of the spatial transformer that it reads: posteriors (after the softmax) or logits "
        "(before it), fc50 (after its ReLU) or fc50_before_relu, or flatten810.",
        "Section 3.3.2 of the paper compares three layers and calls the last one's output "
        "posteriors, which are probabilities, so the shipped rows read them after the softmax; but "
        "files that the authors later published under that name hold logits.  Of fc50 it does not "
        "say on which side of the ReLU of table A1 it is read; the shipped rows read it after, as "
        "the next layer does, and flatten810 lies behind its ReLU in that table too.",
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
