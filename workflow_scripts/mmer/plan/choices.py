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
    def files(self) -> list[str]:
        """Every table that it reads; none where nothing is weighed."""
        if not self.weighed:
            return []
        systems = self._systems()
        of_systems = [paths for each in systems for paths in each["predictions"].values()]
        of_systems += [each["crossed"] for each in systems if "crossed" in each]
        of_fusions = [paths for each in self._fusions() for paths in each["systems"].values()]
        fused = [path for each in self._fusions() for path in each["fused"].values()]
        paths = [path for by_split in [*of_systems, *of_fusions] for path in by_split.values()]
        items = [self.systems.models.corpora.items(protocol) for protocol in self.protocols]
        return list(dict.fromkeys([*paths, *fused, *items]))

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
        for under in self._by_protocol(self.systems.systems_under):
            first, had = next(iter(under.values())), _had(under)
            model, variant = first["name"].split("/")
            told: dict[str, Any] = {"predictions": had}
            told["absent"] = self._not_evaluated() | {
                protocol: each.get("not_run") or f"a constant ({each['source']})"
                for protocol, each in under.items()
                if protocol not in had
            }
            if NESTED in had:
                told["chosen"] = chosen = self._chosen(model)
                nothing = {way: why for way, why in _NOTHING_CHOSEN.items() if way not in chosen}
                told["absent"] |= nothing
                if len(chosen) > 1:
                    splits = list(models.corpora.splits_under(NESTED))
                    paths = models.output(model, CROSSED, variant, splits, NESTED)
                    told["crossed"] = dict(zip(splits, paths, strict=True))
            if merged := self.systems.counted_as_one(model):
                told["merged"] = merged
            about = {name: first[name] for name in ("name", "title", "modality", "variant")}
            found.append({**about, **told})
        return found

    def _fusions(self) -> list[dict[str, Any]]:
        fusion, found = self.systems.run.configuration.fusion, []
        for under in self._by_protocol(self.systems.fusions_under):
            nested, had = under[NESTED], _had(under)
            pairing = nested["variant"]
            systems = self.systems.pairing_inputs(pairing, NESTED) if NESTED in had else {}
            not_run = {p: each["not_run"] for p, each in under.items() if "not_run" in each}
            found.append(
                {
                    "name": nested["name"],
                    # It says of which models those who are tested chose the epochs.
                    "title": nested["title"],
                    "modality": "fusion",
                    "variant": pairing,
                    "fused": had,
                    "systems": systems,
                    "inputs": fusion.inputs[nested["fed"]].only(systems).model_dump(mode="json"),
                    "settings": fusion.settings_of(pairing).model_dump(mode="json"),
                    "absent": self._not_evaluated() | not_run,
                }
            )
        return found

    def _by_protocol(
        self, described: Callable[[str], list[dict[str, Any]]]
    ) -> Iterator[dict[str, dict[str, Any]]]:
        """Each system, or fusion, as the evaluation is told it under every protocol."""
        for each in zip(*map(described, self.protocols), strict=True):
            yield dict(zip(self.protocols, each, strict=True))

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
