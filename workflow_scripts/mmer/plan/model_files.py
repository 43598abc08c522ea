"""The files of models: which steps write them, and where they lie under a protocol and a seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from mmer.models.base import PREDICTIONS, Family, ModelEntry, Step
from mmer.plan.corpora import CorporaPlan
from mmer.plan.run import RunPlan
from mmer.protocol import EVERYBODY, PAPER, Split, everybody


@dataclass(frozen=True)
class ModelFiles:
    """Every model of the configuration: its family, its steps, what they write."""

    run: RunPlan
    corpora: CorporaPlan

    def entry(self, model: str) -> ModelEntry:
        """A model's entry in the configuration."""
        return self.run.configuration.models[model]

    def family(self, model: str) -> Family:
        """A model's family."""
        return self.run.kinds.families[self.entry(model).family]

    @cached_property
    def steps(self) -> dict[str, tuple[Step, ...]]:
        """The steps of every model."""
        had = self.corpora.had
        return {
            model: self.family(model).steps(entry, had)
            for model, entry in self.run.configuration.models.items()
        }

    def step(self, model: str, verb: str) -> Step:
        """One step of a model."""
        return next(step for step in self.steps[model] if step.verb == verb)

    def splits(self, step: Step, model: str, protocol: str) -> dict[str, Split]:
        """The splits that a step of a model looks at, all of them."""
        if step.corpus is None:
            return self.corpora.splits_under(protocol)
        splits = self.corpora.splits_of(step.corpus, self.entry(model).target)
        return splits if step.per == "split" else {EVERYBODY: everybody(splits.values())}

    def path(
        self, name: str, file: str, model: str, variant: str = "", split: str = "", repeat: str = ""
    ) -> str:
        """An output; predictions have a folder of their own.

        ``repeat`` stands before the files of another seed, as a key of ``Configuration.repeats``.
        """
        if name == PREDICTIONS:
            return self.run.layout.predictions(model, variant, f"{repeat}{split}")
        return self.run.layout.model(f"{repeat}{file}", model, variant, split)

    def is_random(self, model: str) -> bool:
        """Whether another seed makes another model of it: it, or one that it reads, is trained.

        Weights that nobody trains here, and trainings on another corpus, are shared by all seeds.
        """
        chain = self.run.configuration.chain(model)
        return any(s.seeded and s.has_protocol for name in chain for s in self.steps[name])

    def repeat(self, model: str, step: Step, repeat: str) -> str:
        """What stands before the outputs of a step: nothing where all seeds share them."""
        return repeat if step.has_protocol and self.is_random(model) else ""

    def outputs(
        self,
        step: Step,
        model: str,
        variant: str,
        splits: Iterable[str],
        protocol: str,
        repeat: str = "",
    ) -> dict[str, dict[str, str]]:
        """The files of a job, by name and split; those of no split under an empty name."""
        found = {}
        repeat = self.repeat(model, step, repeat)
        for name, output in step.outputs.items():
            if output.per == "split":
                found[name] = {
                    s: self.path(name, output.file, model, variant, s, repeat) for s in splits
                }
            else:
                found[name] = {"": self._shared(step, name, model, variant, protocol, repeat)}
        return found

    def _shared(
        self, step: Step, name: str, model: str, variant: str, protocol: str, repeat: str
    ) -> str:
        """An output of no split; what is chosen over all splits depends on the protocol."""
        output = step.outputs[name]
        kept = variant if output.per == "variant" else ""
        under = protocol if step.has_protocol and protocol != PAPER else ""
        return self.path(name, output.file, model, kept, under, repeat)

    def output(
        self,
        model: str,
        name: str,
        variant: str,
        splits: Sequence[str],
        protocol: str = PAPER,
        repeat: str = "",
    ) -> list[str]:
        """An output of a model for some splits: a file for each, or one that all share."""
        step = next(step for step in self.steps[model] if name in step.outputs)
        output, repeat = step.outputs[name], self.repeat(model, step, repeat)
        if output.per == "split":
            splits = splits if step.corpus is None else list(self.splits(step, model, protocol))
            return [self.path(name, output.file, model, variant, s, repeat) for s in splits]
        return [self._shared(step, name, model, variant, protocol, repeat)]

    def of_job(self, model: str, verb: str, split: str, protocol: str) -> dict[str, Split]:
        """The splits that a job is told: those of one training, or all.

        ``split`` is the name of the training, empty for a step that has one job for all.
        """
        step = self.step(model, verb)
        if not step.looks_at_splits:
            return {}
        if split and step.corpus is None:
            return self.corpora.trainings[protocol][split]
        splits = self.splits(step, model, protocol)
        return {split: splits[split]} if split else splits

    def gives(self, model: str, name: str) -> bool:
        """Whether any step of a model puts something out."""
        return any(name in step.outputs for step in self.steps[model])
