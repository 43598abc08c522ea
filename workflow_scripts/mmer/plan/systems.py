"""Systems: what is evaluated and what is fused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from mmer.plan.models import ModelsPlan
from mmer.plan.run import RunPlan
from mmer.report.words import inputs_words, variant_words
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
            elif reason := self.models.cannot_run(model, variant):
                system["not_run"] = reason
            else:
                system["predictions"] = self.predictions_by_split(system["name"])
                system["unlike_paper"] = self.models.unlike_paper(model)
                if note := self.models.note(model):
                    system["note"] = note
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
        """Every pairing with everything that it is fed, as the evaluation wants it."""
        described = []
        fusion = self.run.configuration.fusion
        for (pairing, members), inputs in product(fusion.pairings.items(), fusion.inputs):
            fused: dict[str, Any] = {
                "name": f"{pairing}/{inputs}",
                "title": f"late fusion, {variant_words(pairing)}, {inputs_words(inputs)}",
                "variant": pairing,
                "fed": inputs,
            }
            reasons = [self.models.cannot_run(*member.split("/")) for member in members]
            if found := [reason for reason in dict.fromkeys(reasons) if reason]:
                fused["not_run"] = "; ".join(found)
            else:
                fused["predictions"] = self.run.layout.fusion(pairing, inputs, "predictions")
                fed = [member.split("/")[0] for member in members]
                stand_ins = [found for model in fed if (found := self.models.stand_in(model))]
                if stand_ins:
                    fused["title"] = f"{fused['title']}, {stand_ins[0]}"
                unlike = [found for model in fed if (found := self.models.unlike_paper(model))]
                fused["unlike_paper"] = ", ".join(dict.fromkeys(unlike)) or None
            described.append(fused)
        return described

    def pairing_inputs(self, pairing: str) -> dict[str, dict[str, str]]:
        """The predictions that a pairing fuses, by system and split."""
        members = self.run.configuration.fusion.pairings[pairing]
        return {system: self.predictions_by_split(system) for system in members}

    @property
    def grids(self) -> dict[str, str]:
        """The grid of accuracies of every fusion that is run."""
        return {
            fused["name"]: self.run.layout.fusion(fused["variant"], fused["fed"], "grid")
            for fused in self.fusions
            if "predictions" in fused
        }

    def paper_rows(self, names: Iterable[str]) -> dict[str, Any]:
        """Where the paper's numbers for some systems and fusions stand.

        The row of a pairing is that of all its fusions that have none of their own.
        """
        rows = self.run.configuration.paper
        pairings = self.run.configuration.fusion.pairings
        found = {}
        for name in names:
            pairing = name.partition("/")[0]
            row = rows.get(name) or (rows.get(pairing) if pairing in pairings else None)
            if row is not None:
                found[name] = row.model_dump(mode="json")
        return found

    def told_of_fusion(self, pairing: str, inputs: str) -> str:
        """What the fusion of a pairing that is fed with some inputs is told, as JSON."""
        systems, fusion = self.pairing_inputs(pairing), self.run.configuration.fusion
        return self.run.told(
            "fuse_predictions",
            {
                "task": self.models.corpora.task.model_dump(mode="json"),
                "items": self.run.layout.items(),
                "systems": systems,
                "inputs": fusion.inputs[inputs].only(systems).model_dump(mode="json"),
                "settings": fusion.settings.model_dump(mode="json"),
                "predictions": self.run.layout.fusion(pairing, inputs, "predictions"),
                "grid": self.run.layout.fusion(pairing, inputs, "grid"),
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
