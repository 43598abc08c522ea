"""What an exported folder says of itself: ``manifest.json``, and the files that it names.

The folder may come from anywhere, so nothing in it is believed before it is checked: the version of
the format first, then every key, then every file by its name, size and checksum.  It holds no code;
tensors are safetensors, and a model whose family is not known here is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import safe_open

from mmer.fusion.settings import InputsSettings
from mmer.media.settings import PreparationSettings, SaliencySettings, VoiceActivitySettings
from mmer.models.job import Variant
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

FORMAT = 1
"""Raised whenever a reader of the older format would misread a newer folder."""

MANIFEST, CARD, RECORDINGS = "manifest.json", "README.md", "recordings.csv"
SALIENCY = "saliency.safetensors"
LARGEST_MANIFEST = 4_000_000
"""Bytes; a run's own is a hundredth of it."""


def _inside(name: str) -> str:
    parts = name.split("/")
    plain = all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", part) for part in parts)
    if not plain or len(parts) > 4:
        raise ValueError(f"{name!r} is no plain name of a file inside the folder")
    return name


FileName = Annotated[str, AfterValidator(_inside)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]{0,99}$")]


class Part(BaseModel):
    """The base of every part of the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ExportedFile(Part):
    """A file of the folder."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Score(Part):
    """How a system did on the speakers whom it did not learn from; percent, None where unknown.

    ``low`` and ``high`` are the 95 % interval over speakers, ``calibration_error`` the mean
    distance between what it says and how often it is right, in percentage points.
    """

    items: int
    accuracy: float
    low: float | None = None
    high: float | None = None
    calibration_error: float | None = None


class ExportedModel(Part):
    """A model under a variant; ``files`` are its weights by split, or one under an empty name."""

    name: Word
    variant: Variant
    family: Word
    options: dict[str, Any]
    task: Classes
    base_task: Classes | None = None
    of: Word | None = None
    files: dict[str, FileName]


class ExportedSystem(Part):
    """A system that is asked: ``<model>/<variant>``."""

    name: str
    title: str
    modality: Literal["speech", "face"]
    score: Score


class ExportedFusion(Part):
    """A fusion of systems that is asked; ``files`` are its classifier by split."""

    name: str
    title: str
    members: tuple[str, ...] = Field(min_length=2)
    inputs: InputsSettings
    score: Score
    files: dict[str, FileName]


class Manifest(Part):
    """All that is told of an export.

    Attributes
    ----------
    run, corpus, label, speakers, caution
        Where the networks come from, and what is to be said with everything that they say.
    splits
        Whose weights there are; a recording of the corpus is told by the splits that tested it.
    """

    format: Literal[1] = FORMAT
    run: Word
    corpus: Word
    label: str
    speakers: int = Field(ge=1)
    caution: str
    task: Classes
    preparation: PreparationSettings
    saliency: SaliencySettings
    voice_activity: VoiceActivitySettings
    splits: tuple[Word, ...] = Field(min_length=1)
    models: tuple[ExportedModel, ...]
    systems: tuple[ExportedSystem, ...] = Field(min_length=1)
    fusions: tuple[ExportedFusion, ...] = ()
    files: dict[FileName, ExportedFile]

    @property
    def maps_by_network(self) -> bool:
        """Whether faces are asked for whose saliency MSI-Net maps."""
        return SALIENCY in self.files

    @model_validator(mode="after")
    def _fits_together(self) -> Manifest:
        known = {f"{model.name}/{model.variant}": model for model in self.models}
        if len(known) < len(self.models):
            raise ValueError("a model is there twice")
        for model in self.models:
            if model.of is not None and f"{model.of}/{model.variant}" not in known:
                raise ValueError(f"{model.name} reads {model.of}, which is not there")
            if {*model.files} not in ({""}, {*self.splits}):
                raise ValueError(f"{model.name} has no weights of some split")
            self._unlooped(known, model)
        names = {system.name for system in self.systems}
        for system in self.systems:
            if system.name not in known or known[system.name].task != self.task:
                raise ValueError(f"{system.name} is no model of this task")
        for fusion in self.fusions:
            if not {*fusion.members} <= names or {*fusion.files} != {*self.splits}:
                raise ValueError(f"{fusion.name} lacks a member or a split")
        lists = [model.files.values() for model in self.models]
        lists += [fusion.files.values() for fusion in self.fusions]
        if lacking := {file for files in lists for file in files} - {*self.files}:
            raise ValueError(f"{min(lacking)} is not among the files")
        return self

    @staticmethod
    def _unlooped(known: dict[str, ExportedModel], model: ExportedModel) -> None:
        seen = set()
        while model.of is not None and model.name not in seen:
            seen.add(model.name)
            model = known[f"{model.of}/{model.variant}"]
        if model.of is not None:
            raise ValueError(f"{model.name} reads itself")


_ADVICE = "export the run again, or copy the whole folder once more"


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of an exported folder, and every file that it names.

    Raises
    ------
    UserError
        If the folder is no export, of another format, or not as it was written.
    """
    manifest = read_manifest_alone(folder)
    for name, expected in manifest.files.items():
        _check_file(folder, name, expected)
    return manifest


def read_manifest_alone(folder: Path) -> Manifest:
    """The same without a look at the files that it names."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > LARGEST_MANIFEST:
            raise ValueError("it is far too large")
        told = json.loads(path.read_text("utf-8"))
        if not isinstance(told, dict) or "format" not in told:
            raise ValueError("it names no format")
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} is no manifest of an exported run ({reason}): {_ADVICE}"
        ) from error
    if told["format"] != FORMAT:
        raise UserError(
            f"{path} has the format {str(told['format'])[:20]!r}, and this version of the workflow "
            f"reads {FORMAT}: use the version that wrote it, or export the run again"
        )
    try:
        return Manifest.model_validate_json(json.dumps(told))
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": ""}
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise UserError(f"{path} is not understood ({where}: {first['msg']}): {_ADVICE}") from error


def _check_file(folder: Path, name: str, expected: ExportedFile) -> None:
    """A UserError unless a file lies in the folder itself and is the one that was written."""
    path = folder
    for part in PurePosixPath(name).parts:
        path = path / part
        if path.is_symlink():
            raise UserError(f"{path} is a link, which an exported folder does not hold: {_ADVICE}")
    if not path.is_file():
        raise UserError(f"{path} is missing: {_ADVICE}")
    if path.stat().st_size != expected.size or file_sha256(path) != expected.sha256:
        raise UserError(f"{path} is not as it was written: {_ADVICE}")


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_arrays_of(folder: Path, name: str) -> dict[str, np.ndarray]:
    """The arrays of a file that was checked; a UserError where it is no safetensors."""
    try:
        with safe_open(folder / name, framework="np") as stream:
            return {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
    except Exception as error:  # a damaged or hostile file can fail in any way
        raise UserError(
            f"{folder / name} holds no tensors ({type(error).__name__}): export the run again"
        ) from error
