"""What the choices are worth: which systems are looked at in which ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmer.evaluation.ways import EPOCH, SETTING
from mmer.plan.systems import SystemsPlan
from mmer.protocol import NESTED, PAPER
from mmer.tasks import Classes

CROSSED = "crossed"
"""The output of models whose trainings choose an epoch and a setting: predictions with the weights
that a split's own choosing part kept, but the setting that was chosen for its training's other."""


@dataclass(frozen=True)
class ChoicesPlan:
    """The step that compares the protocols of a run, system by system."""

    systems: SystemsPlan

    @property
    def protocols(self) -> tuple[str, ...]:
        """Those that the run evaluates."""
        return self.systems.run.configuration.protocol.evaluated

    @property
    def weighed(self) -> bool:
        """Whether the choices of this run can be weighed: where somebody else chooses too."""
        return NESTED in self.protocols and isinstance(self.systems.models.corpora.task, Classes)

    @property
    def table(self) -> str:
        """What it writes."""
        return self.systems.run.layout.evaluation("choices")

    @property
    def files(self) -> list[str]:
        """Every table of predictions that it reads; none where nothing is weighed."""
        if not self.weighed:
            return []
        systems = self._systems()
        of_systems = [paths for each in systems for paths in each["predictions"].values()]
        of_systems += [each["crossed"] for each in systems if "crossed" in each]
        of_fusions = [paths for each in self._fusions() for paths in each["systems"].values()]
        fused = [path for each in self._fusions() for path in each["fused"].values()]
        paths = [path for by_split in [*of_systems, *of_fusions] for path in by_split.values()]
        return list(dict.fromkeys([*paths, *fused]))

    @property
    def told(self) -> str:
        """What it is told, as JSON."""
        run, corpora = self.systems.run, self.systems.models.corpora
        splits = corpora.splits_under(NESTED)
        return run.told(
            "weigh_choices",
            {
                "task": corpora.task.model_dump(mode="json"),
                "items": run.layout.items(),
                "systems": self._systems(),
                "fusions": self._fusions(),
                "nested": {name: each.model_dump(mode="json") for name, each in splits.items()},
                "settings": run.section("evaluation"),
                "seed": run.configuration.seed,
                "out": self.table,
            },
        )

    def _systems(self) -> list[dict[str, Any]]:
        models = self.systems.models
        under = {protocol: self.systems.systems_under(protocol) for protocol in self.protocols}
        found = []
        for described in zip(*under.values(), strict=True):
            by_protocol = dict(zip(under, described, strict=True))
            model, variant = described[0]["name"].split("/")
            chosen = self._chosen(model) if NESTED in by_protocol else ()
            had = {
                p: each["predictions"] for p, each in by_protocol.items() if "predictions" in each
            }
            absent = self._not_evaluated() | {
                protocol: each.get("not_run") or f"a constant ({each['source']})"
                for protocol, each in by_protocol.items()
                if protocol not in had
            }
            if NESTED in had:
                absent |= {way: why for way, why in _NOTHING_CHOSEN.items() if way not in chosen}
            about = {name: described[0][name] for name in ("name", "title", "modality", "variant")}
            merged = {"merged": described[0]["merged"]} if "merged" in described[0] else {}
            told = {"predictions": had, "chosen": chosen, "absent": absent}
            if NESTED in had and len(chosen) > 1:
                splits = list(models.corpora.splits_under(NESTED))
                paths = models.output(model, CROSSED, variant, splits, NESTED)
                told["crossed"] = dict(zip(splits, paths, strict=True))
            found.append({**about, **told, **merged})
        return found

    def _fusions(self) -> list[dict[str, Any]]:
        fusion = self.systems.run.configuration.fusion
        under = {protocol: self.systems.fusions_under(protocol) for protocol in self.protocols}
        found = []
        for described in zip(*under.values(), strict=True):
            by_protocol = dict(zip(under, described, strict=True))
            first = described[0]
            had = {
                p: each["predictions"] for p, each in by_protocol.items() if "predictions" in each
            }
            absent = {p: e["not_run"] for p, e in by_protocol.items() if "not_run" in e}
            systems = self.systems.pairing_inputs(first["variant"], NESTED) if had else {}
            inputs = fusion.inputs[first["fed"]].only(systems).model_dump(mode="json")
            # The nested title says of which models those who are tested chose the epochs.
            about = {"name": first["name"], "title": described[-1]["title"]}
            about["variant"] = first["variant"]
            settings = fusion.settings_of(first["variant"]).model_dump(mode="json")
            told = {"fused": had, "systems": systems, "inputs": inputs, "settings": settings}
            absent = self._not_evaluated() | absent
            found.append({**about, "modality": "fusion", **told, "absent": absent})
        return found

    def _not_evaluated(self) -> dict[str, str]:
        """Why there is nothing of a protocol that the run does not evaluate."""
        return {} if PAPER in self.protocols else {PAPER: "the paper's protocol was not run"}

    def _chosen(self, model: str) -> tuple[str, ...]:
        """What the trainings of a model, and of those that it reads, leave to those who choose."""
        models, found = self.systems.models, []
        for name in self.systems.run.configuration.chain(model):
            if any(step.corpus is None and step.looks_at_splits for step in models.steps[name]):
                settings = getattr(models.entry(name), "settings", None)
                if getattr(settings, "keep", "last") == "best":
                    found.append(EPOCH)
                if len(getattr(settings, "try_C", ())) > 1 or models.gives(name, CROSSED):
                    found.append(SETTING)
        return tuple(dict.fromkeys(found))


_NOTHING_CHOSEN = {
    EPOCH: "no epoch is chosen",
    SETTING: "no architecture or hyperparameter is chosen",
}
