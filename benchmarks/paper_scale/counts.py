"""How often the paper does everything, from the configuration that a run reads.

Where training may stop early, the largest count is that of all epochs and the smallest that of one
good epoch and the patience after it: what a run takes lies between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmer.corpus.labels import CLASS_COUNT
from mmer.face.settings import Architecture, BiLstmSettings, Layer
from mmer.face.spatial_transformer import FLATTENED
from mmer.plan import Plan

WIDTHS: dict[Layer, int] = {"posteriors": CLASS_COUNT, "fc50": 50, "flatten810": FLATTENED}
"""Features of a frame."""


@dataclass(frozen=True)
class Count:
    """Units of one step in the whole paper."""

    at_least: float
    at_most: float

    def __add__(self, other: Count) -> Count:
        return Count(self.at_least + other.at_least, self.at_most + other.at_most)


@dataclass(frozen=True)
class Size:
    """What there is to compute on.

    Attributes
    ----------
    clips
        Of all actors.
    frames
        Of all clips, by variant.
    """

    clips: float
    frames: dict[str, float]


NOTHING = Count(0, 0)


def epochs_of(settings: Any) -> Count:
    """Epochs of one training."""
    if settings.patience is None:
        return Count(settings.max_epochs, settings.max_epochs)
    return Count(min(settings.patience + 1, settings.max_epochs), settings.max_epochs)


def needed_models(plan: Plan) -> list[tuple[str, str]]:
    """Every model, with its variant, that the run computes for its systems and pairings."""
    pairings = plan.configuration.fusion.pairings.values()
    fused = [tuple(member.split("/")) for members in pairings for member in members]
    return list(
        dict.fromkeys(
            (name, variant)
            for model, variant in [*plan.configuration.evaluated(), *fused]
            if not plan.missing_weights(model)
            for name in plan.chain(model)
        )
    )


def paper_counts(plan: Plan, size: Size) -> dict[str, Count]:
    """Units by name of the step.

    Over all splits each clip is held out once and trained on in all splits but one.
    """
    counts = _preparation(plan, size)
    for model, variant in needed_models(plan):
        for step, count in _of_model(plan, model, size.clips, size.frames[variant]).items():
            counts[step] = counts.get(step, NOTHING) + count
    run = [fused for fused in plan.fusions if "predictions" in fused]
    counts["fusion"] = _exactly(len(run) * len(plan.splits))
    counts["evaluation"] = _exactly(1)
    return counts


def _exactly(units: float) -> Count:
    return Count(units, units)


def _times(count: Count, factor: float) -> Count:
    return Count(count.at_least * factor, count.at_most * factor)


def _preparation(plan: Plan, size: Size) -> dict[str, Count]:
    """Every clip once; voice activity and MSI-Net where somebody asks for them."""
    variants = {variant for _, variant in needed_models(plan)}
    maps = size.frames["full"] if plan.saliency_weights else 0
    return {
        "prepare_media": _exactly(size.clips),
        "detect_speech": _exactly(size.clips if "vad" in variants else 0),
        "decode_for_saliency": _exactly(size.clips),
        "map_saliency": _exactly(maps),
    }


def _of_model(plan: Plan, model: str, clips: float, frames: float) -> dict[str, Count]:
    """What one model under one variant adds, over all splits."""
    entry, splits = plan.configuration.models[model], len(plan.splits)
    settings = getattr(entry, "settings", None)
    trained_on = splits - 1
    if entry.family == "cnn14":
        # Early stopping is counted in evaluations there, and none by default.
        evaluations = settings.max_iterations // settings.evaluate_every
        fewest = evaluations if settings.patience is None else settings.patience + 1
        share = min(fewest, evaluations) / max(evaluations, 1)
        most = splits * settings.max_iterations
        return {
            "cnn14_inputs": _exactly(splits * clips),
            "cnn14_training": Count(share * most, most),
            "cnn14_evaluation": Count(
                clips * (share * evaluations + splits), clips * (evaluations + splits)
            ),
        }
    if entry.family == "alexnet":
        epochs = epochs_of(settings)
        return {
            "alexnet_inputs": _exactly(splits * clips),
            "alexnet_training": _times(epochs, trained_on * clips),
            "alexnet_evaluation": _times(epochs, clips) + _exactly(splits * clips),
        }
    if entry.family == "spatial_transformer":
        epochs = epochs_of(settings)
        return {
            "load_frames": _exactly(splits * clips),
            "spatial_transformer_training": _times(
                epochs, trained_on * frames / settings.frame_stride
            ),
            "spatial_transformer_evaluation": _times(epochs, frames) + _exactly(splits * frames),
        }
    if entry.family == "bilstm":
        networks, largest = len(plan.networks(model, "full")), largest_of(settings)
        # In clips of the largest network, which is the one measured.
        architectures = sum(
            products_per_frame(each, settings.layer) for each in settings.architectures
        ) / products_per_frame(largest, settings.layer)
        epochs = _times(epochs_of(settings), architectures)
        return {
            "load_frames": _exactly(splits * clips),
            "spatial_transformer_evaluation": _exactly(networks * frames),
            f"bilstm_{settings.layer}_training": _times(epochs, trained_on * clips),
            f"bilstm_{settings.layer}_evaluation": _times(epochs, clips)
            + _exactly(splits * architectures * clips),
        }
    once = {
        "alexnet_embedding": {"alexnet_embedding": _exactly(clips)},
        "cnn14_embedding": {"cnn14_embedding": _exactly(clips)},
        "support_vector": {"support_vector": _exactly(splits)},
    }
    if entry.family == "affectnet" and _votes(plan, model):
        return {
            "load_frames": _exactly(clips),
            "spatial_transformer_evaluation": _exactly(frames),
        }
    return once.get(entry.family, {})


def largest_of(settings: BiLstmSettings) -> Architecture:
    """The architecture that costs most."""
    return max(settings.architectures, key=lambda each: products_per_frame(each, settings.layer))


def products_per_frame(architecture: Architecture, layer: Layer) -> float:
    """Multiplications of a bi-LSTM with attention for one frame.

    A layer's direction has four gates, each of which sees the layer's input and its own output.
    """
    units, seen, products = architecture.units, WIDTHS[layer], 0
    for _ in range(architecture.layers):
        products += 2 * 4 * units * (seen + units)
        seen = 2 * units
    return products + (architecture.attention_layers - 1) * seen**2 + seen


def _votes(plan: Plan, model: str) -> bool:
    """Whether some computed model votes with an AffectNet model's frames."""
    models = plan.configuration.models
    return any(
        models[name].family == "max_voting" and models[name].of == model
        for name, _ in needed_models(plan)
    )
