"""A frozen self-supervised encoder of speech with a small head, and one that is fine-tuned.

Sources: Baevski et al. 2020, "wav2vec 2.0"; Hsu et al. 2021, "HuBERT"; Chen et al. 2022, "WavLM";
the weighting of layers: Yang et al. 2021, "SUPERB"; the pooling: Okabe et al. 2018, "Attentive
Statistics Pooling for Deep Speaker Embedding"; the fine-tuning: Luna-Jiménez et al. 2022, "A
Proposal for Multimodal Emotion Recognition Using Aural Transformers and Action Units on RAVDESS
Dataset", and its published code.
"""

from dataclasses import replace
from typing import Literal

from mmer.models.base import LEARN, TRAINED, ModelEntry, ModelJob, Output, Resources, Step
from mmer.models.speech_encoder_settings import EncoderFamily, EncoderSettings, EncoderWeights
from mmer.settings import Settings, decided, from_source

LATER_PAPER = "the code that the later paper's authors published, wav2vec2's fine-tuning"


class HeadSettings(Settings):
    """The small network on a frozen encoder's layers."""

    width: int = decided(
        256, "Values of a frame after its projection.", "As SUPERB's heads have.", ge=1
    )
    dropout: float = decided(
        0.2, "Dropout before the last layer.", "Few items, many values.", ge=0, lt=1
    )
    batch_size: int = decided(32, "Items in a batch.", "A steady gradient.", ge=1)
    learning_rate: float = decided(1e-3, "AdamW's learning rate.", "Its usual one.", gt=0)
    weight_decay: float = decided(1e-2, "AdamW's weight decay.", "The library's default.", ge=0)
    max_epochs: int = decided(
        40, "Passes over the training items at most.", "Early stopping ends sooner.", ge=1
    )
    patience: int | None = decided(
        10,
        "Epochs in a row without a better score before training stops; null never stops early.",
        "A score on few items jumps from one epoch to the next.",
        ge=1,
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those with the best score on the items that choose, or those at the end.",
        "As the paper does for its networks.  Where those who choose are those who are tested, "
        "this flatters the score; 'last' does not.",
    )


class SpeechEncoderSettings(EncoderSettings):
    """A frozen encoder and its head."""

    frames_per_step: int = decided(
        10,
        "The encoder's frames, 20 ms each, whose mean is kept as one step; 1 keeps every frame.",
        "200 ms are a syllable, of which attention still sees 18 in an item.  Of RAVDESS a base "
        "encoder's 13 layers then take 0.5 GB and a large one's 25 take 1.4 GB, instead of 5.3 and "
        "13.6 GB, and a head is trained in under a minute of one core.",
        ge=1,
    )
    normalise_layers: bool = decided(
        True,
        "Whether every frame of every layer is brought to mean 0 and deviation 1 over its values "
        "before means are kept.",
        "Layers differ in size by orders of magnitude, and a learned weight would first have to "
        "make up for that.",
    )
    head: HeadSettings = HeadSettings()


class SpeechEncoderEntry(ModelEntry):
    """A frozen encoder of speech with a small head."""

    family: Literal["speech_encoder"]
    settings: SpeechEncoderSettings = SpeechEncoderSettings()


class SpeechEncoder(EncoderFamily):
    """Every item passes the encoder once; a head per split weights its layers and pools them."""

    name = "speech_encoder"
    Entry = SpeechEncoderEntry
    takes = (
        Step(
            "encode",
            "variant",
            {
                "layers": Output("layers.npy", "variant"),
                "layers_items": Output("layers_items.npz", "variant"),
            },
            media=("audio",),
            uses_weights=True,
            ignores=frozenset({"head"}),
            resources=Resources(gpu="shared", memory_mb=6000, minutes=120),
        ),
        Step(
            "train",
            "split",
            TRAINED,
            own=("layers", "layers_items"),
            resources=Resources(gpu="shared", memory_mb=4000, minutes=60),
        ),
    )

    def encode(self, job: ModelJob) -> None:
        """Keep what every layer says of every item."""
        from mmer.models.networks.encoded_layers import encode

        encode(job)

    def train(self, job: ModelJob) -> None:
        """Train a head on one split."""
        from mmer.models.networks.speech_head import train

        train(job)


class FineTunedEncoderSettings(EncoderSettings):
    """How an encoder is trained on, its convolutions frozen."""

    weights: EncoderWeights = from_source(
        "wav2vec2_large_english", "Weights that training starts from.", LATER_PAPER
    )
    dropout: float = from_source(
        0.0,
        "Dropout before both layers of the head.",
        f"{LATER_PAPER}: as its weights' configuration says",
        ge=0,
        lt=1,
    )
    batch_size: int = from_source(
        8, "Items in a batch.", f"{LATER_PAPER}: 4, and 2 batches per step", ge=1
    )
    learning_rate: float = from_source(
        1e-4, "AdamW's learning rate at first; it falls to 0 in a line.", LATER_PAPER, gt=0
    )
    weight_decay: float = from_source(
        0.0, "AdamW's weight decay.", f"{LATER_PAPER}: its library's default", ge=0
    )
    clip_gradient_norm: float | None = from_source(
        1.0, "Largest norm of all gradients together.", f"{LATER_PAPER}: its library's default"
    )
    max_epochs: int = from_source(10, "Passes over the training items.", LATER_PAPER, ge=1)
    evaluate_every: int = from_source(
        10, "Steps between two evaluations on the items that choose.", LATER_PAPER, ge=1
    )
    patience: int | None = from_source(
        None, "Evaluations in a row without a better score before training stops.", LATER_PAPER
    )
    keep: Literal["best", "last"] = from_source(
        "best",
        "Weights kept: those with the best score on the items that choose, or those at the end.",
        f"{LATER_PAPER}, on those who are tested, which flatters the score",
    )


class FineTunedEncoderEntry(ModelEntry):
    """A fine-tuned encoder of speech."""

    family: Literal["fine_tuned_speech_encoder"]
    settings: FineTunedEncoderSettings = FineTunedEncoderSettings()


class FineTunedSpeechEncoder(EncoderFamily):
    """The transformer and a head on the mean of its last layer learn; the convolutions stay."""

    name = "fine_tuned_speech_encoder"
    Entry = FineTunedEncoderEntry
    takes = (replace(LEARN, resources=Resources(gpu="whole", memory_mb=16_000, minutes=720)),)

    def train(self, job: ModelJob) -> None:
        """Train one split."""
        from mmer.models.networks.speech_encoder_training import train

        train(job)
