"""A finished run: its plan, which of its systems can be asked, and which files stand for these.

Nothing that computes is imported here, since planning does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mmer.config import Configuration
from mmer.configuration_check import check_configuration, registry_of
from mmer.evaluation.paper_description import PROJECT
from mmer.media.weights_registry import read_registered
from mmer.models.base import Family, Step
from mmer.models.job import Variant
from mmer.plan import Plan
from mmer.plan.nesting import no_part
from mmer.plan.weights import VOICE_ACTIVITY
from mmer.protocol import PAPER, Split
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

BEST_OF = ("speech", "face")
"""Modalities whose best system is asked."""


@dataclass(frozen=True)
class Kept:
    """A model under a variant, and the step that says what is kept of it."""

    model: str
    variant: Variant
    step: Step

    @property
    def name(self) -> str:
        """Such as ``cnn14_fine_tuned/full``."""
        return f"{self.model}/{self.variant}"


@dataclass(frozen=True)
class FinishedRun:
    """A run that is complete.

    Attributes
    ----------
    plan
        What it consists of.
    """

    plan: Plan

    @classmethod
    def read(cls, run: str, settings: Mapping[str, Any] | None = None) -> FinishedRun:
        """The run of that name under ``results``, by the configuration that lies beside it.

        Parameters
        ----------
        settings
            Keys of the section ``prediction`` that are to be others.

        Raises
        ------
        UserError
            If it is not finished, names no classes, or its configuration is no longer understood.
        """
        file = Path("results") / run / "configuration.json"
        try:
            values = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{file} cannot be read: name a finished run of this folder, RUN=<its name>"
            ) from error
        values["prediction"] = {**values.get("prediction", {}), **(settings or {})}
        kinds = registry_of(values, [file])
        configuration = check_configuration(values, [file], kinds)
        registered = read_registered(PROJECT / "resources" / "weights.yaml")
        plan = Plan(configuration, kinds, registered, PROJECT / "workflow_scripts")
        if not isinstance(plan.corpora.task, Classes):
            raise UserError(f"{file}: the run follows traces, and only classes are said so far")
        found = cls(plan)
        if not found.summary_file.exists():
            raise UserError(f"{found.summary_file} is missing: finish the run first")
        return found

    @property
    def configuration(self) -> Configuration:
        """Everything that it depends on."""
        return self.plan.configuration

    @property
    def protocol(self) -> str:
        """The run's own, under which its systems were trained and tested."""
        return self.plan.corpora.protocol

    @property
    def splits(self) -> dict[str, Split]:
        """Its splits by name; each has weights of its own."""
        return self.plan.corpora.splits

    @cached_property
    def trainings(self) -> dict[str, str]:
        """The training behind each split: one may choose weights for two."""
        trainings = self.plan.corpora.trainings[self.protocol]
        return {split: name for name, splits in trainings.items() for split in splits}

    @property
    def items_file(self) -> str:
        """The item table of its splits."""
        return self.plan.corpora.items(self.protocol)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Systems and fusions to ask; none for the best of each kind."""
        return self.configuration.prediction.systems

    @property
    def summary_file(self) -> Path:
        """Its accuracies."""
        return Path(self.plan.run.layout.evaluation("summary"))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Its accuracies, a row per system."""
        return pd.read_csv(self.summary_file).set_index("system")

    @cached_property
    def chosen(self) -> tuple[list[str], list[str]]:
        """Systems and fusions that are asked; the members of the fusions are among the systems.

        Raises
        ------
        UserError
            If one that is named cannot be asked, or there is none at all.
        """
        models, fusions = self._systems
        names = [*models, *fusions]
        for name in self.wanted:
            if name not in names:
                raise UserError(f"the run has no system {name!r}: name some of {', '.join(names)}")
            if reason := self.cannot_say(name):
                raise UserError(f"{name} says nothing of new recordings: {reason}")
        able = [name for name in names if not self.cannot_say(name)]
        wanted = self.wanted or [*self._best(able).values()]
        asked, fused = ([name for name in wanted if name in kind] for kind in (models, fusions))
        members = [member for name in fused for member in self.members(name)]
        asked = list(dict.fromkeys([*asked, *members]))
        if not asked:
            raise UserError("the run has no system that can say anything of new recordings")
        return asked, fused

    @property
    def _systems(self) -> tuple[list[str], list[str]]:
        """Models under their variants, and fusions, by name."""
        models = [f"{model}/{variant}" for model, variant in self.configuration.evaluated()]
        fusion = self.configuration.fusion
        return models, [f"{p}/{i}" for p in fusion.pairings for i in fusion.inputs]

    def _best(self, names: Iterable[str]) -> dict[str, str]:
        """Of each modality the most accurate of some systems that have an accuracy."""
        found: dict[str, str] = {}
        rows = self.summary.reindex(names).dropna(subset="mean_accuracy")
        rows = rows.sort_values("mean_accuracy", kind="stable", ascending=False)
        for name, modality in rows["modality"].items():
            found.setdefault(modality, str(name))
        return {each: found[each] for each in (*BEST_OF, "fusion") if each in found}

    @property
    def passed_over(self) -> list[str]:
        """In a sentence each, why the best of a modality is not asked where nobody named others."""
        models, fusions = self._systems
        family = self.plan.models.family
        trained = [name for name in models if not family(name.split("/")[0]).is_reference]
        best = {} if self.wanted else self._best([*trained, *fusions])
        return [
            f"{name} is the run's best of the modality {modality}, but is not asked: {reason}."
            for modality, name in best.items()
            if (reason := self.cannot_say(name))
        ]

    def members(self, fusion: str) -> tuple[str, ...]:
        """The systems that a fusion reads."""
        return self.configuration.fusion.pairings[fusion.split("/")[0]]

    def cannot_say(self, name: str) -> str | None:
        """Why a system or fusion cannot be asked; None where it can."""
        if name not in self.summary.index or not math.isfinite(
            self.summary.loc[name, "mean_accuracy"]
        ):
            return "the run has no accuracy of it"
        if name.split("/")[0] in self.configuration.fusion.pairings:
            if self.protocol != PAPER:
                return f"under the protocol {self.protocol} it has a classifier for each fold"
            reasons = [self.cannot_say(member) for member in self.members(name)]
            return next((reason for reason in reasons if reason), None)
        for model in self.configuration.chain(name.split("/")[0]):
            family = self.plan.models.family(model)
            own = type(family).for_new_recordings is not Family.for_new_recordings
            if family.is_reference or not own:
                return f"the family {family.name} keeps nothing that could"
        return no_part(self.plan.models, name.split("/")[0], self.protocol)

    @cached_property
    def kept(self) -> list[Kept]:
        """Every model behind the chosen systems, those that others read first."""
        found: dict[str, Kept] = {}
        for name in self.chosen[0]:
            model, variant = name.split("/")
            for each in self.configuration.chain(model):
                steps = self.plan.models.steps[each]
                leaving = [step for step in steps if "model" in step.outputs]
                found[f"{each}/{variant}"] = Kept(each, variant, (leaving or steps)[-1])
        return list(found.values())

    def splits_of(self, kept: Kept) -> list[str]:
        """The splits that have weights of their own; an empty name where all share some."""
        per_split = any(output.per == "split" for output in kept.step.outputs.values())
        return list(self.splits) if per_split and not kept.step.corpus else [""]

    def told(self, kept: Kept, split: str) -> dict[str, Any]:
        """What the step was told that a model is kept by."""
        step = kept.step
        variant = "" if step.per == "model" or step.corpus is not None else kept.variant
        of_split = self.trainings[split] if step.per == "split" else ""
        told = self.plan.models.told(kept.model, step.verb, variant, of_split, self.protocol)
        return json.loads(told)

    @cached_property
    def inputs(self) -> list[str]:
        """The files of the run that an export is made of."""
        layout = self.plan.run.layout
        found = [f"{layout.results}/configuration.json", str(self.summary_file), self.items_file]
        for kept in self.kept:
            for split in self.splits_of(kept):
                told = self.told(kept, split)
                outputs = told["outputs"].get("model", {})
                found += [path for of, path in outputs.items() if of in ("", split)]
                found += told["inputs"].get("embeddings", [])
        for fusion in self.chosen[1]:
            found.append(layout.fusion(*fusion.split("/"), "predictions"))
            for member in self.members(fusion):
                found += self.predictions_of(member).values()
        audio = self.plan.corpora.prepared("audio")
        found += audio if "audio" in self.plan.corpora.own.media else []
        found += [path for path in self.speech_files if Path(path).exists()]
        found += self.plan.weights.saliency if self.sees else []
        return list(dict.fromkeys(found))

    @property
    def speech_files(self) -> list[str]:
        """The spans of the run's own items."""
        return self.plan.corpora.prepared("speech")

    @property
    def sees(self) -> bool:
        """Whether any chosen system sees faces."""
        return any(
            "saliency" in step.media
            for kept in self.kept
            for step in self.plan.models.steps[kept.model]
        )

    @property
    def voice_activity(self) -> dict[str, Any] | None:
        """The weights of the voice activity detector, where they lie here."""
        told = self.plan.weights.told(VOICE_ACTIVITY)
        return told if Path(told["path"]).exists() else None

    def predictions_of(self, system: str) -> dict[str, str]:
        """A system's own tables by split."""
        return self.plan.systems.predictions_by_split(system, self.protocol)
