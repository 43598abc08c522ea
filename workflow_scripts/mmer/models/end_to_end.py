"""End-to-end networks: raw sound and faces in, classes or traces out, trained as one.

Source: Tzirakis, Trigeorgis, Nicolaou, Schuller and Zafeiriou 2017, End-to-End Multimodal Emotion
Recognition using Deep Neural Networks (IEEE J. Sel. Topics Signal Process. 11(8)), by the authors'
published code (BSD 3-Clause), which was read and not copied.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from mmer.models.base import ModelEntry, ModelJob, Name, Origin, Resources, Step, Variant
from mmer.models.network import NetworkFamily, NetworkSettings
from mmer.settings import decided, from_source

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from mmer.models.networks.end_to_end import EndToEnd as Network
    from mmer.tasks import Classes, Traces

CODE = "the authors' published code"

MODALITIES = {"voice": "speech", "face": "face", "both": "fusion"}
"""What reports call what a network takes in."""

OF_THE_FACE = (
    "face_blocks",
    "face_width",
    "weights",
    "face_side",
    "face_standardised",
    "face_enlarged",
    "face_saturation",
    "face_brightness",
)
"""Settings that a network without faces does not use."""

STEP_SAMPLES = 640
"""40 ms at 16 kHz, a step of the network and of RECOLA's ratings."""


