"""The guided spatial transformer on frames or pictures of faces, with saliency maps."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mmer.models.base import Family, ModelEntry, ModelJob, Name, Origin, Output, Resources, Step
from mmer.settings import Settings, decided, from_source

RECIPE = "paper section 4.2, which gives one configuration for films and for AffectNet's pictures"


class SpatialTransformerSettings(Settings):
    """How the guided spatial transformer is trained on frames of films, or on single pictures."""

    batch_size: int = from_source(128, "Frames in a batch.", RECIPE, ge=2)
    max_epochs: int = from_source(500, "Passes over the training frames at most.", RECIPE, ge=1)
    patience: int | None = from_source(
        30, "Epochs in a row without a better score before training stops.", RECIPE, ge=1
    )
    learning_rate: float = from_source(1e-3, "Adam's learning rate.", RECIPE, gt=0)
    dropout: float = from_source(
        0.5, "Dropout before flatten-810, while training.", RECIPE, ge=0, lt=1
    )
    class_weights: Literal["smallest_over_count", "none"] = decided(
        "smallest_over_count",
        "Weight of a class in the cross-entropy: frames of the smallest class over its own.",
        "The paper says weighted cross-entropy and gives no formula; this is the one of the "
        "authors' published code for the same network.",
    )
    watch: Literal["frame_accuracy", "item_accuracy"] = decided(
        "frame_accuracy",
        "Score that chooses the kept epoch: over frames, or over items by max voting.  Where "
        "nobody chooses, the training accuracy does.",
        "The paper says 'the validation accuracy' of a network trained on frames as single "
        "samples.",
    )
    keep: Literal["best", "last"] = decided(
        "best",
        "Weights kept: those of the best epoch on the items that choose, or the last ones.",
        "Early stopping on the validation accuracy implies it.  Where those who choose are tested, "
        "it flatters the score; 'last' does not.",
    )
    stop_on_all: Literal["held_out_epochs", "train_accuracy"] = decided(
        "held_out_epochs",
        "When a training on all pictures of another corpus ends: after the median of the epochs "
        "that were best for pictures held out, or by patience on the training accuracy.",
        "The paper is silent. The authors' code for AffectNet stops by the training accuracy, "
        "which also rises while a network memorises; held-out pictures say how long is enough, and "
        "those trainings are made anyway, for the score.",
    )
    frame_stride: int = decided(
        1,
        "Train on every n-th frame of each item; posteriors are made for all frames.",
        "The paper trains on all frames; neighbouring ones hardly differ, so small runs may skip.",
        ge=1,
    )


class SpatialTransformerEntry(ModelEntry):
    """The guided spatial transformer, trained on the run's corpus or on another one."""

    family: Literal["spatial_transformer"]
    modality: Literal["face"] = "face"
    of: Name | None = Field(
        None, description="The spatial transformer whose weights it starts from; null for random."
    )
    corpus: Name | None = Field(
        None, description="Another corpus that it is trained on; null for that of the run."
    )
    target: str | None = Field(None, description="The task of that corpus.")
    published: Name | None = Field(
        None,
        description="Registered weights that are used instead of a training on that corpus, its "
        "folder named or not; null trains.",
    )
    settings: SpatialTransformerSettings = SpatialTransformerSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> SpatialTransformerEntry:
        if (self.target is None) != (self.corpus is None):
            raise ValueError("give corpus and target together: where to learn, and what")
        if self.corpus is None and self.published is not None:
            raise ValueError("published stands for a training on another corpus: name the corpus")
        if self.corpus is not None and self.of is not None:
            raise ValueError("a training on another corpus starts from random weights: remove of")
        return self


