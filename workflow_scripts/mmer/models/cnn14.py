"""CNN-14 fine-tuned on the corpus, a network of PANNs."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import field_validator

from mmer.models.base import LEARN, Family, ModelEntry, ModelJob, Resources
from mmer.models.weights_settings import PAPER, SHORTEST_SECONDS, WeightsSettings
from mmer.settings import decided, from_source

RECIPE = "PANNs' own transfer recipe (GTZAN), whose code the paper used"


class Cnn14Settings(WeightsSettings):
    """How CNN-14 is initialised and fine-tuned."""

    weights: Literal["panns_cnn14_16k", "random"] = from_source(
        "panns_cnn14_16k", "Initial weights: those learned on AudioSet, or random ones.", PAPER
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
        "Every item is cut at its end or padded with silence to this many seconds.",
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
        "Negative log-likelihood averaged over items and classes, or over items only "
        "(larger by the number of classes).",
        "The paper uses 'the negative log-likelihood loss implemented in PANNs', which averages "
        "over both.",
    )
    mixup_alpha: float = decided(
        1.0,
        "Both parameters of mixup's beta distribution; each item of a batch is then mixed from "
        "two. 0 mixes nothing.",
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
        "Iterations between two evaluations on the speakers who choose.",
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
        "Weights kept: those with the best accuracy on the speakers who choose, or those at the "
        "end.",
        "The paper gives 'a maximum number' of iterations and says of its other networks that it "
        "chose by the held-out score. This choice flatters that score; 'last' does not.",
    )
    precision: Literal["float32", "bfloat16"] = decided(
        "float32",
        "Number format of the convolutions: float32 (compute.tf32 may round it on a GPU) or "
        "bfloat16. Weights, optimiser, batch-norm statistics, linear layers and loss are float32 "
        "either way.",
        "The paper is silent; float32 is the default of its framework.  On synthetic voices "
        "bfloat16 changes the accuracy no more than another seed does; "
        "on RAVDESS it has yet to be measured.",
    )

    @field_validator("betas")
    @classmethod
    def _decay(cls, betas: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas {betas} must lie in [0, 1)")
        return betas


class Cnn14Entry(ModelEntry):
    """CNN-14 fine-tuned on the corpus."""

    family: Literal["cnn14"]
    settings: Cnn14Settings = Cnn14Settings()


class Cnn14(Family):
    """CNN-14, trained on the log-mel spectrograms of a split's recordings."""

    name = "cnn14"
    Entry = Cnn14Entry
    takes = (replace(LEARN, resources=Resources(gpu="whole", memory_mb=12_000, minutes=720)),)

    def train(self, job: ModelJob) -> None:
        """Train one split."""
        from mmer.models.networks.cnn14_training import train

        train(job)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Posteriors of the pieces' log-mels."""
        from mmer.models.networks.kept_fine_tuned import cnn14_predictor

        return cnn14_predictor(kept)
