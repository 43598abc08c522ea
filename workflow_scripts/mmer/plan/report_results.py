"""The steps of the report that show what was measured: tables and figures of systems."""

from __future__ import annotations

from mmer.items import SPEAKER
from mmer.plan.shown import FORMATS, ReportContext, ReportStep, Shown, folder, numbered
from mmer.report.words import variant_words
from mmer.tasks import Classes, Traces

BESIDE, MORE = "1 Beside the paper", "2 Tables"
GROUPS = f"By class, {SPEAKER} and what else is known"
ARCHITECTURES = "architectures"
"""The output of a model that chooses one."""


def tables_step(context: ReportContext) -> ReportStep:
    """Tables of all systems."""
    paper, classes = context.described, isinstance(context.task, Classes)
    group = BESIDE[2:] if paper else MORE[2:]
    grids = context.systems.grids if classes else {}
    architectures = {
        f"{model}/{variant}": context.models.output(model, ARCHITECTURES, variant, [])[0]
        for model, variant in (context.run if classes else [])
        if context.models.gives(model, ARCHITECTURES)
    }
    shown: list[Shown] = []

    def show(
        name: str, words: str, caption: str, link: str = "", place: str = "", first: bool = False
    ) -> None:
        category = BESIDE if first and paper else MORE
        labels = {
            "table": f"{place[0].upper()}{place[1:]}, {words}" if place and not first else words
        }
        path = context.layout.table(name)
        shown.append(
            Shown(path, category, labels, caption, link=link or words, group=place or group)
        )

    if paper:
        verdicts = "every number of the paper, with its verdict"
        show("verdicts", verdicts, "verdicts", "every number, with its verdict", first=True)
    show("summary", "all systems of the run", "summary", "all systems", first=True)
    for modality in context.modalities:
        if modality == "fusion":
            continue
        file = paper.of_modality(modality) if paper else None
        place = paper.tables[file].place if paper and file else ""
        show(modality, modality, "modality", place=place)
    if grids:
        show("fusion", "fusion", "fusion", place=context.place("grid"))
    if classes:
        show("significance", "Cochran and McNemar", "significance", "significance")
        shown.append(
            Shown(
                *(context.layout.table("groups"), MORE, {"table": GROUPS}, "groups"),
                link="table",
                group=GROUPS,
            )
        )
    else:
        show("significance", "differences between systems", "significance")
    if architectures:
        show(ARCHITECTURES, ARCHITECTURES, ARCHITECTURES, place=context.place(ARCHITECTURES))
    names = [each.path.removesuffix(".html") for each in shown]
    systems = [s["name"] for s in [*context.systems.systems, *context.systems.fusions]]
    return context.step(
        "write_tables",
        [*context.evaluated, *grids.values(), *architectures.values()],
        shown,
        [f"{name}.{ending}" for name in names for ending in FORMATS],
        **context.about,
        modalities=[name for name in context.modalities if name != "fusion"],
        grids=grids,
        architectures=architectures,
        paper_rows=context.systems.paper_rows(systems) if paper else {},
        tables=folder(context.layout.table("summary")),
    )


def figures_step(context: ReportContext) -> ReportStep:
    """Figures of all systems."""
    of_task = _traces if isinstance(context.task, Traces) else _accuracies
    figures = folder(context.layout.figure("systems"))
    return context.step(
        "draw_figures", context.evaluated, of_task(context), **context.about, figures=figures
    )


def pictured(context: ReportContext) -> list[tuple[str, str, dict[str, str]]]:
    """Of every system that is run: the end of its figures' names, their group, their labels."""
    shown = []
    for model, variant in context.run:
        reference = context.is_reference(f"{model}/{variant}")
        entry = context.models.entry(model)
        labels = {"system": entry.title, "input": variant_words(variant)}
        group = "references" if reference else entry.modality
        shown.append((f"{model}_{variant}", group, labels))
    for fused in context.systems.fusions:
        if "predictions" in fused:
            labels = {"system": "late fusion", "input": variant_words(fused["variant"])}
            shown.append((fused["name"], "fusion", labels))
    return shown


def _accuracies(context: ReportContext) -> list[Shown]:
    beside, place = BESIDE[2:] if context.described else MORE[2:], context.place("tops")
    category = numbered("3 Accuracies", [place])
    by = "by class and what else is known"
    figures = (
        ("accuracies", "best of each modality", "accuracies", place or beside),
        ("systems", "accuracy of every system", "systems", beside),
        ("groups", by, "groups", GROUPS),
        (f"{SPEAKER}s", f"by {SPEAKER}", "groups", GROUPS),
        ("reliability", "by confidence: reliability", "reliability", "Calibration"),
    )
    shown = [
        Shown(
            *(context.layout.figure(name), category, {"figure": words}, caption),
            link=words,
            group=group,
        )
        for name, words, caption, group in figures
    ]
    places = context.described.confusions.values() if context.described else ()
    category = numbered("4 Confusion matrices", places)
    for kind, words in (("confusion", ""), ("confusion_folds", ", fold by fold")):
        for name, group, labels in pictured(context):
            path = context.layout.figure(f"{kind}_{name}")
            shown.append(Shown(path, category, labels, "confusion", f"{group}{words}"))
    return shown


def _traces(context: ReportContext) -> list[Shown]:
    words = "concordance of every system"
    path = context.layout.figure("systems")
    shown = [Shown(path, "3 Concordance", {"figure": words}, "systems", link=words, group=MORE[2:])]
    for kind, words in (("traces", "an item over time"), ("scatter", "all steps")):
        for name, group, labels in pictured(context):
            path, link = context.layout.figure(f"{kind}_{name}"), ", ".join(labels.values())
            where = {"subcategory": f"{group}, {words}", "link": link, "group": words.capitalize()}
            shown.append(Shown(path, "4 Traces", labels, "traces", **where))
    return shown
