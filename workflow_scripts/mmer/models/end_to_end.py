"""End-to-end networks: raw sound in, classes or traces out, trained as one.

Source: Tzirakis, Trigeorgis, Nicolaou, Schuller and Zafeiriou 2017, End-to-End Multimodal Emotion
Recognition using Deep Neural Networks (IEEE J. Sel. Topics Signal Process. 11(8)), by the authors'
published code (BSD 3-Clause), which was read and not copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from mmer.models.base import ModelEntry, Variant
from mmer.models.network import NetworkFamily, NetworkSettings
from mmer.settings import decided, from_source

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from mmer.models.networks.end_to_end import EndToEnd as Network
    from mmer.tasks import Classes, Traces

CODE = "the authors' published code"

STEP_SAMPLES = 640
"""40 ms at 16 kHz, a step of the network and of RECOLA's ratings."""


class EndToEndSettings(NetworkSettings):
    """How the network is built and trained."""

    channels: int = from_source(
        40,
        "Filters of each of the two convolutions; a multiple of the pooled ones.",
        CODE + ", which says that 400 in the second are slower and no better",
        ge=1,
    )
    pooled_channels: int = from_source(
        10, "Filters of the second convolution of which the largest is kept.", CODE, ge=1
    )
    units: int = from_source(256, "Units of each recurrent layer.", CODE, ge=1)
    layers: int = from_source(2, "Recurrent layers, which read forward only.", CODE, ge=1)
    recurrent: Literal["published", "library"] = from_source(
        "published",
        "'published' looks at its cells through peepholes and clips them; 'library' is torch's "
        "LSTM, which does neither and is faster.",
        CODE,
    )
    cell_clip: float = from_source(100.0, "Largest size of a cell's value.", CODE, gt=0)
    sound_dropout: float = from_source(
        0.5,
        "Share of the raw samples that training hides.",
        CODE + " (dropout by the default rate of its library)",
        ge=0,
        lt=1,
    )
    initialisation: Literal["glorot", "library"] = decided(
        "glorot",
        "Random weights: Glorot's uniform ones with biases of 0, 1 for forget gates; or torch's.",
        "The code names none, and these are its library's for convolutions; LSTMs there add 1 to "
        "their forget gates.",
    )
    sequence_steps: int | None = from_source(
        150,
        "Steps of a sequence to train on, where the task has traces; null takes whole items.",
        CODE + ": the run that its evaluation names, 6 s",
        ge=2,
    )
    batch_size: int = from_source(2, "Sequences, or items with classes, in a batch.", CODE, ge=1)
    learning_rate: float = from_source(1e-4, "Adam's learning rate.", CODE, gt=0)
    weight_decay: float = from_source(0.0, "Weight decay of Adam.", CODE, ge=0)
    max_epochs: int = decided(
        50,
        "Passes over the training items at most.",
        "The checkpoint that the published code names is of step 9,789, which is 24 passes over "
        "its 16 recordings.",
        ge=1,
    )
    patience: int | None = decided(
        10,
        "Epochs in a row without a better score before training stops; null never stops early.",
        "The code keeps the checkpoint that is best on the development part and does not say when "
        "to stop.",
        ge=1,
    )
    standardise: bool = from_source(
        False, "Whether samples are told in deviations from their mean.", CODE
    )


class EndToEndEntry(ModelEntry):
    """Its entry under ``models``; traces follow whole recordings."""

    family: Literal["end_to_end"]
    modality: Literal["speech"] = "speech"
    variants: tuple[Variant, ...] = Field(("full",), min_length=1)
    settings: EndToEndSettings = EndToEndSettings()


class EndToEnd(NetworkFamily):
    """Convolutions on the raw sound of each 40 ms, then recurrent layers over all of them."""

    name = "end_to_end"
    Entry = EndToEndEntry

    def features(self, samples: np.ndarray, settings: EndToEndSettings) -> Tensor:
        """Samples in [-1, 1] of each step, ``(steps, 640)``; what is left at the end is dropped."""
        from mmer.models.networks.end_to_end import steps_of

        return steps_of(samples, STEP_SAMPLES)

    def network(self, width: int, task: Classes | Traces, settings: EndToEndSettings) -> Network:
        """The network, with random weights."""
        from mmer.models.networks.end_to_end import EndToEnd as Network
        from mmer.tasks import Classes

        return Network(width, task.outputs, isinstance(task, Classes), settings)
