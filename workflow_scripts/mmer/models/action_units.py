"""Action units of faces, as the program OpenFace tells them of every frame, and a bi-LSTM on them.

Sources: Baltrušaitis et al. 2018, "OpenFace 2.0"; Luna-Jiménez et al. 2022, "A Proposal for
Multimodal Emotion Recognition Using Aural Transformers and Action Units on RAVDESS Dataset", and
its published code.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from mmer.models.base import Family, ModelEntry, ModelJob, Name, Origin, Output, Resources, Step
from mmer.models.sequence_settings import GRID_OUTPUTS, Architecture, SequenceSettings
from mmer.settings import FilePath, PathText, Settings, from_source

LATER_PAPER = "the code that the later paper's authors published, action units"
TABLES = {
    "action_units": Output("action_units.npz", "model"),
    "embeddings": Output("embeddings.npz", "model"),
}
TABLES_FOLDER = "tables"
"""The local folder, as an input of the step."""


class ActionUnitsSettings(Settings):
    """Where the action units come from, and which frames count."""

    folder: FilePath | None = Field(
        None,
        description="Local folder with a table of OpenFace for each film, <item>.csv, at any "
        "depth; null runs the program.",
    )
    program: PathText = Field(
        "FeatureExtraction",
        description="OpenFace's program, by path or by name where it is installed.",
    )
    failed_frames: Literal["keep", "leave_out"] = from_source(
        "keep",
        "Whether frames count in which OpenFace says that it found no face.",
        f"{LATER_PAPER}, which looks at the units alone",
    )


class ActionUnitsEntry(ModelEntry):
    """Action units of every frame."""

    family: Literal["action_units"]
    modality: Literal["face"] = "face"
    variants: tuple[Literal["full"]] = ("full",)
    settings: ActionUnitsSettings = ActionUnitsSettings()


class ActionUnits(Family):
    """Thirty-five values of every frame: 17 intensities from 0 to 5, 18 presences, 0 or 1."""

    name = "action_units"
    Entry = ActionUnitsEntry
    starts_from_weights = False
    takes = (Step("read", "model", TABLES, seeded=False, resources=Resources(minutes=30)),)

    def steps(self, entry: ActionUnitsEntry, has: frozenset[str]) -> tuple[Step, ...]:
        """One: tables are read, or made of films first."""
        if entry.settings.folder is not None:
            return self.takes
        resources = Resources(memory_mb=4000, minutes=1440)
        made = Step("read", "model", TABLES, ("films",), seeded=False, resources=resources)
        return (made,)

    def cannot_run(self, entry: ActionUnitsEntry, has: frozenset[str]) -> str | None:
        """Without tables the program must be there."""
        program = entry.settings.program
        if entry.settings.folder is not None or shutil.which(program):
            return None
        return f"OpenFace missing ({program} is not installed, and settings.folder names no tables)"

    def origin(self, entry: ActionUnitsEntry, has: frozenset[str]) -> Origin:
        """The tables, or the program."""
        settings = entry.settings
        made = "OpenFace's tables, run here" if settings.folder is None else settings.folder
        return Origin(f"action units: {made}", "OpenFace: academic use only")

    def files(self, entry: ActionUnitsEntry, split: int | None) -> Mapping[str, str]:
        """The local folder."""
        folder = entry.settings.folder
        return {} if folder is None else {TABLES_FOLDER: folder}

    def read(self, job: ModelJob) -> None:
        """Read every table, after running the program where there are none."""
        from mmer.models.networks.action_units import read

        read(job)


class ActionUnitsBiLstmSettings(SequenceSettings):
    """The bi-LSTM with attention on action units."""

    architectures: tuple[Architecture, ...] = from_source(
        (Architecture(layers=2, units=50, attention_layers=2),),
        "Sizes to try, each as layers, units and attention_layers.",
        LATER_PAPER,
        min_length=1,
    )


class ActionUnitsBiLstmEntry(ModelEntry):
    """A bi-LSTM with attention over the action units of an item."""

    family: Literal["action_units_bilstm"]
    modality: Literal["face"] = "face"
    variants: tuple[Literal["full"]] = ("full",)
    of: Name = Field(description="The action units that it reads.")
    settings: ActionUnitsBiLstmSettings = ActionUnitsBiLstmSettings()


class ActionUnitsBiLstm(Family):
    """The grid of small trainings of the family bilstm, on action units."""

    name = "action_units_bilstm"
    Entry = ActionUnitsBiLstmEntry
    needs = frozenset({"action_units"})
    starts_from_weights = False
    takes = (
        Step(
            "train",
            "variant",
            GRID_OUTPUTS,
            of_base=("action_units",),
            resources=Resources("shared", memory_mb=4000, minutes=240),
        ),
    )

    def train(self, job: ModelJob) -> None:
        """Train on every split; write what the best architecture says."""
        from mmer.models.networks.action_units_bilstm import train

        train(job)
