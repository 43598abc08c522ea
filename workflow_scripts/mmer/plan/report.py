"""The report: its steps, and what captions read of the run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from mmer.plan.report_results import choices_step, figures_step, seeds_step, tables_step
from mmer.plan.report_work import costs_step, curves_step, items_step, preparation_step, run_step
from mmer.plan.shown import ReportContext, ReportStep
from mmer.tasks import Classes


@dataclass(frozen=True)
class ReportPlan(ReportContext):
    """Tables, figures and pages of a run."""

    @cached_property
    def steps(self) -> list[ReportStep]:
        """Every step; those with nothing to show are left out."""
        makers = (
            tables_step,
            figures_step,
            choices_step,
            curves_step,
            items_step,
            preparation_step,
            costs_step,
        )
        made = [step for maker in makers if (step := maker(self)) is not None]
        for beside in self.models.run.configuration.protocol.evaluated[1:]:
            context = replace(self, protocol=beside, paper=None)
            made += [maker(context) for maker in (tables_step, figures_step)]
        for protocol in self.models.run.configuration.protocol.evaluated:
            made += [step] if (step := seeds_step(replace(self, protocol=protocol))) else []
        return [*made, run_step(self, [shown for step in made for shown in step.shown])]

    @property
    def outputs(self) -> list[str]:
        """Everything that the report is made of."""
        return [path for step in self.steps for path in step.outputs]

    @property
    def caption(self) -> dict[str, Any]:
        """What captions read of the run: plain values, for the engine's templates."""
        paper = self.described
        return {
            "run": self.models.run.configuration.run,
            "label": self.models.run.configuration.label,
            "landing": self.layout.page("landing.html"),
            "classes": isinstance(self.task, Classes),
            "paper": paper and {"citation": paper.citation, "address": paper.address},
        }