class EndToEndSettings(NetworkSettings):
    """How the network is built and trained."""

    senses: Literal["voice", "face", "both"] = Field(
        "voice", description="What it takes in: 40 ms of raw sound a step, a face a step, or both."
    )
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
        "LSTM, which does neither: a training step on the voice at full size takes 0.65 s of a "
        "core instead of 0.80 s.",
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
    levelled: bool = decided(
        False,
        "Whether an item's samples are told in deviations of its own, so that none is louder than "
        "another.",
        "The code tells them as they are.  Among the training speakers of RAVDESS's first split "
        "deviations were worth three points, see docs/real_voices.md.",
    )
    shifted: bool = decided(
        False,
        "Whether training begins an item anywhere within its first 40 ms, each time anew, so that "
        "its sound falls differently into steps.",
        "The code does not; on the same speakers it was worth a point.",
    )
    face_blocks: tuple[int, int, int, int] = from_source(
        (3, 4, 6, 3), "Blocks of each group of the ResNet that sees; these are ResNet-50's.", CODE
    )
    face_width: float = from_source(
        1.0, "Factor on the ResNet's channels; the published weights have 1.", CODE, gt=0, le=1
    )
    weights: Literal["resnet50_imagenet", "random"] = decided(
        "resnet50_imagenet",
        "What the ResNet starts from, unless from a model that sees.",
        "The code restores a checkpoint if one is named and names none; ResNets are seldom trained "
        "from random weights on so few people.",
    )
    face_side: int = from_source(
        96, "Pixels of a side at which the network sees a face.", CODE, ge=32, le=96
    )
    face_standardised: bool = decided(
        True,
        "Whether colours are told in deviations from ImageNet's mean.",
        "The code tells values in [0, 1], but torchvision's weights were trained on deviations.",
    )
    face_enlarged: int = from_source(
        110,
        "Pixels of a side to which training enlarges each face, to show 96 from anywhere.",
        CODE,
        ge=96,
    )
    face_saturation: float = from_source(
        0.5,
        "Largest share by which training changes a face's saturation.",
        CODE,
        ge=0,
        le=1,
    )
    face_brightness: float = from_source(
        32 / 255, "Most that training adds to a face's colours, or takes.", CODE, ge=0, le=1
    )
    initialisation: Literal["glorot", "library"] = decided(
        "glorot",
        "Random weights but the ResNet's: Glorot's uniform ones with biases of 0, 1 for forget "
        "gates; or torch's.",
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

    @model_validator(mode="after")
    def _weights_fit_the_network(self) -> EndToEndSettings:
        full = self.face_width == 1 and self.face_blocks == (3, 4, 6, 3)
        if self.senses != "voice" and self.weights != "random" and not full:
            raise ValueError(
                "a ResNet of another size than ResNet-50 has no published weights: set weights to "
                "random, or face_blocks and face_width to their defaults"
            )
        if self.senses != "voice" and self.standardise:
            raise ValueError("only sound is standardised: set standardise to false")
        return self


class EndToEndEntry(ModelEntry):
    """Its entry under ``models``; traces follow whole recordings."""

    family: Literal["end_to_end"]
    modality: Literal["speech", "face", "fusion"] = "speech"
    variants: tuple[Variant, ...] = Field(("full",), min_length=1)
    voice: Name | None = Field(
        None, description="Of both: the model of the voice whose branch it starts from."
    )
    face: Name | None = Field(
        None, description="Of both: the model of the face whose branch it starts from."
    )
    settings: EndToEndSettings = EndToEndSettings()

    @property
    def reads(self) -> tuple[str, ...]:
        """The models that it starts from."""
        return () if self.voice is None or self.face is None else (self.voice, self.face)

    @model_validator(mode="after")
    def _fits_together(self) -> EndToEndEntry:
        fitting = MODALITIES[self.settings.senses]
        if self.modality != fitting:
            raise ValueError(
                f"what takes in {self.settings.senses} has the modality {fitting}: set it so"
            )
        if (self.voice is None) != (self.face is None):
            raise ValueError("give voice and face together: a branch of each")
        if self.voice is not None and self.settings.senses != "both":
            raise ValueError("only what takes in both starts from voice and face: remove them")
        if self.of is not None:
            raise ValueError("it starts from the models named by voice and face: remove of")
        return self


class EndToEnd(NetworkFamily):
    """A branch on the sound of each 40 ms, one on its face, then recurrent layers over all steps.

    The sound says how many steps an item has, so that it is read of a face alone too.
    """

    name = "end_to_end"
    Entry = EndToEndEntry
    needs = frozenset({"model"})

    def steps(self, entry: EndToEndEntry, has: frozenset[str]) -> tuple[Step, ...]:
        """Train on each split."""
        (step,) = self.takes
        if entry.settings.senses == "voice":
            return (replace(step, ignores=frozenset(OF_THE_FACE)),)
        return (
            replace(
                step,
                media=("audio", "faces"),
                of_base=("model",),
                uses_weights=not entry.reads,
                resources=Resources(gpu="whole", memory_mb=12000, minutes=720),
            ),
        )

    def weights(self, entry: EndToEndEntry, has: frozenset[str]) -> str | None:
        """Those of the ResNet, where it sees and starts from no other model."""
        blind = entry.settings.senses == "voice" or entry.reads
        return None if blind else super().weights(entry, has)

    def starts_at_random(self, entry: EndToEndEntry) -> bool:
        """Whether a ResNet does; convolutions on raw sound have no usual weights."""
        return entry.settings.senses != "voice" and super().starts_at_random(entry)

    def unlike_paper(self, entry: EndToEndEntry) -> str | None:
        """A ResNet of random weights."""
        return super().unlike_paper(entry) if self.starts_at_random(entry) else None

    def origin(self, entry: EndToEndEntry, has: frozenset[str]) -> Origin | None:
        """The models that it starts from."""
        return Origin(f"branches of {' and '.join(entry.reads)}") if entry.reads else None

    def features(self, samples: np.ndarray, settings: EndToEndSettings) -> Tensor:
        """Samples of each step, ``(steps, 640)``; what is left at the end is dropped.

        They lie in [-1, 1], or are deviations of the item's own.
        """
        from mmer.models.networks.end_to_end import levelled, steps_of

        steps = steps_of(samples, STEP_SAMPLES)
        return levelled(steps) if settings.levelled else steps

    def augment(self, features: Tensor, settings: EndToEndSettings) -> Tensor:
        """The item as it is, or from anywhere within its first step on, with zeros at its end."""
        from mmer.models.networks.end_to_end import shifted

        return shifted(features) if settings.shifted else features

    def network(self, width: int, task: Classes | Traces, settings: EndToEndSettings) -> Network:
        """The network, with random weights."""
        from mmer.models.networks.end_to_end import EndToEnd as Network
        from mmer.tasks import Classes

        return Network(width, task.outputs, isinstance(task, Classes), settings)

    def train(self, job: ModelJob) -> None:
        """Train one split."""
        if "faces" not in job.inputs:
            super().train(job)
            return
        from mmer.models.networks.end_to_end_training import train

        train(self, job)
