"""Models: what the jobs of their steps read and are told, and what is said of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmer.media.download import mirrored_path
from mmer.models.base import Step
from mmer.plan.model_files import ModelFiles
from mmer.plan.weights import SALIENCY, VOICE_ACTIVITY, WeightsPlan
from mmer.runtime.errors import UserError
from mmer.tasks import Classes, Traces

ENTRY = "run_model"


@dataclass(frozen=True)
class ModelsPlan(ModelFiles):
    """Every model of the configuration, its jobs, and what tables say of it."""

    weights: WeightsPlan

    def inputs(
        self,
        model: str,
        verb: str,
        variant: str = "",
        split: str = "",
        protocol: str = "",
        repeat: str = "",
    ) -> dict[str, list[str]]:
        """What a job of a step reads, by kind."""
        step, entry = self.step(model, verb), self.entry(model)
        protocol = protocol or self.corpora.protocol
        place = self.corpora.place(step.corpus)
        items = self.corpora.items(protocol) if step.has_protocol else self.run.layout.items(place)
        found = {"items": [items]}
        for medium in step.media:
            found[medium] = self.corpora.prepared(medium, place)
        if step.media and isinstance(self.task(model, step), Traces):
            found["traces"] = self.corpora.prepared("traces", place)
        if step.media and variant == "vad":
            found["speech"] = self.corpora.prepared("speech", place)
        splits = list(self.of_job(model, verb, split, protocol))
        for name in step.own:
            found[name] = self.output(model, name, variant, splits, protocol, repeat)
        for name in step.of_base if entry.reads else ():
            found[name] = []
            for base in entry.reads:
                found[name] += self.output(base, name, variant, splits, protocol, repeat)
        if step.corpus is None:
            number = list(self.corpora.trainings[protocol]).index(split) if split else None
            for kind, where in self.family(model).files(entry, number).items():
                found[kind] = [self._file(model, where)]
        return found

    def _file(self, model: str, where: str) -> str:
        """A further file of a model: local, or the download of an address, which is registered."""
        if "://" not in where:
            return where
        place = str(mirrored_path(where))
        path = self.run.layout.downloaded(place)
        if place not in self.weights.by_place and not Path(path).exists():
            raise UserError(
                f"models.{model}: {where} is not in resources/weights.yaml: add an entry with its "
                "checksum, or download the file and name that"
            )
        return path

    def weights_file(self, model: str, verb: str) -> list[str]:
        """The registered weights that a step reads; none where it reads no such file."""
        name = self.registered_weights(model) if self.step(model, verb).uses_weights else None
        return [] if name is None else [self.weights.path(n) for n in self.weights.names(name)]

    def registered_weights(self, model: str) -> str | None:
        """Name of the registered weights that a model itself starts from."""
        return self.family(model).weights(self.entry(model), self.corpora.had)

    def task(self, model: str, step: Step) -> Classes | Traces:
        """What a step of a model learns to say; without media, what the model says."""
        if step.media and step.corpus is None:
            return self.corpora.task
        return self.says(model)

    def says(self, model: str) -> Classes | Traces:
        """What a model says of an item: its task, or that of the corpus it is trained on."""
        entry = self.entry(model)
        if getattr(entry, "corpus", None) is None:
            return self.corpora.task
        return self.corpora.task_of(entry.corpus, entry.target)

    def told(
        self,
        model: str,
        verb: str,
        variant: str = "",
        split: str = "",
        protocol: str = "",
        repeat: str = "",
    ) -> str:
        """What a job of a step is told, as JSON.

        Its checkpoint's name holds a digest of everything else, so a training never goes on from
        the state of another one.
        """
        step, entry, family = self.step(model, verb), self.entry(model), self.family(model)
        protocol = protocol or self.corpora.protocol
        splits = self.of_job(model, verb, split, protocol)
        cosmetic = {"family", "title", "modality", "variants"}
        options = entry.model_dump(mode="json", exclude=cosmetic)
        for name in step.ignores:
            del options["settings"][name]
        told: dict[str, Any] = {
            "family": family.name,
            "step": verb,
            "model": model,
            "options": options,
            "task": self.task(model, step).model_dump(mode="json"),
            "variant": variant or None,
            "splits": {name: each.model_dump(mode="json") for name, each in splits.items()},
            "inputs": self.inputs(model, verb, variant, split, protocol, repeat),
            "outputs": self.outputs(step, model, variant, splits, protocol, repeat),
        }
        if entry.of is not None:
            told["base_task"] = self.says(entry.of).model_dump(mode="json")
        if step.seeded:
            configuration = self.run.configuration
            told["seed"] = configuration.repeats.get(repeat, configuration.seed)
        name = self.registered_weights(model)
        if step.uses_weights and name is not None:
            told["weights"] = self.weights.told(name)
        whole = self.run.told(ENTRY, told, family.name)
        digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
        unique = "_".join(part for part in (model, variant, split, digest) if part)
        return json.dumps({**json.loads(whole), "checkpoint": self.run.layout.checkpoint(unique)})

    def check(self) -> None:
        """A UserError if a file of an evaluated model lies at an address that nobody registered."""
        for model, _ in self.run.configuration.evaluated():
            for name in self.run.configuration.chain(model):
                for where in self.family(name).files(self.entry(name), 0).values():
                    self._file(name, where)

    def cannot_run(self, model: str, variant: str = "") -> str | None:
        """Why a model, or one of its variants, cannot be had; None where it can.

        What the corpus lacks comes first: where that is so, no weights help.
        """
        chain = self.run.configuration.chain(model)
        found = [self.lacks_media(name) for name in chain]
        for name in chain:
            found.append(self.family(name).cannot_run(self.entry(name), self.corpora.had))
            if (weights := self.registered_weights(name)) is not None:
                found.append(self.weights.missing(weights))
            if self.weights.maps_by_network and self.sees_saliency(name):
                found.append(self.weights.missing(SALIENCY))
        if variant == "vad" and self.reads_recordings(model):
            found.append(self.weights.missing(VOICE_ACTIVITY))
        return next((reason for reason in found if reason), None)

    def lacks_media(self, model: str) -> str | None:
        """What a model would read that the run's corpus does not have; None where it has all.

        It is asked as if every other corpus were there.
        """
        corpus, every = self.corpora.own, frozenset(self.run.kinds.corpora)
        has = {*corpus.media, *(("saliency",) if "frames" in corpus.media else ())}
        has |= {"films"} if corpus.recordings == "film" else set()
        has |= {"text"} if corpus.words else set()
        has |= {"faces"} if corpus.shows_faces else set()
        for step in self.family(model).steps(self.entry(model), every):
            lacking = [medium for medium in step.media if medium not in has]
            if step.corpus is None and lacking:
                return corpus.lacks(lacking)
        return None

    def sees_saliency(self, model: str) -> bool:
        """Whether a model itself reads saliency maps."""
        return any("saliency" in step.media for step in self.steps[model])

    def reads_recordings(self, model: str) -> bool:
        """Whether a model, or one that it reads, looks at anything prepared of recordings."""
        chain = self.run.configuration.chain(model)
        return any(step.reads_recordings for name in chain for step in self.steps[name])

    def note(self, model: str) -> str:
        """What tables say of a model for the words that it, or one that it reads, is given."""
        chain = self.run.configuration.chain(model)
        reads = any("text" in step.media for name in chain for step in self.steps[name])
        return self.corpora.own.words_note if reads else ""

    def hears_spans(self, model: str, variant: str) -> bool:
        """Whether a system is given trimmed items, its weights there or not."""
        lacking = [self.lacks_media(name) for name in self.run.configuration.chain(model)]
        lacking.append(self.weights.missing(VOICE_ACTIVITY))
        return variant == "vad" and self.reads_recordings(model) and not any(lacking)

    def starts_at_random(self, model: str) -> bool:
        """Whether a model, or one that it reads, is trained from random weights here."""
        entry = self.entry(model)
        if entry.reads:
            return any(self.starts_at_random(base) for base in entry.reads)
        return self.family(model).starts_at_random(entry)

    def title(self, model: str) -> str:
        """What readers see of a model, with what its numbers must not be shown without.

        Random initial weights, and a corpus or a saliency method other than the paper's are named.
        """
        notes = ["random initial weights"] if self.starts_at_random(model) else []
        if stand_in := self.stand_in(model):
            notes.append(stand_in)
        chain = self.run.configuration.chain(model)
        if any(self.sees_saliency(name) for name in chain) and not self.weights.maps_by_network:
            method = self.run.configuration.saliency.method
            notes.append(f"{method.replace('_', '-')} saliency")
        title = self.entry(model).title
        return f"{title} ({', '.join(notes)})" if notes else title

    def stand_in(self, model: str) -> str | None:
        """What a model, or one that it reads, was trained on in the place of the paper's corpus.

        None where nothing stands in; a folder that says what it holds is believed.
        """
        papers = {name: self.corpora.label(name) for name in self.corpora.own.paper_corpora}
        for name in self.run.configuration.chain(model):
            for corpus in (step.corpus for step in self.steps[name] if step.corpus is not None):
                title = self.corpora.by_place[self.corpora.place(corpus)].title or corpus
                if title == papers.get(corpus):
                    continue
                instead = f" instead of {' and '.join(papers.values())}" if papers else ""
                return f"trained on {title}{instead}"
        return None

    def unlike_paper(self, model: str) -> str | None:
        """In what a model, or one that it reads, is another one than the paper's, else None."""
        chain = self.run.configuration.chain(model)
        found = [self.family(name).unlike_paper(self.entry(name)) for name in chain]
        return ", ".join(filter(None, [*dict.fromkeys(found), self.stand_in(model)])) or None