class SpatialTransformer(Family):
    """Where to look is learned from the saliency map (paper section 3.3.1)."""

    name = "spatial_transformer"
    Entry = SpatialTransformerEntry
    gives = frozenset({"model", "history", "frame_logits"})
    needs = frozenset({"model", "frame_logits"})

    def steps(self, entry: SpatialTransformerEntry, has: frozenset[str]) -> tuple[Step, ...]:
        """Train on each split; or import a network, or train elsewhere; then score all frames."""
        model, history, logits = "model.safetensors", "history.csv", "frame_logits.npz"
        if entry.corpus is None:
            files = {"model": model, "history": history, "frame_logits": logits}
            return (
                Step(
                    "train",
                    "split",
                    outputs={name: Output(file, "split") for name, file in files.items()},
                    media=("frames", "saliency"),
                    of_base=() if entry.of is None else ("model",),
                    ignores=frozenset({"stop_on_all"}),
                    resources=Resources("shared", memory_mb=12000, minutes=240),
                ),
            )
        if entry.published is not None:
            begin = (
                Step(
                    "import_published",
                    "model",
                    outputs={"model": Output(model, "model")},
                    uses_weights=True,
                    seeded=False,
                ),
            )
        elif entry.corpus in has:
            elsewhere = {
                "media": ("frames", "saliency"),
                "corpus": entry.corpus,
                "resources": Resources("whole", memory_mb=16000, minutes=720),
            }
            held_out = {"score": "score.csv", "history": history}
            whole = {"model": model, "history": history, "scores": "held_out.csv"}
            begin = (
                Step(
                    "validate",
                    "split",
                    outputs={name: Output(file, "split") for name, file in held_out.items()},
                    ignores=frozenset({"stop_on_all"}),
                    **elsewhere,
                ),
                Step(
                    "train",
                    "model",
                    outputs={name: Output(file, "model") for name, file in whole.items()},
                    own=("score",),
                    **elsewhere,
                ),
            )
        else:
            return ()
        score = Step(
            "score",
            "variant",
            outputs={"frame_logits": Output(logits, "variant")},
            media=("frames", "saliency"),
            own=("model",),
            seeded=False,
            resources=Resources("shared", memory_mb=8000, minutes=30),
        )
        return *begin, score

    def weights(self, entry: SpatialTransformerEntry, has: frozenset[str]) -> str | None:
        """The published weights, where they stand for a training on another corpus."""
        return entry.published

    def starts_at_random(self, entry: SpatialTransformerEntry) -> bool:
        """Whether it never sees another corpus; of one that starts from a model, that decides."""
        return entry.corpus is None and entry.of is None

    def cannot_run(self, entry: SpatialTransformerEntry, has: frozenset[str]) -> str | None:
        """Neither the other corpus nor a network that somebody trained on it."""
        if entry.corpus is None or entry.corpus in has or entry.published is not None:
            return None
        return (
            f"weights missing (no published network of {entry.corpus}'s {entry.target} is named, "
            f"and data.{entry.corpus} names no folder to train one from)"
        )

    def origin(self, entry: SpatialTransformerEntry, has: frozenset[str]) -> Origin | None:
        """Another corpus, or another model."""
        if entry.published is None and entry.corpus in has:
            source = f"trained here on {entry.target} of all pictures in data.{entry.corpus}"
            return Origin(source, f"{entry.corpus}'s own")
        return None if entry.of is None else Origin(f"the weights of {entry.of}")

    def train(self, job: ModelJob) -> None:
        """Train on the job's split, or on all of another corpus."""
        from mmer.models.networks.spatial_transformer_training import train

        train(job)

    def validate(self, job: ModelJob) -> None:
        """Train on a part of another corpus; say how the network does on what is held out."""
        from mmer.models.networks.spatial_transformer_training import validate

        validate(job)

    def score(self, job: ModelJob) -> None:
        """Logits of all frames of the run's items."""
        from mmer.models.networks.spatial_transformer_training import score

        score(job)

    def import_published(self, job: ModelJob) -> None:
        """Bring a published network into the workflow's own form."""
        from mmer.models.networks.spatial_transformer_training import import_published

        import_published(job)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Logits and other layers of every frame."""
        from mmer.models.networks.kept_faces import spatial_transformer_predictor

        return spatial_transformer_predictor(kept)
