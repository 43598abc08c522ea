"""What is known of a paper whose numbers stand beside ours: one folder under ``resources/papers``.

Planning reads it too, so it needs nothing but the description, ``paper.yaml``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from mmer.runtime.errors import UserError

PROJECT = Path(__file__).parents[3]


PAPERS = "resources/papers"
"""The folder of every paper, relative to the project."""

Measure = Literal["mean_accuracy", "pooled_accuracy", "deviation"]
"""What a number is: the mean over folds; or mean or deviation over all items, right or wrong."""


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PaperTable(_Described):
    """One of the paper's tables or figures: its place as the paper counts it, what its rows are."""

    place: str
    kind: Literal["systems", "tops", "grid", "architectures", "over_items", "elsewhere"]
    modality: str | None = None
    measures: dict[str, Measure] = {}


class Example(_Described):
    """What a figure shows of an item: its class, what it and many of its frames are taken for."""

    figure: str
    true: str
    predicted: str
    seen: str


class Paper(_Described):
    """The description; ``resources/papers/luna_jimenez_2021/paper.yaml`` says what each key is."""

    title: str
    citation: str
    address: str
    data: str
    items: int
    tables: dict[str, PaperTable]
    accuracies: dict[str, str | None]
    conditions: tuple[str, ...] = ()
    variants: dict[str, str] = {}
    references: dict[str, str] = {}
    without_interval: dict[str, str] = {}
    sizes: dict[str, str] = {}
    confusions: dict[str, str] = {}
    examples: tuple[Example, ...] = ()
    significance: str = ""
    verdicts: str = ""
    architectures: str = ""
    words: dict[str, str] = {}

    def of_kind(self, kind: str) -> list[str]:
        """Files of a kind, without ending."""
        return [file for file, table in self.tables.items() if table.kind == kind]

    def of_modality(self, modality: str) -> str | None:
        """The file with the systems of a modality."""
        return next((f for f, table in self.tables.items() if table.modality == modality), None)


def read_paper(paper: Path | str) -> Paper:
    """The description of a paper; a UserError if it cannot be read or is none."""
    path = PROJECT / paper / "paper.yaml"
    try:
        return Paper.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} describes no paper ({reason}): mend it") from error
