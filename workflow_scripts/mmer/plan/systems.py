"""Systems: what is evaluated and what is fused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mmer.plan.models import ModelsPlan
from mmer.plan.run import RunPlan
from mmer.report.words import variant_words
from mmer.tasks import Classes


@dataclass(frozen=True)
class SystemsPlan:
    """Evaluation and fusion."""

    run: RunPlan
    models: ModelsPlan

    @cached_property
    def systems(self) -> list[dict[str, Any]]:
        """Every evaluated system, as the evaluation wants it."""
        described = []
        for model, variant in self.run.configuration.evaluated():
            entry, family = self.models.entry(model), self.models.family(model)
            system: dict[str, Any] = {
                "name": f"{model}/{variant}",
                "title": self.models.title(model),
                "modality": entry.modality,
                "variant": variant,
            }
            if (constant := family.constant(entry)) is not None:
                system["constant"], system["source"] = constant
            elif reason := self.models.cannot_run(model):
                system["not_run"] = reason
            else:
                system["predictions"] = self.predictions_by_split(system["name"])
                system["stand_in"] = self.models.stand_in(model)
                if merged := self.counted_as_one(model):
                    system["merged"] = merged
            described.append(system)
        return described

    def counted_as_one(self, model: str) -> list[list[str]]:
        """Classes that a model cannot tell apart, because it only passes on what its base says."""
        entry, task = self.models.entry(model), self.models.corpora.task
        if entry.of is None or not self.models.family(model).passes_on:
            return []
        base = self.models.says(entry.of)
        if not isinstance(task, Classes) or not isinstance(base, Classes):
            return []
        return task.counted_as_one(base.names)

    def predictions_by_split(self, system: str) -> dict[str, str]:
        """The predictions of a system, ``<model>/<variant>``, by split."""
        model, variant = system.split("/")
        splits = self.models.corpora.splits
        return {s: self.run.layout.predictions(model, variant, s) for s in splits}

    @cached_property
    def fusions(self) -> list[dict[str, Any]]:
        """Every pairing, as the evaluation wants it."""
        described = []
        for pairing, members in self.run.configuration.fusion.pairings.items():
            fused: dict[str, Any] = {
                "name": pairing,
                "title": f"late fusion, {variant_words(pairing)}",
                "variant": pairing,
            }
            reasons = [self.models.cannot_run(member.split("/")[0]) for member in members]
            if missing := [reason for reason in reasons if reason]:
                fused["not_run"] = missing[0]
            else:
                fused["predictions"] = self.run.layout.fusion(pairing, "predictions")
                found = [self.models.stand_in(member.split("/")[0]) for member in members]
                if stand_in := next((each for each in found if each), None):
                    fused |= {"title": f"{fused['title']}, {stand_in}", "stand_in": stand_in}
            described.append(fused)
        return described

    def pairing_inputs(self, pairing: str) -> dict[str, dict[str, str]]:
        """The predictions that a pairing fuses, by system and split."""
        members = self.run.configuration.fusion.pairings[pairing]
        return {system: self.predictions_by_split(system) for system in members}

    @property
    def grids(self) -> dict[str, str]:
        """The grid of accuracies of every pairing that is run."""
        return {
            fused["name"]: self.run.layout.fusion(fused["name"], "grid")
            for fused in self.fusions
            if "predictions" in fused
        }

    def paper_rows(self, names: Iterable[str]) -> dict[str, Any]:
        """Where the paper's numbers for some systems and pairings stand."""
        chosen = set(names)
        rows = self.run.configuration.paper.items()
        return {name: row.model_dump(mode="json") for name, row in rows if name in chosen}

    def told_of_fusion(self, pairing: str) -> str:
        """What the fusion of a pairing is told, as JSON."""
        inputs = self.pairing_inputs(pairing)
        settings = self.run.configuration.fusion.settings.only(inputs)
        return self.run.told(
            "fuse_predictions",
            {
                "task": self.models.corpora.task.model_dump(mode="json"),
                "items": self.run.layout.items(),
                "systems": inputs,
                "settings": settings.model_dump(mode="json"),
                "predictions": self.run.layout.fusion(pairing, "predictions"),
                "grid": self.run.layout.fusion(pairing, "grid"),
            },
        )

    @property
    def evaluated_files(self) -> list[str]:
        """Everything that the evaluation reads of systems and fusions."""
        systems = [s["predictions"].values() for s in self.systems if "predictions" in s]
        fused = [f["predictions"] for f in self.fusions if "predictions" in f]
        return [*(path for paths in systems for path in paths), *fused]

    def told_of_evaluation(self, paper: str | None) -> str:
        """What the evaluation is told, as JSON.

        Parameters
        ----------
        paper
            The folder of the paper's tables, where the corpus has one.
        """
        corpora = self.models.corpora
        told: dict[str, Any] = {
            "task": corpora.task.model_dump(mode="json"),
            "items": self.run.layout.items(),
            "systems": self.systems,
            "fusions": self.fusions,
            "paper": paper,
            "paper_rows": self.paper_rows(s["name"] for s in [*self.systems, *self.fusions]),
            "groups": {column: list(values) for column, values in corpora.own.groups.items()},
            "settings": self.run.section("evaluation"),
            "seed": self.run.configuration.seed,
            "out": self.run.layout.page("evaluation"),
        }
        if not isinstance(corpora.task, Classes):
            told["traces"] = corpora.prepared("traces")
        return self.run.told("evaluate_systems", told)
