"""The report: which figures a run has, and how readers find them."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import cached_property

from mmer.plan.run import with_values
from mmer.plan.systems import SystemPlan
from mmer.report.words import variant_words

REFERENCES = "references"
"""The group of what recognisers are compared with."""


@dataclass(frozen=True)
class ShownFigure:
    """A figure and where readers find it.

    Attributes
    ----------
    name
        Of its file, without ending.
    group
        What it is listed under.
    labels
        What tells it from the others of the group.
    """

    name: str
    group: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Plan(SystemPlan):
    """The whole plan of a run."""

    def confusion_figures(self) -> list[ShownFigure]:
        """The confusion matrices of all that is run: of the average fold, then of each fold."""
        shown = []
        for system in self.systems:
            if "posteriors" not in system:
                continue
            model = system["name"].partition("/")[0]
            entry = self.configuration.models[model]
            group = REFERENCES if entry.family == "majority" else system["modality"]
            labels = {"system": entry.title, "input": variant_words(system["variant"])}
            name = f"confusion_{system['name'].replace('/', '_')}"
            shown.append(ShownFigure(name, group, labels))
        for fused in self.fusions:
            if "predictions" in fused:
                labels = {"system": "late fusion", "input": variant_words(fused["variant"])}
                shown.append(ShownFigure(f"confusion_{fused['name']}", "fusion", labels))
        folds = [
            ShownFigure(
                each.name.replace("confusion_", "confusion_folds_", 1),
                f"{each.group}, fold by fold",
                each.labels,
            )
            for each in shown
        ]
        return shown + folds

    def learning_figures(self) -> list[ShownFigure]:
        """The learning curves of all trained models."""
        shown = []
        for name in self.histories():
            model, _, variant = name.partition("/")
            labels = {
                "model": self.configuration.models[model].title,
                "input": self._trained_on(variant),
            }
            group = self.configuration.models[model].modality
            shown.append(ShownFigure(f"learning_curves_{name.replace('/', '_')}", group, labels))
        return shown

    @property
    def learning_titles(self) -> str:
        """What readers see for every trained model and variant, as JSON."""
        titles = {}
        for name in self.histories():
            model, _, variant = name.partition("/")
            titles[name] = f"{self.title(model)}, {self._trained_on(variant)}"
        return json.dumps(titles)

    @staticmethod
    def _trained_on(variant: str) -> str:
        """A variant in words; AffectNet's models have none."""
        return variant_words(variant) if variant else "pictures"

    @property
    def architecture_grids(self) -> dict[str, dict[str, str]]:
        """Title and table of architectures of every evaluated bi-LSTM that is run."""
        return {
            system["name"]: {
                "title": system["title"],
                "architectures": self.architectures(*system["name"].split("/")),
            }
            for system in self.systems
            if "posteriors" in system
            and self.configuration.models[system["name"].split("/")[0]].family == "bilstm"
        }

    @cached_property
    def clip_system(self) -> tuple[str, str] | None:
        """Model and variant whose frames are drawn; None where that system is not run."""
        name = self.configuration.report.clip_system
        if any(s["name"] == name and "posteriors" in s for s in self.systems):
            model, variant = name.split("/")
            return model, variant
        return None

    def clip_figures(self) -> list[ShownFigure]:
        """The clips drawn frame by frame; none where no model of this run lets frames vote."""
        if self.clip_system is None:
            return []
        examples = [("calm", "A1"), ("surprised", "A2"), ("sad", "A3")]
        shown = [
            ShownFigure(f"clip_example_{figure}", "", {"clip": f"figure {figure}: {emotion}"})
            for emotion, figure in examples
        ]
        asked = self.configuration.report.clips
        return shown + [ShownFigure(f"clip_{name}", "", {"clip": name}) for name in asked]

    def clip_inputs(self) -> dict[str, list[str]]:
        """What drawing clips reads."""
        if self.clip_system is None:
            return {}
        _, variant = self.clip_system
        return {
            "frames": self.prepared("frames"),
            "spans": self.spans(variant),
            "frame_logits": list(self._frame_logits().values()),
            "attention": list(self._attention()[1].values()),
        }

    def clip_options(self) -> str:
        """What drawing clips is told, quoted for a shell."""
        if self.clip_system is None:
            return ""
        model, variant = self.clip_system
        frames = dict(zip(self.actors, self.prepared("frames"), strict=True))
        title, attention = self._attention()
        return shlex.join(
            [
                *("--frames", json.dumps(frames)),
                *with_values("--spans", self.spans(variant)),
                *("--splits", self.all_splits),
                *("--frame-logits", json.dumps(self._frame_logits())),
                *("--title", f"{self.title(model)}, {variant_words(variant)}"),
                *("--attention", json.dumps(attention)),
                *("--attention-title", title),
                *("--settings", self.section("report")),
            ]
        )

    @property
    def pages(self) -> str:
        """What the report's first page links to, besides confusion matrices, as JSON.

        A group named as a table or figure of the paper stands beside its verdicts.
        """
        tables, figures = f"{self.results}/tables", f"{self.results}/figures"
        pages = [
            ("every number, with its verdict", f"{tables}/verdicts.html", "Beside the paper"),
            ("all systems", f"{tables}/summary.html", "Beside the paper"),
            ("speech", f"{tables}/speech.html", "table 1"),
            ("face", f"{tables}/face.html", "table 3"),
            ("fusion", f"{tables}/fusion.html", "table A3"),
            ("best of each modality", f"{figures}/accuracies.svg", "figure 7"),
            ("significance", f"{tables}/significance.html", "Beside the paper"),
            ("accuracy of every system", f"{figures}/systems.svg", "Beside the paper"),
            ("table", f"{tables}/groups.html", "By emotion, actor, intensity, sex, statement"),
            ("figure", f"{figures}/groups.svg", "By emotion, actor, intensity, sex, statement"),
            ("actors", f"{figures}/actors.svg", "By emotion, actor, intensity, sex, statement"),
            ("reliability", f"{figures}/reliability.svg", "Calibration"),
        ]
        if self.architecture_grids:
            pages.append(("architectures", f"{tables}/architectures.html", "table A2"))
        for figure in self.clip_figures():
            path = f"{figures}/{figure.name}.svg"
            pages.append((figure.labels["clip"], path, "Clips frame by frame"))
        if self.shows_spans():
            pages.append(("what was cut", f"{tables}/speech_spans.html", "Preparation"))
            pages.append(("lengths", f"{figures}/speech_spans.svg", "Preparation"))
        if self.shows_saliency():
            pages.append(("saliency maps", f"{figures}/saliency.svg", "Preparation"))
        pages.append(("time and memory", f"{tables}/costs.html", "The run"))
        pages.append(
            ("weights, versions, configuration", f"{self.results}/provenance.html", "The run")
        )
        keys = ("words", "path", "group")
        return json.dumps([dict(zip(keys, page, strict=True)) for page in pages])

    @property
    def saliency_method(self) -> str:
        """What makes the saliency maps."""
        return self.configuration.saliency.method

    def shows_spans(self) -> bool:
        """Whether any model of this run was given trimmed clips."""
        return any(name.endswith("/vad") for name in self._prepared_systems())

    def shows_saliency(self) -> bool:
        """Whether any model of this run looked at faces."""
        models = {name.partition("/")[0] for name in self._prepared_systems()}
        return any(self.configuration.models[model].modality == "face" for model in models)

    def _prepared_systems(self) -> list[str]:
        """Systems that read what is prepared from clips."""
        return [
            system["name"]
            for system in self.systems
            if "posteriors" in system
            and self.configuration.models[system["name"].partition("/")[0]].family
            not in ("external", "majority")
        ]

    def _frame_logits(self) -> dict[str, str]:
        """The logits of all frames by split."""
        model, variant = self.clip_system
        files = self.frame_logits(model, variant)
        return dict(zip(self.splits, files * len(self.splits), strict=False))

    def _attention(self) -> tuple[str, dict[str, str]]:
        """The first sequential model on the same frames: its title, its weights by split."""
        model, variant = self.clip_system
        for system in self.systems:
            name, _, its_variant = system["name"].partition("/")
            entry = self.configuration.models[name]
            if entry.family != "bilstm" or "posteriors" not in system:
                continue
            if (entry.of, its_variant) == (self.base(model), variant):
                files = {s: self.trained(name, variant, s, "attention.npz") for s in self.splits}
                return entry.title, files
        return "", {}
