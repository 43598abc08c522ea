"""What a step of the report is and shows, and what all of them ask of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmer.by_recording import BY_RECORDING
from mmer.evaluation.paper_description import Paper, read_paper
from mmer.layout import Layout
from mmer.plan.models import ModelsPlan
from mmer.plan.systems import SystemsPlan
from mmer.protocol import PAPER
from mmer.report.words import PROTOCOLS
from mmer.tasks import Classes, Traces

TEMPLATES = "resources/templates"
"""What pages are made of."""
FORMATS = ("csv", "md", "tex")
"""In which a table is written besides its page."""


@dataclass(frozen=True)
class Shown:
    """A file that the report embeds: its place, where the menu lists it, and its caption.

    ``labels`` tell it from the others there.  The first page calls it ``link`` under ``group``;
    empty where it is not linked.  A group named as a table or figure of the paper stands beside
    its verdicts.
    """

    path: str
    category: str
    labels: dict[str, str]
    caption: str
    subcategory: str | None = None
    link: str = ""
    group: str = ""


@dataclass(frozen=True)
class ReportStep:
    """A step of the report: what it reads, shows, writes besides, and what its job is told.

    ``name`` is its rule's, ``entry`` that of what runs.
    """

    name: str
    entry: str
    inputs: tuple[str, ...]
    shown: tuple[Shown, ...]
    others: tuple[str, ...]
    told: str

    @property
    def outputs(self) -> list[str]:
        """Everything that it writes."""
        return [*(shown.path for shown in self.shown), *self.others]


@dataclass(frozen=True)
class ReportContext:
    """What the steps of the report ask of the plan.

    ``paper`` is the folder of the paper's numbers, relative to the project; None where there is
    none.  ``protocol`` is the one whose results are shown.
    """

    models: ModelsPlan
    systems: SystemsPlan
    paper: str | None
    protocol: str

    @property
    def layout(self) -> Layout:
        """Every path."""
        return self.models.run.layout

    @property
    def task(self) -> Classes | Traces:
        """What is to be said of an item."""
        return self.models.corpora.task

    @cached_property
    def described(self) -> Paper | None:
        """The paper."""
        return read_paper(self.paper) if self.paper else None

    @property
    def evaluated(self) -> list[str]:
        """The evaluation's tables."""
        return self.systems.evaluation_tables(self.protocol)

    @property
    def _folder(self) -> str:
        """What stands before the names of tables and figures of a protocol beside the run's own."""
        folder = self.models.corpora.folder(self.protocol).removeprefix("/")
        return f"{folder}/" if folder else ""

    @property
    def label(self) -> str:
        """What every table and figure of results calls the data and the protocol."""
        splits = self.models.corpora.splits_under(self.protocol).values()
        partition = self.protocol == PAPER and all(split.holds_tested_out for split in splits)
        words = "the corpus's own partition" if partition else PROTOCOLS[self.protocol]
        return f"{self.models.run.configuration.label}, {words}"

    @property
    def data_label(self) -> str:
        """What pages call the data that say nothing of results; by recording they warn too."""
        warns = self.protocol == BY_RECORDING
        return self.label if warns else self.models.run.configuration.label

    @property
    def about(self) -> dict[str, Any]:
        """What every step is told that reads the evaluation."""
        systems = [system["name"] for system in self.systems.systems_under(self.protocol)]
        return {
            "task": self.task.model_dump(mode="json"),
            "evaluation": folder(self.evaluated[0]),
            "references": [name for name in systems if self.is_reference(name)],
            "paper": self.paper,
        }

    @property
    def run(self) -> list[tuple[str, str]]:
        """Model and variant of every system that is run."""
        systems = self.systems.systems_under(self.protocol)
        found = [s["name"].split("/") for s in systems if "predictions" in s]
        return [(model, variant) for model, variant in found]

    @property
    def modalities(self) -> list[str]:
        """Those of the systems."""
        systems = self.systems.systems_under(self.protocol)
        return list(dict.fromkeys(system["modality"] for system in systems))

    @property
    def described_systems(self) -> list[dict[str, Any]]:
        """Systems and fusions, as the evaluation wants them."""
        systems = self.systems
        return [*systems.systems_under(self.protocol), *systems.fusions_under(self.protocol)]

    def is_reference(self, system: str) -> bool:
        """Whether a system is no recogniser but what one is compared with."""
        return self.models.family(system.partition("/")[0]).is_reference

    def place(self, kind: str) -> str:
        """Where the paper has its first table of a kind; empty where it has none."""
        paper = self.described
        return next((paper.tables[file].place for file in paper.of_kind(kind)), "") if paper else ""

    def table(self, name: str, category: str, *menu: Any, **linked: str) -> Shown:
        """The page of a table."""
        return self._shown(self.layout.table(self._folder + name), category, *menu, **linked)

    def figure(self, name: str, category: str, *menu: Any, **linked: str) -> Shown:
        """A figure."""
        return self._shown(self.layout.figure(self._folder + name), category, *menu, **linked)

    def _shown(self, path: str, category: str, *menu: Any, **linked: str) -> Shown:
        """A file; that of a protocol beside the run's own says so wherever it is listed."""
        if self._folder:
            category = f"{category}, {PROTOCOLS[self.protocol]}"
            if "group" in linked:
                linked["group"] = f"{linked['group']}, {PROTOCOLS[self.protocol]}"
        return Shown(path, category, *menu, **linked)

    @property
    def tables(self) -> str:
        """The folder of tables."""
        return folder(self.layout.table(f"{self._folder}x"))

    @property
    def figures(self) -> str:
        """The folder of figures."""
        return folder(self.layout.figure(f"{self._folder}x"))

    def step(
        self,
        name: str,
        inputs: Iterable[str],
        shown: Sequence[Shown],
        others: Iterable[str] = (),
        **told: Any,
    ) -> ReportStep:
        """A step; the paper's files and the templates are inputs of all."""
        pages = [each.path for each in shown if each.path.startswith(f"{self.tables}/")]
        formats = [f"{page.removesuffix('html')}{ending}" for page in pages for ending in FORMATS]
        project = self.models.run.scripts.parent
        resources = [TEMPLATES, *([self.paper] if told.get("paper") else [])]
        files = [f"{r}/{f.name}" for r in resources for f in sorted((project / r).iterdir())]
        job = self.models.run.told(name, {"label": self.label, **told})
        rule = f"{name}_{self.protocol}" if self._folder else name
        return ReportStep(rule, name, (*inputs, *files), tuple(shown), (*others, *formats), job)


def folder(path: str) -> str:
    """The folder that a file lies in."""
    return str(Path(path).parent)


def numbered(title: str, places: Iterable[str]) -> str:
    """A category's title with the places of the paper that it stands for."""
    found = [place for place in places if place]
    if not found:
        return title
    numbers = ", ".join(place.partition(" ")[2] for place in found)
    word = found[0].partition(" ")[0] + ("s" if len(found) > 1 else "")
    return f"{title} ({word} {numbers})"
