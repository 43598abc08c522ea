"""The corpora of a run: where recordings lie, and what is prepared from them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmer.by_recording import BY_RECORDING, recordings_out
from mmer.configuration_references import corpus_of
from mmer.corpora.base import Archive, Corpus
from mmer.media.record import metadata_place
from mmer.plan.run import RunPlan
from mmer.protocol import NESTED, PAPER, Split, two_folds_out
from mmer.runtime.errors import UserError
from mmer.settings import PATTERN_LETTERS
from mmer.tasks import Classes, Traces


@dataclass(frozen=True)
class CorporaPlan:
    """The run's corpus, and those that some of its models are trained on.

    In paths and rules a corpus is known by what stands before its files: nothing for that of the
    run, the name and a slash for another.
    """

    run: RunPlan

    @property
    def own(self) -> Corpus:
        """The run's corpus."""
        return self.by_place[""]

    @cached_property
    def by_place(self) -> dict[str, Corpus]:
        """Every corpus in use; others than the run's where the user names their folder."""
        configuration, kinds = self.run.configuration, self.run.kinds
        found = {"": corpus_of(configuration, kinds, configuration.corpus)}
        for entry in configuration.models.values():
            name = getattr(entry, "corpus", None)
            if name is not None and name != configuration.corpus:
                corpus = corpus_of(configuration, kinds, name)
                if corpus.folder is not None:
                    found[self.place(name)] = corpus
        return found

    @property
    def had(self) -> frozenset[str]:
        """Names of the corpora in use."""
        return frozenset(corpus.name for corpus in self.by_place.values())

    def place(self, name: str | None) -> str:
        """What stands before a corpus's files; None means the run's corpus."""
        return "" if name in (None, self.run.configuration.corpus) else f"{name}/"

    @cached_property
    def task(self) -> Classes | Traces:
        """What is to be said of the run's items."""
        tasks = self.own.tasks
        return tasks[self.run.configuration.task or next(iter(tasks))]

    def task_of(self, name: str, target: str) -> Classes | Traces:
        """A task of any corpus, its folder named or not."""
        return corpus_of(self.run.configuration, self.run.kinds, name).tasks[target]

    @property
    def protocol(self) -> str:
        """The run's own protocol; another one may be evaluated beside it."""
        return self.run.configuration.protocol.evaluated[0]

    def folder(self, protocol: str) -> str:
        """What the tables of a protocol beside the run's own lie in; nothing for its own."""
        return "" if protocol == self.protocol else f"/{protocol}"

    @cached_property
    def trainings(self) -> dict[str, dict[str, dict[str, Split]]]:
        """Under every protocol the splits of each training on the run's corpus, by its name.

        The paper's are there whatever the run evaluates: posteriors of models trained elsewhere
        exist for them only.
        """
        name = self.run.configuration.task or next(iter(self.own.tasks))
        folds = self.own.splits(name, self.run.configuration.protocol.folds)
        found = {PAPER: {name: {name: split} for name, split in folds.items()}}
        if self.evaluates(NESTED):
            found[NESTED] = two_folds_out(folds.values())
        if self.evaluates(BY_RECORDING):
            recordings = recordings_out(self.run.configuration.protocol.recording_folds)
            found[BY_RECORDING] = {name: {name: split} for name, split in recordings.items()}
        return found

    def evaluates(self, protocol: str) -> bool:
        """Whether the run evaluates a protocol."""
        return protocol in self.run.configuration.protocol.evaluated

    def items(self, protocol: str) -> str:
        """The item table that everything reads in which somebody learns under a protocol."""
        divided = protocol == BY_RECORDING
        return self.run.layout.divided_items() if divided else self.run.layout.items()

    def told_of_division(self) -> str:
        """What the division by recording is told."""
        configuration, layout = self.run.configuration, self.run.layout
        told = {"items": layout.items(), "out": layout.divided_items(), "seed": configuration.seed}
        told |= {"task": self.task.model_dump(mode="json")}
        told |= {"folds": configuration.protocol.recording_folds}
        return self.run.told("divide_recordings", told)

    def splits_under(self, protocol: str) -> dict[str, Split]:
        """The splits of the run's corpus under a protocol, by name."""
        trainings = self.trainings[protocol].values()
        return {name: split for splits in trainings for name, split in splits.items()}

    @cached_property
    def splits(self) -> dict[str, Split]:
        """The splits of the run's corpus under its own protocol, by name."""
        return self.splits_under(self.protocol)

    def label(self, name: str) -> str:
        """What the configuration calls any corpus, its folder named or not."""
        return corpus_of(self.run.configuration, self.run.kinds, name).settings.label

    def splits_of(self, name: str, target: str) -> dict[str, Split]:
        """The splits of another corpus."""
        return self.by_place[self.place(name)].splits(target, None)

    @property
    def splits_pattern(self) -> str:
        """A pattern of every training, and of every split of other corpora."""
        names = {name for trainings in self.trainings.values() for name in trainings}
        for place, corpus in self.by_place.items():
            names.update(
                name for task in corpus.tasks if place for name in corpus.splits(task, None)
            )
        return "|".join(sorted(names))

    def check(self) -> None:
        """Look at what the user names, before anything runs.

        A UserError if a folder does not hold its corpus, or the project lies in a folder whose name
        neither engine nor Python can carry.
        """
        project = str(self.run.scripts.parent)
        if set(project) & {*PATTERN_LETTERS, os.pathsep}:
            raise UserError(
                f"the project lies in {project!r}, but neither {PATTERN_LETTERS} nor {os.pathsep} "
                "may be in the name of its folder: move it"
            )
        for place, corpus in self.by_place.items():
            if place or self.reads_recordings:
                corpus.check()
        missing = self._missing_archives() if self.reads_recordings else []
        if missing:
            own = self.own
            lacks = f"lacks {', '.join(missing)}, and loose recordings in their place"
            lacks = lacks if Path(own.folder).is_dir() else "is no folder"
            raise UserError(f"data.{own.name}: {own.folder} {lacks}: mend the path or the folder")

    def _missing_archives(self) -> list[str]:
        """Names of local archives that are not there and of which nothing is made yet."""
        if self.own.folder is None:
            return []
        layout = self.run.layout
        return sorted(
            {
                archive.file
                for speaker, archive in self.archives.items()
                if not Path(self.archive(speaker)).is_file()
                and not Path(layout.clips(speaker)).exists()
                and not all(Path(layout.prepared(m, speaker)).exists() for m in self.own.media)
            }
        )

    @cached_property
    def reads_recordings(self) -> bool:
        """Whether any model of the run reads what is prepared of the run's corpus."""
        configuration, kinds = self.run.configuration, self.run.kinds
        entries = [configuration.models[name] for name in configuration.used()]
        return any(
            step.reads_recordings and step.corpus is None
            for entry in entries
            for step in kinds.families[entry.family].steps(entry, self.had)
        )

    @cached_property
    def archives(self) -> dict[str, Archive]:
        """Archives of the run's corpus that are downloaded, by speaker."""
        found = {speaker: self.own.archive(speaker) for speaker in self.own.speakers}
        return {speaker: archive for speaker, archive in found.items() if archive is not None}

    def record_metadata(self, record: int | str) -> str:
        """The metadata of a Zenodo record."""
        return self.run.layout.downloaded(metadata_place(record))

    def archive(self, speaker: str) -> str:
        """The archive of a speaker: a local one, or the download."""
        archive = self.archives[speaker]
        if self.own.folder is not None:
            return str(self.own.folder / archive.file)
        return self.run.layout.downloaded(archive.place)

    def recordings(self, place: str, speaker: str) -> list[str]:
        """A speaker's recordings: loose local files, or the folder they are extracted to."""
        corpus = self.by_place[place]
        if not place and speaker in self.archives:
            return [self.run.layout.clips(speaker)]
        return corpus.files(speaker)

    def films(self, place: str, speaker: str) -> list[str]:
        """What a speaker's faces are cropped of."""
        corpus = self.by_place[place]
        is_film = corpus.recordings == "film"
        return self.recordings(place, speaker) if is_film else corpus.films(speaker)

    def item_sources(self, place: str) -> list[str]:
        """What the item table is made from."""
        corpus = self.by_place[place]
        if corpus.sources:
            return list(corpus.sources)
        if not place and not self.reads_recordings:
            return []
        return [file for s in corpus.speakers for file in self.recordings(place, s)]

    def prepared(self, kind: str, place: str = "") -> list[str]:
        """A kind of prepared file of every speaker, or their films as they are."""
        layout = self.run.layout
        if kind == "films":
            return [
                file for s in self.by_place[place].speakers for file in self.recordings(place, s)
            ]
        return [layout.prepared(kind, s, place) for s in self.by_place[place].speakers]

    @property
    def comparison(self) -> list[str]:
        """The recordings that are there more than once; none where no sound is prepared."""
        if "audio" not in self.own.media or not self.reads_recordings:
            return []
        return [self.run.layout.same_recordings()]

    def told_of_comparison(self) -> str:
        """What the comparison of recordings is told."""
        tasks = self.own.tasks.values()
        told = {
            "audio": self.prepared("audio"),
            "items": self.run.layout.items(),
            "classes": [task.column for task in tasks if isinstance(task, Classes)],
            "out": self.run.layout.same_recordings(),
        }
        return self.run.told("compare_recordings", told)

    def pattern(self, recordings: str | None = None) -> str:
        """A pattern of the places of all corpora, or of those with one kind of recording."""
        kinds = self.by_place.items()
        places = [p for p, corpus in kinds if recordings in (None, corpus.recordings)]
        return f"({'|'.join(places)})"  # an empty pattern would be none

    @property
    def speakers_pattern(self) -> str:
        """A pattern of every speaker of every corpus."""
        names = {s for corpus in self.by_place.values() for s in corpus.speakers}
        return "|".join(sorted(names))

    def told(self, entry: str, place: str, **told: Any) -> str:
        """What a step that reads recordings is told, as JSON."""
        return self._told(entry, place, self.by_place[place].media_settings, told)

    def told_of_items(self, place: str) -> str:
        """What the step that writes the item table is told."""
        corpus = self.by_place[place]
        told: dict[str, Any] = {"found": {}, "out": self.run.layout.items(place)}
        if not corpus.sources and (place or self.reads_recordings):
            told["found"] = {s: self.recordings(place, s) for s in corpus.speakers}
        if corpus.seeded:
            told["seed"] = self.run.configuration.seed
        return self._told("list_items", place, corpus.item_settings, told)

    def _told(
        self, entry: str, place: str, names: frozenset[str] | None, told: dict[str, Any]
    ) -> str:
        corpus = self.by_place[place]
        settings = corpus.settings.model_dump(mode="json", include=names, exclude={"label"})
        described = {
            "corpus": corpus.name,
            "settings": settings,
            "folder": corpus.folder and str(corpus.folder),
        }
        return self.run.told(entry, {**described, **told}, corpus.name)
