"""The one configuration: typed, complete, and checked before anything runs.

Its class is made of the registry, since families and corpora bring their own settings.
"""

from __future__ import annotations

import functools
import operator
import re
from typing import Annotated, Any, Literal

from pydantic import Field, create_model, field_validator

from mmer.by_recording import BY_RECORDING
from mmer.evaluation.settings import EvaluationSettings, PaperRow
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.media.settings import (
    FaceSettings,
    PreparationSettings,
    SaliencySettings,
    VoiceActivitySettings,
)
from mmer.models.base import ModelEntry, Name
from mmer.prediction.settings import PredictionSettings
from mmer.protocol import NESTED, PAPER
from mmer.registry import Registry
from mmer.report.settings import ReportSettings
from mmer.settings import FilePath, PathText, Settings, decided, from_source


class DataSettings(Settings):
    """Where data come from; ``data.<corpus>`` names the folder of each corpus."""

    mirror: PathText | None = Field(
        None,
        description="Folder or address prefix that serves every download from "
        "<mirror>/<host>/<path>; null downloads from the internet.",
    )
    downloads: FilePath = Field("downloads", description="Folder for downloaded files.")


class ProtocolSettings(Settings):
    """How speakers are divided, and who chooses."""

    kind: Literal["paper", "nested", "both", "by_recording", "all"] = from_source(
        PAPER,
        "paper: those who are tested choose the epoch, the architecture, the hyperparameter and "
        "the fusion; nested: they choose nothing; both: two sets of tables; by_recording: a "
        "warning, recordings are held out and not speakers; all: three sets of tables.",
        "paper section 3.1; docs/statistics.md describes the other ones",
    )
    recording_folds: int = decided(
        5,
        "Folds of recordings, stratified by class and shuffled; by_recording.",
        "As many as the paper has folds of speakers, and what such studies mostly take.",
        ge=2,
    )
    beside: tuple[str, ...] | None = Field(
        None,
        description="Models that take part in the protocols beside the first one; null for all.",
    )
    by_recording: tuple[str, ...] | None = Field(
        None,
        description="Those that are divided by recording beside another protocol, so that a "
        "warning costs no trainings of networks; null for the same ones.",
    )
    folds: tuple[tuple[str, ...], ...] | None = Field(
        None,
        description="Groups of speakers held out together; null for those of the corpus.",
        min_length=2,
    )

    @property
    def evaluated(self) -> tuple[str, ...]:
        """The protocols whose tables are made; the first one is the run's own."""
        sets = {"both": (PAPER, NESTED), "all": (PAPER, NESTED, BY_RECORDING)}
        return sets.get(self.kind, (self.kind,))

    @property
    def named_by(self) -> dict[str, str]:
        """Of each protocol beside the first one the key that names its models."""
        own = {BY_RECORDING: "by_recording"} if self.by_recording is not None else {}
        return dict.fromkeys(self.evaluated[1:], "beside") | own


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
    """Late fusion: which systems together, fed with what, by which classifiers."""

    pairings: dict[Name, tuple[str, ...]] = decided(
        {},
        "Systems fused together, as <model>/<variant>.",
        "config.yaml names the best of each modality under each condition, as figure 7 of the "
        "paper does.  Appendix D says of the fusion without VAD that its face model has 57.08 %, "
        "but that is the one with VAD, and the two together are the mixed fusion, whose column in "
        "table A3 is another.  So figure 7 is followed: 55.82 %, the bi-LSTM on eight posteriors.",
    )
    inputs: dict[Name, InputsSettings] = decided(
        {"minmax": InputsSettings(scaling="minmax"), "unscaled": InputsSettings()},
        "What fusions are fed, by name; every pairing is fused with each.",
        "The paper names no scaling.  Its authors' later published fusion, reproduced to the clip, "
        "scales by minmax; but table A3, k-NN near 60 %, RBF kernel 62 to 67 %, linear classifiers "
        "best, contradicts it: so scaled, k-NN and RBF do as well as linear ones "
        "(docs/statistics.md).  Both stand beside the table, and neither is the reproduction.",
        min_length=1,
    )
    settings: FusionSettings = FusionSettings()
    by_pairing: dict[Name, FusionSettings] = decided(
        {},
        "Other settings of single pairings, by their names.",
        "So that a fusion with one classifier and one that chooses among many stand side by side.",
    )

    def settings_of(self, pairing: str) -> FusionSettings:
        """The settings of a pairing."""
        return self.by_pairing.get(pairing, self.settings)


