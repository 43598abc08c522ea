"""Systems: what is evaluated and what is fused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from mmer.by_recording import BY_RECORDING
from mmer.evaluation.tables_of_task import tables_of
from mmer.models.base import PREDICTIONS
from mmer.plan.models import ModelsPlan
from mmer.plan.nesting import no_part, not_fused
from mmer.plan.run import RunPlan
from mmer.protocol import NESTED, PAPER
from mmer.report.words import inputs_words, variant_words
from mmer.tasks import Classes

UNLIKE = {NESTED: "nobody who is tested chooses", BY_RECORDING: "speakers on both sides"}
"""In what a protocol is unlike the paper's."""


@dataclass(frozen=True)
class SystemsPlan:
    """Evaluation and fusion."""

    run: RunPlan
    models: ModelsPlan

    @cached_property
    def systems(self) -> list[dict[str, Any]]:
        """Every evaluated system under the run's own protocol, as the evaluation wants it."""
        return self.systems_under(self.models.corpora.protocol)

    def systems_under(self, protocol: str, repeat: str = "") -> list[dict[str, Any]]:
        """Every evaluated system, as the evaluation wants it; ``repeat`` names another seed."""
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
                stated = getattr(entry, "protocol", None)
                if stated not in (None, protocol):
                    system["title"] += f" (found under the {stated} protocol, not under this one)"
            elif reason := self.models.cannot_run(model, variant) or no_part(
                self.models, model, protocol
            ):
                system["not_run"] = reason
            else:
                system["predictions"] = self.predictions_by_split(system["name"], protocol, repeat)
                system["unlike_paper"] = self.unlike_paper([model], protocol)
                if note := self.models.note(model):
                    system["note"] = note
                if merged := self.counted_as_one(model):
                    system["merged"] = merged
            described.append(system)
        return described

    def unlike_paper(self, models: Iterable[str], protocol: str) -> str | None:
        """In what one model, or a fusion of some, is made unlike the paper's; None in nothing."""
        found = [self.models.unlike_paper(model) for model in models]
        found += [UNLIKE[protocol]] if protocol in UNLIKE else []
        return ", ".join(filter(None, dict.fromkeys(found))) or None

    def counted_as_one(self, model: str) -> list[list[str]]:
        """Classes that a model cannot tell apart, because it only passes on what its base says."""
        entry, task = self.models.entry(model), self.models.corpora.task
        if entry.of is None or not self.models.family(model).passes_on:
            return []
        base = self.models.says(entry.of)
        if not isinstance(task, Classes) or not isinstance(base, Classes):
            return []
        return task.counted_as_one(base.names)

    def predictions_by_split(self, system: str, protocol: str, repeat: str = "") -> dict[str, str]:
        """The predictions of a system, ``<model>/<variant>``, by split.

        Of a model that takes no part in a protocol they are those of the paper's.
        """
        model, variant = system.split("/")
        had = PAPER if no_part(self.models, model, protocol) else protocol
        splits = list(self.models.corpora.splits_under(had))
        paths = self.models.output(model, PREDICTIONS, variant, splits, had, repeat)
        return dict(zip(splits, paths, strict=True))

    @cached_property
    def fusions(self) -> list[dict[str, Any]]:
        """Every fusion under the run's own protocol, as the evaluation wants it."""
        return self.fusions_under(self.models.corpora.protocol)

    def fusions_under(self, protocol: str, repeat: str = "") -> list[dict[str, Any]]:
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
            fed = [member.split("/")[0] for member in members]
            reasons += [not_fused(self.models, model, protocol) for model in fed]
            if found := [reason for reason in dict.fromkeys(reasons) if reason]:
                fused["not_run"] = "; ".join(found)
            else:
                at = (pairing, inputs, "predictions", protocol, self.repeat(pairing, repeat))
                fused["predictions"] = self.fusion_table(*at)
                if any(no_part(self.models, model, protocol) for model in fed):
                    fused["title"] += ", of models whose epochs those who are tested chose"
                stand_ins = [found for model in fed if (found := self.models.stand_in(model))]
                if stand_ins:
                    fused["title"] = f"{fused['title']}, {stand_ins[0]}"
                fused["unlike_paper"] = self.unlike_paper(fed, protocol)
            described.append(fused)
        return described

    def repeat(self, pairing: str, repeat: str) -> str:
        """What stands before the files of a fusion: nothing where all seeds share them."""
        members = self.run.configuration.fusion.pairings[pairing]
        return repeat if any(self.models.is_random(m.split("/")[0]) for m in members) else ""

    def fusion_table(
        self, pairing: str, inputs: str, table: str, protocol: str, repeat: str = ""
    ) -> str:
        """A table of a fusion under a protocol."""
        fed = inputs if protocol == PAPER else f"{inputs}/{protocol}"
        return self.run.layout.fusion(pairing, fed, f"{repeat}{table}")

    def pairing_inputs(
        self, pairing: str, protocol: str, repeat: str = ""
    ) -> dict[str, dict[str, str]]:
        """The predictions that a pairing fuses, by system and split."""
        members = self.run.configuration.fusion.pairings[pairing]
        return {system: self.predictions_by_split(system, protocol, repeat) for system in members}

    def grids(self, protocol: str) -> dict[str, str]:
        """The grid of accuracies of every fusion that is run."""
        return {
            fused["name"]: self.fusion_table(fused["variant"], fused["fed"], "grid", protocol)
            for fused in self.fusions_under(protocol)
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

    def told_of_fusion(self, pairing: str, inputs: str, protocol: str, repeat: str = "") -> str:
        """What the fusion of a pairing that is fed with some inputs is told, as JSON."""
        systems = self.pairing_inputs(pairing, protocol, repeat)
        fusion = self.run.configuration.fusion
        return self.run.told(
            "fuse_predictions",
            {
                **self._nested_splits(protocol),
                "task": self.models.corpora.task.model_dump(mode="json"),
                "items": self.models.corpora.items(protocol),
                "systems": systems,
                "inputs": fusion.inputs[inputs].only(systems).model_dump(mode="json"),
                "settings": fusion.settings_of(pairing).model_dump(mode="json"),
                "predictions": self.fusion_table(pairing, inputs, "predictions", protocol, repeat),
                "grid": self.fusion_table(pairing, inputs, "grid", protocol, repeat),
            },
        )

    def _nested_splits(self, protocol: str) -> dict[str, Any]:
        """What a job is told besides where nobody who is tested chooses: who is in which split."""
        if protocol != NESTED:
            return {}
        splits = self.models.corpora.splits_under(NESTED)
        return {"nested": {name: each.model_dump(mode="json") for name, each in splits.items()}}

    def evaluated_files(self, protocol: str, repeat: str = "") -> list[str]:
        """Everything that the evaluation reads of systems and fusions."""
        told = self.systems_under(protocol, repeat), self.fusions_under(protocol, repeat)
        systems = [s["predictions"].values() for s in told[0] if "predictions" in s]
        fused = [f["predictions"] for f in told[1] if "predictions" in f]
        return [*(path for paths in systems for path in paths), *fused]

    def evaluation_table(self, name: str, protocol: str, repeat: str = "") -> str:
        """A table of the evaluation under a protocol."""
        folder = self.models.corpora.folder(protocol).removeprefix("/")
        return self.run.layout.evaluation(f"{folder}/{repeat}{name}" if folder else repeat + name)

    def evaluation_tables(self, protocol: str, repeat: str = "") -> list[str]:
        """All tables of the evaluation under a protocol."""
        names = tables_of(self.models.corpora.task)
        return [self.evaluation_table(name, protocol, repeat) for name in names]

    def told_of_evaluation(self, paper: str | None, protocol: str, repeat: str = "") -> str:
        """What the evaluation under a protocol is told, as JSON.

        ``paper`` is the folder of the paper's tables, where the corpus has one.
        """
        corpora = self.models.corpora
        systems = self.systems_under(protocol, repeat)
        fusions = self.fusions_under(protocol, repeat)
        told: dict[str, Any] = {
            **self._nested_splits(protocol),
            "task": corpora.task.model_dump(mode="json"),
            "items": corpora.items(protocol),
            "systems": systems,
            "fusions": fusions,
            "paper": paper,
            "paper_rows": self.paper_rows(s["name"] for s in [*systems, *fusions]),
            "groups": {column: list(values) for column, values in corpora.own.groups.items()},
            "settings": self.run.section("evaluation"),
            "seed": self.run.configuration.seed,
            "out": str(Path(self.evaluation_tables(protocol, repeat)[0]).parent),
        }
        if not isinstance(corpora.task, Classes):
            told["traces"] = corpora.prepared("traces")
        return self.run.told("evaluate_systems", told)
