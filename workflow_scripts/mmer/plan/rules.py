"""The steps of families as rules: one rule for every step that some model of the run takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmer.models.base import Step
from mmer.plan.models import ModelsPlan
from mmer.plan.nesting import protocols_of
from mmer.protocol import PAPER

LAUNCHERS = {"none": "", "shared": "$MMER_ON_SHARED_GPU", "whole": "$MMER_ON_GPU"}
"""What a command begins with, by the GPU that it wants."""

A_DAY = 1440
"""Minutes that partitions of clusters usually allow."""


@dataclass(frozen=True)
class ModelRule:
    """One step, for all models of a family that take it.

    Attributes
    ----------
    step
        The step of one of the models; others may read other things, but put out the same.
    protocol
        Who learns from whom; a step that has none has one rule for all protocols.
    """

    plan: ModelsPlan
    name: str
    step: Step
    names: tuple[str, ...]
    protocol: str

    @property
    def models(self) -> str:
        """A pattern of the models."""
        return "|".join(self.names)

    @property
    def job(self) -> str:
        """What tells the jobs of the rule apart, as a pattern of its log's name."""
        places = {"model": "{model}", "variant": "{model}_{variant}"}
        of_split = "{model}_{variant}_{split}" if self.step.corpus is None else "{model}_{split}"
        return self.repeat + places.get(self.step.per, of_split)

    @property
    def repeat(self) -> str:
        """A pattern of what stands before the files of a seed; nothing where there is one seed."""
        several = self.step.has_protocol and self.plan.run.configuration.repeats
        return "{repeat}" if several and any(map(self.plan.is_random, self.names)) else ""

    @property
    def log(self) -> str:
        """The log of a job."""
        return self.plan.run.layout.log(self.name, self.job)

    @property
    def benchmark(self) -> str:
        """Time and memory of a job."""
        return self.plan.run.layout.benchmark(self.name, self.job)

    @property
    def outputs(self) -> list[str]:
        """What a job writes, as patterns."""
        found: list[str] = []
        under = self.protocol if self.step.has_protocol and self.protocol != PAPER else ""
        for name, output in self.step.outputs.items():
            has_variant = output.per != "model" and self.step.corpus is None
            variant = "{variant}" if has_variant else ""
            splits = [under]
            if output.per == "split":
                splits = self._splits
            at = (output.file, "{model}", variant)
            found += [self.plan.path(name, *at, split, self.repeat) for split in splits]
        return found

    @property
    def _splits(self) -> list[str]:
        """The splits of a job, as patterns where it is that of one training."""
        if self.step.per != "split":
            return list(self.plan.corpora.splits_under(self.protocol))
        if not self.step.has_protocol:
            return ["{split}"]
        name, splits = next(iter(self.plan.corpora.trainings[self.protocol].items()))
        return ["{split}" + each.removeprefix(name) for each in splits]

    @property
    def trainings(self) -> str:
        """A pattern of the trainings, or of the splits of another corpus."""
        plan = self.plan.corpora
        return (
            "|".join(plan.trainings[self.protocol])
            if self.step.has_protocol
            else plan.splits_pattern
        )

    def inputs(self, wildcards: Any) -> list[str]:
        """What a job reads."""
        where = self._where(wildcards)
        files = self.plan.inputs(verb=self.step.verb, **where).values()
        weights = self.plan.weights_file(wildcards.model, self.step.verb)
        return [*(path for paths in files for path in paths), *weights]

    @property
    def compared(self) -> list[str]:
        """What must be there before a job looks at recordings of the run's corpus."""
        steps = [self.plan.step(model, self.step.verb) for model in self.names]
        looks = any(step.reads_recordings and step.corpus is None for step in steps)
        return self.plan.corpora.comparison if looks else []

    def told(self, wildcards: Any) -> str:
        """What a job is told, as JSON."""
        return self.plan.told(verb=self.step.verb, **self._where(wildcards))

    def _where(self, wildcards: Any) -> dict[str, str]:
        found = {name: wildcards.get(name) for name in ("model", "variant", "split", "repeat")}
        told = {name: value for name, value in found.items() if value is not None}
        return {**told, "protocol": self.protocol}

    @property
    def launcher(self) -> str:
        """What the command begins with."""
        return LAUNCHERS[self.step.resources.gpu]

    @property
    def threads(self) -> int:
        """CPU threads: all that the configuration allows, or one for a step that needs no GPU."""
        compute = self.plan.run.configuration.compute
        return 1 if self.step.resources.gpu == "none" else compute.threads

    @property
    def gpu(self) -> int:
        """How many GPUs a job takes: one where jobs compute on one, else none."""
        return int(bool(self.plan.run.gpus.numbers)) if self.launcher else 0

    @property
    def gpu_share(self) -> int:
        """What a job takes of all GPUs."""
        gpus = self.plan.run.gpus
        places = gpus.jobs_per_gpu if self.step.resources.gpu == "shared" else 1
        return gpus.share(places) if self.launcher else 0

    def memory(self, wildcards: Any, attempt: int) -> int:
        """Megabytes, more with every attempt."""
        return self.step.resources.memory_mb * attempt

    def minutes(self, wildcards: Any, attempt: int) -> int:
        """Minutes, more with every attempt; a training goes on where time ran out."""
        return min(self.step.resources.minutes * attempt, A_DAY)


def model_rules(plan: ModelsPlan) -> list[ModelRule]:
    """A rule for every step, in the order of the configuration."""
    found: dict[tuple[str, str], list[tuple[str, Step]]] = {}
    for model, steps in plan.steps.items():
        for step in steps:
            elsewhere = f"_on_{step.corpus}" if step.corpus else ""
            name = f"{step.verb}_{plan.family(model).name}{elsewhere}"
            for protocol in protocols_of(plan, model) if step.has_protocol else (PAPER,):
                under = "" if protocol == PAPER else f"_{protocol}"
                found.setdefault((name + under, protocol), []).append((model, step))
    rules = []
    for (name, protocol), takers in found.items():
        first = takers[0][1]
        same = all((s.per, s.outputs) == (first.per, first.outputs) for _, s in takers)
        assert same, f"models of one family take {first.verb} in several ways"
        rules.append(ModelRule(plan, name, first, tuple(m for m, _ in takers), protocol))
    return rules