class Configuration(Settings):
    """Everything a run depends on; :func:`configuration_class` adds families and corpora."""

    run: Name = Field("paper", description="Name of the folder under results/.")
    plugins: tuple[FilePath, ...] = Field(
        (), description="Python files that define families or corpora of your own."
    )
    seed: int = decided(
        2020,
        "Seed of everything random.",
        "The authors' published code uses it.",
        ge=0,
        lt=2**32,
    )
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = decided(
        (),
        "Every training on the run's corpus is repeated with each; the first is the seed itself, "
        "and none means it alone.  Weights that nobody trains here, trainings on another corpus "
        "and what is drawn besides are shared.",
        "One seed costs what the paper's protocol costs; that of a training on another corpus "
        "would multiply the longest trainings of all.",
    )
    corpus: Name = Field("ravdess", description="The corpus of the run.")
    task: Name | None = Field(
        None, description="What is to be said of its items; null for what the corpus names first."
    )
    data: DataSettings = DataSettings()
    corpora: Any = None
    protocol: ProtocolSettings = ProtocolSettings()
    compute: ComputeSettings = ComputeSettings()
    preparation: PreparationSettings = PreparationSettings()
    voice_activity: VoiceActivitySettings = VoiceActivitySettings()
    saliency: SaliencySettings = SaliencySettings()
    faces: FaceSettings = FaceSettings()
    models: dict[Name, Any] = Field(description="Every model that systems may name.")
    systems: tuple[str, ...] = Field(
        description="What is evaluated, in the order of the tables: <model> for all its variants, "
        "or <model>/<variant>.",
        min_length=1,
    )
    fusion: FusionPlan = FusionPlan()
    evaluation: EvaluationSettings = EvaluationSettings()
    compared_with: Name | None = Field(
        None,
        description="The paper whose numbers stand beside ours, a folder of resources/papers; null "
        "for the corpus's own.",
    )
    paper: dict[str, PaperRow] = Field(
        default_factory=dict,
        description="The paper's row beside a system, a pairing and all that it is fed, or a model "
        "trained on another corpus.",
    )
    report: ReportSettings = ReportSettings()
    prediction: PredictionSettings = PredictionSettings()

    @property
    def repeats(self) -> dict[str, int]:
        """Further seeds, by what stands before the names of their files."""
        return {f"seed{seed}/": seed for seed in self.seeds[1:]}

    def evaluated(self) -> list[tuple[str, str]]:
        """Every evaluated system as ``(model, variant)``."""
        found = []
        for system in self.systems:
            model, _, variant = system.partition("/")
            variants = [variant] if variant else self.models[model].variants
            found += [(model, chosen) for chosen in variants]
        return found

    def chain(self, model: str) -> list[str]:
        """A model after all that it reads, the first one first."""
        entry: ModelEntry = self.models[model]
        return [*(name for base in entry.reads for name in self.chain(base)), model]

    def used(self) -> list[str]:
        """Every model that is evaluated or fused, or read by one that is."""
        fused = [member for pairing in self.fusion.pairings.values() for member in pairing]
        systems = [model for model, _ in self.evaluated()] + [m.partition("/")[0] for m in fused]
        return list(dict.fromkeys(name for model in systems for name in self.chain(model)))

    @property
    def label(self) -> str:
        """What every table, figure and page calls the data."""
        return getattr(self.corpora, self.corpus).label or self.corpus


@functools.cache
def configuration_class(registry: Registry) -> type[Configuration]:
    """The configuration with the entries of all families and the settings of all corpora."""
    entries = [family.Entry for family in registry.families.values()]
    any_model = functools.reduce(operator.or_, entries)
    folder = Field(
        None,
        description="Folder with the corpus; null downloads it, where it is public.",
    )
    data = create_model(
        "DataSettings",
        __base__=DataSettings,
        **{name: (FilePath | None, folder) for name in registry.corpora},
    )
    corpora = create_model(
        "CorporaSettings",
        __base__=Settings,
        **{
            name: (corpus.Settings, Field(default_factory=corpus.Settings))
            for name, corpus in registry.corpora.items()
        },
    )
    return create_model(
        "Configuration",
        __base__=Configuration,
        data=(data, Field(default_factory=data)),
        corpora=(corpora, Field(default_factory=corpora)),
        models=(
            dict[Name, Annotated[any_model, Field(discriminator="family")]],
            Field(description="Every model that systems may name."),
        ),
    )
