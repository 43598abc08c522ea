"""AlexNet fine-tuned on images of the corpus's spectrograms."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from mmer.media.spectrogram_image_settings import MelImageSettings
from mmer.models.base import LEARN, Family, ModelEntry, ModelJob, Resources
from mmer.models.weights_settings import PAPER, SHORTEST_SECONDS, WeightsSettings
from mmer.settings import decided, from_source


class AlexNetSettings(WeightsSettings):
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
        "Every item is cut at its end or padded with silence to this many seconds before it is "
        "drawn; null draws each at its own length.",
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
        "Items in a batch.",
        "The paper gives none for AlexNet but takes over the optimiser 'used for pre-training the "
        "model on ImageNet', and that training had batches of 128.",
        ge=1,
    )
    max_epochs: int = from_source(500, "Passes over the training items at most.", PAPER, ge=1)
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
        "Weights kept: those with the best accuracy on the speakers who choose, or those at the "
        "end.",
        "The paper does not say; this is what it seems to do for its other networks.  This choice "
        "flatters the held-out score; 'last' does not.",
    )


class AlexNetEntry(ModelEntry):
    """AlexNet fine-tuned on images of the corpus's spectrograms."""

    family: Literal["alexnet"]
    settings: AlexNetSettings = AlexNetSettings()


class AlexNet(Family):
    """AlexNet, trained on images of the spectrograms of a split's recordings."""

    name = "alexnet"
    Entry = AlexNetEntry
    takes = (replace(LEARN, resources=Resources(gpu="whole", memory_mb=12_000, minutes=240)),)

    def train(self, job: ModelJob) -> None:
        """Train one split."""
        from mmer.models.networks.alexnet_training import train

        train(job)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Posteriors of the pieces' spectrograms."""
        from mmer.models.networks.kept_fine_tuned import alexnet_predictor

        return alexnet_predictor(kept)
