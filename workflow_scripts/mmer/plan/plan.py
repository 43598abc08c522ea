"""The whole plan, made of its parts, and what the steps before the models are told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmer.config import Configuration
from mmer.corpora.base import Archive
from mmer.evaluation.paper_description import PAPERS
from mmer.media.weights_registry import RegisteredFile
from mmer.plan.choices import ChoicesPlan
from mmer.plan.corpora import CorporaPlan
from mmer.plan.models import ModelsPlan
from mmer.plan.report import ReportPlan
from mmer.plan.run import RunPlan
from mmer.plan.seeds import SeedsPlan
from mmer.plan.systems import SystemsPlan
from mmer.plan.weights import SALIENCY, VOICE_ACTIVITY, WeightsPlan
from mmer.registry import Registry
from mmer.tasks import Traces


@dataclass(frozen=True)
class Plan:
    """A run."""

    configuration: Configuration
    kinds: Registry
    registered: dict[str, RegisteredFile]
    scripts: Path

    @cached_property
    def run(self) -> RunPlan:
        """Its folder and its versions."""
        return RunPlan(self.configuration, self.kinds, self.scripts)

    @cached_property
    def corpora(self) -> CorporaPlan:
        """Recordings and what is prepared from them."""
        return CorporaPlan(self.run)

    @cached_property
    def weights(self) -> WeightsPlan:
        """Published weights."""
        return WeightsPlan(self.run, self.registered)

    @cached_property
    def models(self) -> ModelsPlan:
        """The steps of families."""
        return ModelsPlan(self.run, self.corpora, self.weights)

    @cached_property
    def systems(self) -> SystemsPlan:
        """Evaluation and fusion."""
        return SystemsPlan(self.run, self.models)

    @cached_property
    def seeds(self) -> SeedsPlan:
        """The comparison of several seeds."""
        return SeedsPlan(self.systems)

    @cached_property
    def choices(self) -> ChoicesPlan:
        """What the choices are worth."""
        return ChoicesPlan(self.systems)

    @cached_property
    def report(self) -> ReportPlan:
        """Tables, figures and pages."""
        return ReportPlan(
            self.models,
            self.systems,
            None if self.follows_traces else self.paper,
            self.corpora.protocol,
        )

    @property
    def follows_traces(self) -> bool:
        """Whether the task is to follow traces."""
        return isinstance(self.corpora.task, Traces)

    @property
    def paper(self) -> str | None:
        """The folder of the paper's numbers, where there is one."""
        name = self.configuration.compared_with or self.corpora.own.paper
        return None if name is None else f"{PAPERS}/{name}"

    @property
    def paper_tables(self) -> list[str]:
        """The files of that folder."""
        if self.paper is None:
            return []
        files = (self.scripts.parent / self.paper).iterdir()
        return sorted(f"{self.paper}/{file.name}" for file in files)

    @cached_property
    def prepared_media(self) -> dict[str, tuple[str, ...]]:
        """What is prepared of each kind of recording that the run has."""
        return {corpus.recordings: corpus.media for corpus in self.corpora.by_place.values()}

    def recordings_of(self, wildcards: Any) -> dict[str, list[str]]:
        """What the preparation of a speaker reads: recordings, and items where traces are asked.

        Of pictures it reads the lists that name them, so that other labels repeat nothing.
        """
        corpus = self.corpora.by_place[wildcards.corpus]
        if corpus.recordings == "picture":
            return {"recordings": list(corpus.sources)}
        found = {"recordings": self.corpora.recordings(wildcards.corpus, wildcards.speaker)}
        if "traces" in corpus.media:
            found["item_table"] = [self.run.layout.items(wildcards.corpus)]
        return found

    # The engine does not compare what it derives from a job's inputs or outputs, so that all that
    # jobs are told follows from wildcards.

    def told_of_download(self, place: str) -> str:
        """What the download of a registered file is told."""
        known = self.weights.by_place[place]
        told = {"address": known.address, "sha256": known.sha256, "size": known.size}
        return self.run.told("download_file", {**told, "out": self.run.layout.downloaded(place)})

    def told_of_record(self, record: str) -> str:
        """What the download of a record's metadata is told."""
        told = {"record": int(record), "label": self.configuration.label}
        out = self.corpora.record_metadata(record)
        return self.run.told("download_record", {**told, "out": out})

    def told_of_archive(self, record: str, archive: str) -> str:
        """What the download of an archive is told."""
        told = {
            "record": int(record),
            "metadata": self.corpora.record_metadata(record),
            "out": self.run.layout.downloaded(Archive(int(record), archive).place),
        }
        return self.run.told("download_archive", told)

    def told_of_extraction(self, speaker: str) -> str:
        """What the extraction of a speaker's recordings is told."""
        archive, out = self.corpora.archive(speaker), self.run.layout.clips(speaker)
        return self.corpora.told("extract_speaker", "", archive=archive, speaker=speaker, out=out)

    def told_of_preparation(self, wildcards: Any) -> str:
        """What the preparation of a speaker is told."""
        place, speaker = wildcards.corpus, wildcards.speaker
        media = self.corpora.by_place[place].media
        return self.corpora.told(
            "prepare_media",
            place,
            **self._recordings_told(wildcards),
            preparation=self.run.section("preparation"),
            outputs={name: self.run.layout.prepared(name, speaker, place) for name in media},
        )

    def told_of_saliency(self, wildcards: Any) -> str:
        """What a speaker's saliency maps are told."""
        place, speaker = wildcards.corpus, wildcards.speaker
        return self.corpora.told(
            "map_saliency",
            place,
            **self._recordings_told(wildcards),
            saliency=self.run.section("saliency"),
            weights=next(iter(self.weights.saliency), None),
            out=self.run.layout.prepared("saliency", speaker, place),
        )

    def told_of_faces(self, wildcards: Any) -> str:
        """What the cropping of a speaker's faces is told."""
        place, speaker = wildcards.corpus, wildcards.speaker
        return self.corpora.told(
            "crop_faces",
            place,
            speaker=speaker,
            files=self.corpora.films(place, speaker),
            faces=self.run.section("faces"),
            out=self.run.layout.prepared("faces", speaker, place),
        )

    def _recordings_told(self, wildcards: Any) -> dict[str, Any]:
        read = self.recordings_of(wildcards)
        return {
            "speaker": wildcards.speaker,
            "files": read["recordings"],
            "items": next(iter(read.get("item_table", ())), None),
        }

    def told_of_speech(self, place: str, speaker: str) -> str:
        """What the detection of speech is told."""
        told = {
            "audio": self.run.layout.prepared("audio", speaker, place),
            "weights": self.weights.told(VOICE_ACTIVITY),
            "settings": self.run.section("voice_activity"),
            "out": self.run.layout.prepared("speech", speaker, place),
        }
        return self.run.told("detect_speech", told)

    def told_of_text(self, place: str, speaker: str) -> str:
        """What the preparation of a speaker's words is told."""
        told = {
            "items": self.run.layout.items(place),
            "column": self.corpora.by_place[place].words,
            "speaker": speaker,
            "out": self.run.layout.prepared("text", speaker, place),
        }
        return self.run.told("prepare_text", told)

    def told_of_conversion(self) -> str:
        """What the conversion of MSI-Net's weights is told."""
        told = {
            "saved_model": self.weights.path(SALIENCY),
            "sha256": self.registered[SALIENCY].sha256,
            "width": self.configuration.saliency.width,
            "out": self.run.layout.converted(SALIENCY),
        }
        return self.run.told("convert_msi_net", told)

    @property
    def saliency_gpu(self) -> int:
        """How many GPUs a job takes that makes saliency maps."""
        return int(bool(self.run.gpus.numbers)) if self.weights.maps_by_network else 0

    @property
    def saliency_gpu_share(self) -> int:
        """What such a job takes of all GPUs."""
        return self.run.gpus.share() if self.weights.maps_by_network else 0
