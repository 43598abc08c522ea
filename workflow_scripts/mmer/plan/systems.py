"""Systems: what is evaluated, fused and shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mmer.plan.models import ModelPlan
from mmer.plan.weights import FROM_FRAMES
from mmer.report.words import variant_words

PAPER_SALIENCY = "msi_net"
"""The paper's method, section 3.3."""


@dataclass(frozen=True)
class SystemPlan(ModelPlan):
    """Adds evaluation and fusion."""

    def title(self, model: str) -> str:
        """What tables and figures call a model, with what its numbers must not be shown without.

        Random initial weights and a saliency method other than the paper's are named.
        """
        entry = self.configuration.models[model]
        notes = []
        if self.configuration.starts_at_random(model):
            notes.append("random initial weights")
        if any(self.configuration.models[name].family in FROM_FRAMES for name in self.chain(model)):
            method = self.configuration.saliency.method
            if method != PAPER_SALIENCY:
                notes.append(f"{method.replace('_', '-')} saliency")
        return f"{entry.title} ({', '.join(notes)})" if notes else entry.title

    def shares_calm(self, model: str) -> bool:
        """Whether a model's frames vote among seven emotions, with calm and neutral as one."""
        entry = self.configuration.models[model]
        base = self.configuration.models[entry.of] if entry.family == "max_voting" else None
        return getattr(base, "target", None) == "emotion"

    @cached_property
    def systems(self) -> list[dict[str, Any]]:
        """Every evaluated system, as the evaluation wants it."""
        described = []
        for model, variant in self.configuration.evaluated():
            entry = self.configuration.models[model]
            system = {
                "name": f"{model}/{variant}",
                "title": self.title(model),
                "modality": entry.modality,
                "variant": variant,
            }
            if entry.family == "literature":
                system["constant"] = entry.accuracy
                system["source"] = entry.source
            elif reason := self.missing_weights(model):
                system["not_run"] = reason
            else:
                system["posteriors"] = self.posteriors_by_split(system["name"])
                if self.shares_calm(model):
                    system["merged"] = [["neutral", "calm"]]
            described.append(system)
        return described

    @property
    def fusions(self) -> list[dict[str, str]]:
        """Every pairing, as the evaluation wants it."""
        described = []
        for pairing, members in self.configuration.fusion.pairings.items():
            fused = {
                "name": pairing,
                "title": f"late fusion, {variant_words(pairing)}",
                "variant": pairing,
            }
            reasons = [self.missing_weights(member.split("/")[0]) for member in members]
            if found := [reason for reason in reasons if reason]:
                fused["not_run"] = found[0]
            else:
                fused["predictions"] = f"{self.results}/fusion/{pairing}/predictions.csv"
            described.append(fused)
        return described

    @property
    def paper_rows(self) -> str:
        """Where the paper's numbers for this run's systems and pairings stand, as JSON."""
        return self.paper_rows_of(row["name"] for row in [*self.systems, *self.fusions])

    def paper_rows_of(self, names: Iterable[str]) -> str:
        """Where the paper's numbers for some systems and pairings stand, as JSON."""
        chosen = set(names)
        rows = self.configuration.paper.items()
        return json.dumps({name: row.model_dump() for name, row in rows if name in chosen})

    def pairing_inputs(self, pairing: str) -> dict[str, dict[str, str]]:
        """The posteriors that a pairing fuses, by system and split."""
        members = self.configuration.fusion.pairings[pairing]
        return {system: self.posteriors_by_split(system) for system in members}

    @property
    def grids(self) -> dict[str, str]:
        """The grid of accuracies of every pairing."""
        return {
            fused["name"]: f"{self.results}/fusion/{fused['name']}/grid.csv"
            for fused in self.fusions
            if "predictions" in fused
        }


def flat(nested: dict[str, dict[str, str]]) -> list[str]:
    """The files of a mapping by system and split."""
    return [path for by_split in nested.values() for path in by_split.values()]
