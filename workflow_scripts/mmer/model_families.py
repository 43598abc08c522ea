"""Every kind of model that a configuration may name: its family, inputs and settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mmer.external.layouts import ExternalLayout
from mmer.face.settings import AffectNetSettings, BiLstmSettings, SpatialTransformerSettings
from mmer.settings import Settings
from mmer.speech.alexnet_settings import AlexNetEmbeddingSettings, AlexNetSettings
from mmer.speech.cnn14_settings import Cnn14EmbeddingSettings, Cnn14Settings
from mmer.speech.support_vector_settings import SupportVectorSettings

Variant = Literal["full", "vad"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]


class _Model(Settings):
    """What every entry under ``models`` has."""

    title: str = Field(description="What tables and figures call it.")
    variants: tuple[Variant, ...] = Field(("full", "vad"), min_length=1)


class Cnn14Model(_Model):
    """CNN-14 fine-tuned on the corpus."""

    family: Literal["cnn14"]
    modality: Literal["speech"] = "speech"
    settings: Cnn14Settings = Cnn14Settings()


class AlexNetModel(_Model):
    """AlexNet fine-tuned on images of the corpus's spectrograms."""

    family: Literal["alexnet"]
    modality: Literal["speech"] = "speech"
    settings: AlexNetSettings = AlexNetSettings()


class AlexNetEmbeddingModel(_Model):
    """DeepSpectrum's embeddings: AlexNet's fc7 of spectrogram images, nothing trained."""

    family: Literal["alexnet_embedding"]
    modality: Literal["speech"] = "speech"
    settings: AlexNetEmbeddingSettings = AlexNetEmbeddingSettings()


class Cnn14EmbeddingModel(_Model):
    """PANNs' embeddings: CNN-14's last hidden layer, nothing trained."""

    family: Literal["cnn14_embedding"]
    modality: Literal["speech"] = "speech"
    settings: Cnn14EmbeddingSettings = Cnn14EmbeddingSettings()


class SupportVectorModel(_Model):
    """A support vector classifier on embeddings."""

    family: Literal["support_vector"]
    modality: Literal["speech"] = "speech"
    of: Name = Field(description="The embeddings it reads.")
    settings: SupportVectorSettings = SupportVectorSettings()


class MajorityModel(_Model):
    """ZeroR: the most frequent class of the training clips."""

    family: Literal["majority"]
    modality: Literal["speech", "face"]
    variants: tuple[Variant, ...] = ("full",)


class LiteratureModel(_Model):
    """A constant that the literature states."""

    family: Literal["literature"]
    modality: Literal["speech", "face"]
    variants: tuple[Variant, ...] = ("full",)
    accuracy: float = Field(description="In percent.", gt=0, le=100)
    source: str = Field(description="Where it is stated.")


class AffectNetModel(_Model):
    """The guided spatial transformer trained on AffectNet, or the published one."""

    family: Literal["affectnet"]
    modality: Literal["face"] = "face"
    target: Literal["valence", "emotion"] = Field(
        description="Three classes of valence, or seven emotions."
    )
    published: Name | None = Field(
        None, description="Registered weights to use where data.affectnet names no folder."
    )
    settings: AffectNetSettings = AffectNetSettings()


class SpatialTransformerModel(_Model):
    """The guided spatial transformer fine-tuned on the corpus's frames."""

    family: Literal["spatial_transformer"]
    modality: Literal["face"] = "face"
    of: Name | None = Field(
        None, description="The AffectNet model whose weights it starts from; null for random ones."
    )
    settings: SpatialTransformerSettings = SpatialTransformerSettings()


class MaxVotingModel(_Model):
    """Max voting over the frames of a spatial transformer."""

    family: Literal["max_voting"]
    modality: Literal["face"] = "face"
    of: Name = Field(description="The spatial transformer or AffectNet model whose frames vote.")


class BiLstmModel(_Model):
    """A bi-LSTM with attention over the frames of a spatial transformer."""

    family: Literal["bilstm"]
    modality: Literal["face"] = "face"
    of: Name = Field(description="The spatial transformer or AffectNet model whose layer it reads.")
    settings: BiLstmSettings = BiLstmSettings()


class ExternalModel(_Model):
    """A model trained elsewhere, which enters as tables of posteriors."""

    family: Literal["external"]
    modality: Literal["speech", "face", "fusion"]
    variants: tuple[Variant, ...] = ("full",)
    train: str | None = Field(None, description="Address or path of the training rows' table.")
    heldout: str = Field(description="Address or path of the held-out rows' table.")
    first_fold: int = Field(0, description="What {fold} in addresses begins with.", ge=0)
    layout: ExternalLayout

    def table(self, part: Literal["train", "heldout"], fold: int) -> str | None:
        """Address or path of one table; ``{fold}`` in it is filled in."""
        template = self.train if part == "train" else self.heldout
        return None if template is None else template.replace("{fold}", str(fold + self.first_fold))


BASES: dict[str, tuple[str, ...]] = {
    "support_vector": ("alexnet_embedding", "cnn14_embedding"),
    "spatial_transformer": ("affectnet",),
    "max_voting": ("spatial_transformer", "affectnet"),
    "bilstm": ("spatial_transformer", "affectnet"),
}
"""Families that read another model, and which they may read.  Models that are read give no
posteriors of their own."""

AnyModel = Annotated[
    Cnn14Model
    | AlexNetModel
    | AlexNetEmbeddingModel
    | Cnn14EmbeddingModel
    | SupportVectorModel
    | MajorityModel
    | LiteratureModel
    | AffectNetModel
    | SpatialTransformerModel
    | MaxVotingModel
    | BiLstmModel
    | ExternalModel,
    Field(discriminator="family"),
]
