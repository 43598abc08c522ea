"""Settings of the CNN-14 speech model."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveFloat, model_validator

from mmer.settings import Settings, decided, from_source

PAPER = "paper section 4.1"
RECIPE = "PANNs' own transfer recipe (GTZAN), whose code the paper used"

SHORTEST_SECONDS = 0.31
"""32 log-mel frames, of which the five poolings of CNN-14 leave one step in time.

Written out, not computed, so that reading settings imports no network library.
"""


class Cnn14Settings(Settings):
    """How CNN-14 is initialised and fine-tuned."""

    weights: Literal["panns_cnn14_16k", "random"] = from_source(
        "panns_cnn14_16k",
        "Initial weights: those learned on AudioSet, or random ones.",
        PAPER,
    )
    width: float = from_source(
        1.0,
        "Factor on all channels; other than 1 only with random weights.",
        "paper section 5.1 (81 million parameters)",
        gt=0,
        le=1,
    )
    trainable: Literal["all", "last_block", "top"] = decided(
        "all",
        "What is trained: everything, the last convolution block and what follows it, or only the "
        "two linear layers. What is not trained keeps its batch-norm statistics too.",
        "The paper unfreezes 'a few of its top layers' and names none; " + RECIPE + ", freezes "
        "nothing.",
    )
    clip_seconds: float = decided(
        5.5,
        "Every clip is cut at its end or padded with silence to this many seconds.",
        "The paper names no length and " + RECIPE + ", fixes one; 5.5 s holds the longest clip of "
        "RAVDESS whole.",
        ge=SHORTEST_SECONDS,
    )
    batch_size: int = from_source(24, "Items in a batch.", PAPER, ge=2)
    max_iterations: int = from_source(30_000, "Optimiser steps at most.", PAPER, ge=1)
    learning_rate: float = from_source(1e-3, "Adam's learning rate.", PAPER, gt=0)
    betas: tuple[float, float] = from_source((0.9, 0.999), "Adam's decay rates.", PAPER)
    epsilon: float = from_source(1e-8, "Adam's epsilon.", PAPER, gt=0)
    amsgrad: bool = decided(
        True,
        "Whether Adam keeps the largest second moment (AMSGrad).",
        "The paper says 'the default optimizer of the library', and " + RECIPE + ", sets it.",
    )
    loss: Literal["mean_over_classes", "nll"] = decided(
        "mean_over_classes",
        "Negative log-likelihood averaged over clips and classes, or over clips only (8 times as "
        "large).",
        "The paper uses 'the negative log-likelihood loss implemented in PANNs', which averages "
        "over both.",
    )
    mixup_alpha: float = decided(
        1.0,
        "Both parameters of mixup's beta distribution; each item of a batch is then mixed from two "
        "clips. 0 mixes nothing.",
        "The paper is silent; " + RECIPE + ", trains with mixup, alpha 1.",
        ge=0,
    )
    spec_augment: bool = decided(
        True,
        "Whether stripes of time and frequency are silenced while training (SpecAugment).",
        "The paper is silent; it is part of the published network in training mode.",
    )
    evaluate_every: int = decided(
        200,
        "Iterations between two evaluations on the held-out actors.",
        "The paper is silent; " + RECIPE + ", uses 200.",
        ge=1,
    )
    patience: int | None = decided(
        None,
        "Evaluations in a row without a better accuracy before training stops; null never stops "
        "early.",
        "For CNN-14 the paper gives a number of iterations and no rule for stopping early.",
        ge=1,
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those with the best accuracy on the held-out actors, or those at the end.",
        "The paper gives 'a maximum number' of iterations and says of its other networks that it "
        "chose by the held-out score. This choice flatters that score; 'last' does not.",
    )
    precision: Literal["float32", "bfloat16"] = decided(
        "float32",
        "Number format of the convolutions: float32, on a GPU without TF32's rounding, or "
        "bfloat16. Weights, optimiser, batch-norm statistics, linear layers and loss are float32 "
        "either way.",
        "The paper is silent; float32 is the default of its framework, and the accuracy with "
        "bfloat16 has yet to be measured on RAVDESS.",
    )

    @model_validator(mode="after")
    def _weights_fit_the_network(self) -> Cnn14Settings:
        if self.weights != "random" and self.width != 1:
            raise ValueError(
                f"width {self.width} has no published weights: set weights to random or width to 1"
            )
        if self.weights == "random" and self.trainable != "all":
            raise ValueError(
                f"trainable '{self.trainable}' would freeze random weights: set trainable to all"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas {self.betas} must lie in [0, 1)")
        return self


DEEP_SPECTRUM = "DeepSpectrum 0.6.9 (paper reference 48), its default"


class SpectrogramImageSettings(Settings):
    """How a spectrogram becomes a picture; the defaults draw what DeepSpectrum draws."""

    mode: Literal["linear", "mel"] = from_source(
        "linear",
        "What is drawn: all Fourier bins on an even frequency axis, or mel bands.",
        DEEP_SPECTRUM,
    )
    mel_bands: int = from_source(128, "Bands of the mode mel.", DEEP_SPECTRUM, ge=8)
    window_seconds: float = from_source(
        0.025,
        "Length of the Fourier window, rounded up to a power of two of samples; windows overlap "
        "by half.",
        DEEP_SPECTRUM,
        ge=0.002,
        le=0.25,
    )
    size: int = from_source(
        227,
        "Width and height in pixels; a clip of any length fills the width.",
        DEEP_SPECTRUM,
        ge=63,
    )
    colour_map: Literal["viridis", "magma", "inferno", "plasma", "cividis"] = from_source(
        "viridis",
        "matplotlib's colour map; its ends are the quietest and the loudest point of each image.",
        DEEP_SPECTRUM,
    )


class MelImageSettings(SpectrogramImageSettings):
    """Images of mel spectrograms, for the fine-tuned AlexNet."""

    mode: Literal["linear", "mel"] = from_source(
        "mel",
        "What is drawn: all Fourier bins on an even frequency axis, or mel bands.",
        "paper table 1 (inputs: mel spectrograms)",
    )


def _alexnet_weights(weights: str, width: float) -> None:
    """A ValueError where published weights are asked for a network that is not the published."""
    if weights != "random" and width != 1:
        raise ValueError(
            f"width {width} has no published weights: set weights to random or width to 1"
        )


class AlexNetEmbeddingSettings(Settings):
    """How AlexNet turns a clip into an embedding without being trained on emotions."""

    weights: Literal["alexnet_imagenet", "random"] = from_source(
        "alexnet_imagenet",
        "Weights: those learned on ImageNet, or random ones (He et al. 2015).",
        "paper section 3.2.1",
    )
    width: float = from_source(
        1.0,
        "Factor on all channels and hidden layers; other than 1 only with random weights.",
        "paper section 3.2.1 (4096 values)",
        gt=0,
        le=1,
    )
    image: SpectrogramImageSettings = SpectrogramImageSettings()

    @model_validator(mode="after")
    def _weights_fit_the_network(self) -> AlexNetEmbeddingSettings:
        _alexnet_weights(self.weights, self.width)
        return self


class AlexNetSettings(Settings):
    """How AlexNet is initialised and fine-tuned on images of spectrograms."""

    weights: Literal["alexnet_imagenet", "random"] = from_source(
        "alexnet_imagenet",
        "Initial weights: those learned on ImageNet, or random ones (He et al. 2015).",
        "paper section 3.2.2",
    )
    width: float = from_source(
        1.0,
        "Factor on all channels and hidden layers; other than 1 only with random weights.",
        "paper section 5.1 (61 million parameters)",
        gt=0,
        le=1,
    )
    trainable: Literal["all", "last_convolution", "classifier"] = decided(
        "classifier",
        "What is trained: everything, the last convolution and what follows it, or only the three "
        "linear layers.",
        "The paper unfreezes 'a few of its top layers' and names none; these are the layers above "
        "the convolutions: two of the base model and the new one.",
    )
    image: MelImageSettings = MelImageSettings()
    clip_seconds: float | None = decided(
        None,
        "Every clip is cut at its end or padded with silence to this many seconds before it is "
        "drawn; null draws each clip at its own length.",
        "The paper names no length; DeepSpectrum, whose images these are, draws the whole file.",
        ge=SHORTEST_SECONDS,
    )
    normalise: bool = decided(
        True,
        "Whether images get ImageNet's mean and deviation before they enter the network.",
        "The paper is silent; the published weights were learned on such images.",
    )
    batch_size: int = decided(
        128,
        "Clips in a batch.",
        "The paper gives none for AlexNet but takes over the optimiser 'used for pre-training the "
        "model on ImageNet', and that training had batches of 128.",
        ge=1,
    )
    max_epochs: int = from_source(500, "Passes over the training clips at most.", PAPER, ge=1)
    learning_rate: float = from_source(1e-3, "SGD's learning rate.", PAPER, gt=0)
    momentum: float = from_source(0.9, "SGD's momentum.", PAPER, ge=0, lt=1)
    weight_decay: float = from_source(5e-4, "SGD's weight decay.", PAPER, ge=0)
    patience: int | None = decided(
        None,
        "Epochs in a row without a better accuracy before training stops; null never stops early.",
        "For AlexNet the paper gives a number of epochs and no rule for stopping early.",
        ge=1,
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those with the best accuracy on the held-out actors, or those at the end.",
        "The paper does not say; this is what it seems to do for its other networks.  This choice "
        "flatters the held-out score; 'last' does not.",
    )

    @model_validator(mode="after")
    def _weights_fit_the_network(self) -> AlexNetSettings:
        _alexnet_weights(self.weights, self.width)
        if self.weights == "random" and self.trainable != "all":
            raise ValueError(
                f"trainable '{self.trainable}' would freeze random weights: set trainable to all"
            )
        return self


class Cnn14EmbeddingSettings(Settings):
    """How CNN-14 turns a clip into an embedding without being trained on emotions."""

    weights: Literal["panns_cnn14_16k", "random"] = from_source(
        "panns_cnn14_16k",
        "Weights: those learned on AudioSet, or random ones.",
        "paper section 3.2.1",
    )
    width: float = from_source(
        1.0,
        "Factor on all channels; other than 1 only with random weights.",
        "paper section 3.2.1 (2048 values)",
        gt=0,
        le=1,
    )

    @model_validator(mode="after")
    def _weights_fit_the_network(self) -> Cnn14EmbeddingSettings:
        if self.weights != "random" and self.width != 1:
            raise ValueError(
                f"width {self.width} has no published weights: set weights to random or width to 1"
            )
        return self


class SupportVectorSettings(Settings):
    """How embeddings are classified."""

    kernel: Literal["rbf", "linear"] = from_source(
        "rbf", "Kernel of the support vector machine.", "paper section 3.2.1"
    )
    C: float = from_source(
        0.001, "Inverse strength of the regularisation.", "paper section 3.2.1", gt=0
    )
    gamma: Literal["scale", "auto"] | PositiveFloat = decided(
        "scale",
        "Width of the RBF kernel exp(-gamma distance²): scale is 1 / (dimensions · variance of "
        "all values), auto is 1 / dimensions, or a number.",
        "The paper names none; this is the default of the library it names.  Ten times as large, "
        "the classifier falls to chance (docs/svc_scaling.md).",
    )
    scaling: Literal["none", "standard", "minmax", "l2"] = decided(
        "none",
        "Scaling before the classifier: none; each dimension to mean 0 and deviation 1, or to "
        "[0, 1], fitted on the training rows; or each clip to length 1.",
        "The paper says that the embeddings were used and names no scaling.  With C = 0.001, "
        "standard scaling blows up dimensions that few clips activate and loses most on synthetic "
        "embeddings, the other three are alike (docs/svc_scaling.md).",
    )
    class_weight: Literal["none", "balanced"] = decided(
        "none",
        "Weight of a class: 1, or inverse to its number of training clips.",
        "The paper names none and this is the library's default.  With C = 0.001 it means that "
        "neutral, half as frequent as the others, is never predicted; balanced weights mend that "
        "only where the numbers are multiples of each other (docs/svc_scaling.md).",
    )
    break_ties: bool = decided(
        False,
        "Whether of classes that win equally many duels the clearest is predicted, and not the "
        "first in RAVDESS order.",
        "The paper is silent and this is the library's default; on synthetic embeddings it changes "
        "1 to 3 % of the clips and the accuracy by less than half a point.",
    )
