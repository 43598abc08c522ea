"""What the choices are worth: which systems are looked at in which ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmer.by_recording import BY_RECORDING
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
    def told_in(self) -> str:
        """The file that holds what it is told."""
        return self.table.replace(".csv", ".json")

    @property
    def files(self) -> list[str]:
        """Every table that it reads; none where nothing is weighed."""
        if not self.weighed:
            return []
        found = [self.systems.models.corpora.items(protocol) for protocol in self.protocols]
        for tables in (tables for each in self._systems() for tables in each["seeds"]):
            by_split = [*tables["predictions"].values(), tables.get("crossed", {})]
            found += [path for paths in by_split for path in paths.values()]
        for tables in (tables for each in self._fusions() for tables in each["seeds"]):
            found += tables["fused"].values()
            found += [path for paths in tables["systems"].values() for path in paths.values()]
        return list(dict.fromkeys(found))

    @property
    def told(self) -> str:
        """What it is told, as JSON."""
        run, corpora = self.systems.run, self.systems.models.corpora
        splits = corpora.splits_under(NESTED)
        by_recording = BY_RECORDING in self.protocols
        return run.told(
            "weigh_choices",
            {
                "divided": corpora.items(BY_RECORDING) if by_recording else None,
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
        models, found = self.systems.models, []
        for by_seed in self._by_seed(self.systems.systems_under):
            under = by_seed[""]
            first, had = next(iter(under.values())), _had(under)
            model, variant = first["name"].split("/")
            chosen = self._chosen(model) if NESTED in had else ()
            absent = self._not_evaluated() | {
                protocol: each.get("not_run") or f"a constant ({each['source']})"
                for protocol, each in under.items()
                if protocol not in had
            }
            if NESTED in had:
                absent |= {way: why for way, why in _NOTHING_CHOSEN.items() if way not in chosen}
            told: dict[str, Any] = {"chosen": chosen, "absent": absent, "seeds": []}
            for repeat in by_seed if models.is_random(model) else [""]:
                tables: dict[str, Any] = {"predictions": _had(by_seed[repeat])}
                if len(chosen) > 1:
                    splits = list(models.corpora.splits_under(NESTED))
                    paths = models.output(model, CROSSED, variant, splits, NESTED, repeat)
                    tables["crossed"] = dict(zip(splits, paths, strict=True))
                told["seeds"].append(tables)
            if merged := self.systems.counted_as_one(model):
                told["merged"] = merged
            about = {name: first[name] for name in ("name", "title", "modality", "variant")}
            found.append({**about, **told})
        return found

    def _fusions(self) -> list[dict[str, Any]]:
        fusion, found = self.systems.run.configuration.fusion, []
        for by_seed in self._by_seed(self.systems.fusions_under):
            under = by_seed[""]
            nested, pairing = under[NESTED], under[NESTED]["variant"]
            seeds = []
            for repeat in [r for r in by_seed if self.systems.repeat(pairing, r) == r]:
                had = _had(by_seed[repeat])
                read = self.systems.pairing_inputs(pairing, NESTED, repeat) if NESTED in had else {}
                seeds.append({"fused": had, "systems": read})
            inputs = fusion.inputs[nested["fed"]].only(fusion.pairings[pairing])
            not_run = {p: each["not_run"] for p, each in under.items() if "not_run" in each}
            found.append(
                {
                    "name": nested["name"],
                    # It says of which models those who are tested chose the epochs.
                    "title": nested["title"],
                    "modality": "fusion",
                    "variant": pairing,
                    "seeds": seeds,
                    "inputs": inputs.model_dump(mode="json"),
                    "settings": fusion.settings_of(pairing).model_dump(mode="json"),
                    "absent": self._not_evaluated() | not_run,
                }
            )
        return found

    def _by_seed(
        self, described: Callable[[str, str], list[dict[str, Any]]]
    ) -> Iterator[dict[str, dict[str, dict[str, Any]]]]:
        """Each system, or fusion, as the evaluation is told it, by repeat and protocol."""
        repeats = ["", *self.systems.run.configuration.repeats]
        told = {r: {p: described(p, r) for p in self.protocols} for r in repeats}
        for row in range(len(told[""][self.protocols[0]])):
            yield {r: {p: each[row] for p, each in told[r].items()} for r in repeats}

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


def _had(under: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The predictions of a system by protocol, where there are any."""
    return {p: each["predictions"] for p, each in under.items() if "predictions" in each}


_NOTHING_CHOSEN = {
    EPOCH: "no epoch is chosen",
    SETTING: "no architecture or hyperparameter is chosen",
}
