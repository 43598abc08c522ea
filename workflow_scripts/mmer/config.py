"""The one configuration: typed, complete, and checked before anything runs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from mmer.corpus.folds import PAPER_FOLDS, Split, one_fold_out
from mmer.evaluation.settings import EvaluationSettings, PaperRow
from mmer.external.layouts import ExternalLayout
from mmer.face.settings import AffectNetSettings, BiLstmSettings, SpatialTransformerSettings
from mmer.fusion.settings import FusionSettings
from mmer.prepare.affectnet_settings import AffectNetPreparationSettings
from mmer.prepare.settings import PreparationSettings, SaliencySettings, VoiceActivitySettings
from mmer.report.settings import ReportSettings
from mmer.settings import Settings, decided, from_source
from mmer.speech.alexnet_settings import AlexNetEmbeddingSettings, AlexNetSettings
from mmer.speech.cnn14_settings import Cnn14EmbeddingSettings, Cnn14Settings
from mmer.speech.support_vector_settings import SupportVectorSettings

Variant = Literal["full", "vad"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]


def _path(text: str) -> str:
    """A path that a command line and a file system can carry."""
    if not text or "\0" in text or text.startswith("-"):
        raise ValueError("a path is not empty, holds no NUL and does not begin with '-'")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a path is made of whole characters") from None
    return text


PATTERN_LETTERS = "{}<>"

PathText = Annotated[str, AfterValidator(_path)]
"""A path or address that the user gives; spaces, quotes and line breaks in it are carried."""


def _no_pattern(text: str) -> str:
    """A path that the workflow engine takes for itself and for no pattern of several."""
    if set(text.replace("{fold}", "")) & set(PATTERN_LETTERS):
        raise ValueError("the workflow engine reads {, }, < and > as patterns; rename it")
    return text


FilePath = Annotated[PathText, AfterValidator(_no_pattern)]
"""A path that becomes an input or output of a step."""


class DataSettings(Settings):
    """Where data come from."""

    ravdess: FilePath | None = Field(
        None,
        description="Folder with Video_Speech_Actor_NN.zip files or Actor_NN folders; null "
        "downloads the corpus.",
    )
    affectnet: FilePath | None = Field(
        None,
        description="Folder with AffectNet's manually annotated pictures and lists; null uses the "
        "published networks where there are any.  It needs a licence and is never downloaded.",
    )
    mirror: PathText | None = Field(
        None,
        description="Folder or address prefix that serves every download from "
        "<mirror>/<host>/<path>; null downloads from the internet.",
    )
    downloads: FilePath = Field("downloads", description="Folder for downloaded files.")


class CorpusSettings(Settings):
    """Which corpus, and what it must hold."""

    label: str = Field("RAVDESS", description="What every table, figure and page calls the data.")
    record: int = from_source(1188976, "Zenodo record of the corpus.", "RAVDESS", gt=0)
    actors: tuple[int, ...] = from_source(
        tuple(range(1, 25)), "Actors to use.", "paper section 3.1", min_length=2
    )
    clips_per_actor: int = from_source(
        60, "Clips of modality 01 and channel 01 that each actor must have.", "RAVDESS", gt=0
    )

    @field_validator("actors")
    @classmethod
    def _known_once(cls, actors: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(actors)) != len(actors) or not set(actors) <= set(range(1, 25)):
            raise ValueError("actors are numbers from 1 to 24, each once")
        return tuple(sorted(actors))


class ProtocolSettings(Settings):
    """How actors are divided."""

    folds: tuple[tuple[int, ...], ...] = from_source(
        PAPER_FOLDS, "Groups of actors held out together.", "paper section 3.1", min_length=2
    )


class ComputeSettings(Settings):
    """On what jobs compute; changing it re-runs nothing."""

    device: str = Field("auto", description="auto, cpu, cuda or cuda:<number>.")
    threads: int = decided(
        4,
        "CPU threads of each training job.",
        "Sums on the CPU depend on it in the last bit, so it is fixed and not taken from --cores.",
        gt=0,
    )
    trainings_at_once: int = decided(
        4,
        "Small trainings of one job that share a GPU; on the CPU as many as threads.",
        "A bi-LSTM of the grid leaves most of a GPU idle; how many run side by side changes no "
        "number.",
        gt=0,
    )

    @field_validator("device")
    @classmethod
    def _known(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", device):
            raise ValueError("device is auto, cpu, cuda or cuda:<number>")
        return device


class _Model(Settings):
    """What every entry under ``models`` has."""

    title: str = Field(description="What tables and figures call it.")
    variants: tuple[Variant, ...] = Field(("full", "vad"), min_length=1)

    @field_validator("variants")
    @classmethod
    def _each_once(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if len(set(variants)) < len(variants):
            raise ValueError("name each variant once")
        return variants


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
    train: FilePath | None = Field(None, description="Address or path of the training rows' table.")
    heldout: FilePath = Field(description="Address or path of the held-out rows' table.")
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


class FusionPlan(Settings):
    """Late fusion: which systems together, by which classifiers."""

    pairings: dict[Name, tuple[str, ...]] = Field(
        default_factory=dict, description="Systems fused together, as <model>/<variant>."
    )
    settings: FusionSettings = FusionSettings()


class Configuration(Settings):
    """Everything a run depends on."""

    run: Name = Field("paper", description="Name of the folder under results/.")
    seed: int = decided(
        2020,
        "Seed of everything random.",
        "The authors' published code uses it.",
        ge=0,
        lt=2**32,
    )
    data: DataSettings = DataSettings()
    corpus: CorpusSettings = CorpusSettings()
    protocol: ProtocolSettings = ProtocolSettings()
    compute: ComputeSettings = ComputeSettings()
    preparation: PreparationSettings = PreparationSettings()
    voice_activity: VoiceActivitySettings = VoiceActivitySettings()
    saliency: SaliencySettings = SaliencySettings()
    affectnet: AffectNetPreparationSettings = AffectNetPreparationSettings()
    models: dict[Name, AnyModel] = Field(description="Every model that systems may name.")
    systems: tuple[str, ...] = Field(
        description="What is evaluated, in the order of the tables: <model> for all its variants, "
        "or <model>/<variant>.",
        min_length=1,
    )
    fusion: FusionPlan = FusionPlan()
    evaluation: EvaluationSettings = EvaluationSettings()
    paper: dict[str, PaperRow] = Field(
        default_factory=dict, description="The paper's row beside a system or a pairing."
    )

    report: ReportSettings = ReportSettings()

    @property
    def splits(self) -> dict[str, Split]:
        """The splits of the protocol, by name."""
        return one_fold_out(self.protocol.folds, self.corpus.actors)

    def evaluated(self) -> list[tuple[str, str]]:
        """Every evaluated system as ``(model, variant)``."""
        found = []
        for system in self.systems:
            model, _, variant = system.partition("/")
            variants = [variant] if variant else self.models[model].variants
            found += [(model, chosen) for chosen in variants]
        return found

    def weights_of(self, name: str) -> str | None:
        """Name of the registered weights that a model itself starts from, None where it has none.

        An AffectNet model has them where it is not trained here.
        """
        model = self.models[name]
        if isinstance(model, AffectNetModel):
            return model.published if self.data.affectnet is None else None
        settings: Any = getattr(model, "settings", None)
        weights = getattr(settings, "weights", "random")
        return None if weights == "random" else weights

    def starts_at_random(self, name: str) -> bool:
        """Whether a model, or the one it reads, is trained from random weights on this corpus.

        A bi-LSTM or a classifier on a pre-trained network's features does not count: the paper's
        are trained from random weights too.
        """
        model = self.models[name]
        base = getattr(model, "of", None)
        if base is not None:
            return self.starts_at_random(base)
        if isinstance(model, SpatialTransformerModel):
            return True
        return getattr(getattr(model, "settings", None), "weights", None) == "random"
