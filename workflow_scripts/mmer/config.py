"""The one configuration: typed, complete, and checked before anything runs."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from mmer.corpus.folds import PAPER_FOLDS, Split, one_fold_out
from mmer.evaluation.settings import EvaluationSettings, PaperRow
from mmer.fusion.settings import FusionSettings
from mmer.model_families import AffectNetModel, AnyModel, Name, SpatialTransformerModel
from mmer.prepare.affectnet_settings import AffectNetPreparationSettings
from mmer.prepare.settings import PreparationSettings, SaliencySettings, VoiceActivitySettings
from mmer.report.settings import ReportSettings
from mmer.settings import Settings, decided, from_source
from mmer.user_paths import FilePath, PathText


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
    checkpoint_seconds: float = decided(
        60.0,
        "Least time between two checkpoints of a training: what a kill may cost.",
        "CNN-14's takes about a second to write, once a minute.",
        ge=0,
    )

    tf32: bool = decided(
        False,
        "Whether a GPU rounds the factors of float32 products to TF32's 10 bits.",
        "float32 then means float32 everywhere; how much faster TF32 trains, and at what accuracy, "
        "has not been measured on RAVDESS.",
    )
    deterministic: bool = decided(
        True,
        "Whether a GPU gives the same numbers twice on one machine, wherever torch can; false lets "
        "cuDNN choose the fastest.  The CPU always does.",
        "A result that cannot be had again cannot be checked; what it costs on a GPU has not been "
        "measured.",
    )
    channels_last: Literal["auto", "always", "never"] = decided(
        "auto",
        "Whether values of a pixel lie side by side in memory: auto decides by network, device and "
        "precision.",
        "auto is what measurement on a CPU gave (spatial transformer, MSI-Net, and CNN-14 where "
        "maps are larger than weights), and on a GPU, not measured, what suits reduced precision.",
    )
    compile: bool = decided(
        False,
        "Whether spatial transformers, CNN-14 and AlexNet are compiled before training "
        "(torch.compile).",
        "On a CPU a step of CNN-14 takes a tenth longer compiled, and each training a minute more; "
        "it needs a C++ compiler, and what it gains on a GPU has not been measured.",
    )
    gpus: int | None = Field(
        None,
        description="How many GPUs of the machine jobs share, each on one of its own; null takes "
        "all that there are, or that CUDA_VISIBLE_DEVICES leaves.",
        gt=0,
    )
    jobs_per_gpu: int = decided(
        1,
        "Small jobs (spatial transformers, bi-LSTMs, embeddings) that share one GPU at once.",
        "Never two on one GPU unless somebody says so: what sharing gains and how much memory it "
        "needs has not been measured on a GPU.",
        gt=0,
    )

    @field_validator("device")
    @classmethod
    def _known(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", device):
            raise ValueError("device is auto, cpu, cuda or cuda:<number>")
        return device


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
