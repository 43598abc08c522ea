"""What the workflow after a run consists of, and what its two jobs are told."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmer.evaluation.paper_description import PROJECT
from mmer.prediction.finished_run import FinishedRun
from mmer.prediction.manifest import read_manifest_alone
from mmer.prediction.named import named, recordings_in
from mmer.prediction.settings import MAPS_COST, PredictionSettings
from mmer.runtime.errors import UserError
from mmer.runtime.versions import step_version

SCRIPTS = PROJECT / "workflow_scripts"
KEYS = ("run", "export", "prediction")


@dataclass(frozen=True)
class PredictionsPlan:
    """A finished run or an exported folder, and the recordings that something is to be said of.

    Attributes
    ----------
    run
        The run; None where an exported folder is asked.
    folder
        The exported folder that the user names, empty where a run is.
    settings
        How recordings are cut and faces are cropped.
    asked
        Files and folders, as the user names them.
    """

    run: FinishedRun | None
    folder: str
    settings: PredictionSettings
    asked: tuple[Path, ...]

    @classmethod
    def read(cls, configuration: Mapping[str, Any], files: Sequence[str]) -> PredictionsPlan:
        """What a command names.

        Raises
        ------
        UserError
            If it names neither run nor folder, or one that is none.
        """
        unknown = sorted({*configuration} - {*KEYS})
        if unknown:
            raise UserError(f"unknown key {unknown[0]}: only {', '.join(KEYS)} are known here")
        told = configuration.get("prediction") or {}
        asked = tuple(map(Path, files))
        if folder := configuration.get("export"):
            if not (Path(folder) / "manifest.json").is_file():
                raise UserError(f"{folder} is no exported folder: EXPORT=<what make export wrote>")
            read_manifest_alone(Path(folder))
            return cls(None, str(folder), PredictionSettings.model_validate(told), asked)
        if not configuration.get("run"):
            raise UserError("name a finished run, RUN=<its name>, or EXPORT=<an exported folder>")
        run = FinishedRun.read(str(configuration["run"]), told)
        return cls(run, "", run.configuration.prediction, asked)

    @property
    def results(self) -> str:
        """Where results go."""
        if self.run is not None:
            return self.run.plan.run.layout.results
        return f"results/export_{Path(self.folder).resolve().name}"

    @property
    def export(self) -> str:
        """The exported folder."""
        return self.folder or f"{self.results}/export"

    @cached_property
    def recordings(self) -> dict[str, Path]:
        """Every recording by the name of its results."""
        return named(recordings_in(self.asked))

    @property
    def out(self) -> str:
        """The folder of the results."""
        return f"{self.results}/recordings"

    @property
    def recordings_digest(self) -> str:
        """A digest of sizes and times of the recordings, by which the job is stale."""
        states = []
        for path in self.recordings.values():
            found = path.stat() if path.exists() else None
            states.append((str(path), found and (found.st_size, found.st_mtime_ns)))
        return hashlib.sha256(repr(states).encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def tables(self) -> list[str]:
        """What is said of each recording."""
        return [f"{self.out}/{name}/prediction.json" for name in self.recordings]

    @property
    def page(self) -> str:
        """The page of all."""
        return f"{self.out}/index.html"

    def log(self, step: str) -> str:
        """The log of a job."""
        return f"{self.results}/logs/{step}.log"

    @property
    def threads(self) -> int:
        """CPU threads: those of the run, whose numbers depend on them in the last bit."""
        return 2 if self.run is None else self.run.configuration.compute.threads

    def environment(self, programs: Path, present: Mapping[str, str]) -> dict[str, str]:
        """What jobs find in their environment."""
        if self.run is not None:
            return self.run.plan.run.environment(programs, present)
        path = os.pathsep.join([str(programs), present.get("PATH", "")])
        return {"PATH": path, "PYTHONPATH": str(SCRIPTS), "MMER_THREADS": str(self.threads)}

    def told_of_export(self) -> str:
        """What the export is told."""
        assert self.run is not None, "an exported folder is there already"
        told = {
            "run": self.run.configuration.run,
            "systems": self.run.wanted,
            "out": self.export,
        }
        return json.dumps({**self._versioned("export_run"), **told})

    def told_of_predictions(self) -> str:
        """What the job is told that says something of recordings."""
        told = {
            "export": self.export,
            "recordings": [str(path) for path in self.asked],
            "out": self.out,
            "settings": self.settings.model_dump(mode="json"),
        }
        if self.run is not None:
            told["voice_activity"] = self.run.voice_activity
        return json.dumps({**self._versioned("predict_recordings"), **told})

    def _versioned(self, entry: str) -> dict[str, Any]:
        """The version of a step, and the user's own families."""
        if self.run is None:
            return {"version": step_version(SCRIPTS, entry, afterwards=True)}
        kinds = self.run.plan.run.kinds
        names = {self.run.plan.models.family(kept.model).name for kept in self.run.kept}
        files = tuple(sorted(kinds.files[name] for name in names))
        told: dict[str, Any] = {"version": step_version(SCRIPTS, entry, files, afterwards=True)}
        if plugins := self.run.configuration.plugins:
            told["plugins"] = list(plugins)
        return told

    @property
    def warnings(self) -> list[str]:
        """What is to be said before anything starts."""
        if self.run is None:
            manifest = read_manifest_alone(Path(self.folder))
            return [MAPS_COST] if manifest.maps_by_network else []
        slow = self.run.sees and self.run.plan.weights.maps_by_network
        return [*self.run.passed_over, *([MAPS_COST] if slow else [])]

    def said(self) -> str:
        """What was said of each recording, in a line each."""
        lines = []
        for table, path in zip(self.tables, self.recordings.values(), strict=True):
            told = json.loads(Path(table).read_text("utf-8"))
            pieces = f"{len(told['pieces'])} pieces"
            lines.append(f"{path}: {told['refused'] or pieces}")
        where = self.page if self.recordings else self.export
        return "\n".join([*lines, f"See {where}"])
