"""The steps of the report that show what was measured: tables and figures of systems."""

from __future__ import annotations

from mmer.items import SPEAKER
from mmer.plan.choices import ChoicesPlan
from mmer.plan.seeds import SeedsPlan
from mmer.plan.shown import ReportContext, ReportStep, Shown, numbered
from mmer.report.words import PROTOCOLS, inputs_words, listed, variant_words
from mmer.tasks import Classes, Traces

BESIDE, MORE = "1 Beside the paper", "2 Tables"
CHOICES = "Protocols and seeds"
"""What the first page calls comparisons of them."""
GROUPS = f"By class, {SPEAKER} and what else is known"
SCORES = "scores"
"""The output of a model trained on another corpus that says how it does on what was held out."""
ARCHITECTURES = "architectures"
"""The output of a model that chooses one."""


def tables_step(context: ReportContext) -> ReportStep:
    """Tables of all systems."""
    paper, classes = context.described, isinstance(context.task, Classes)
    first, group = (BESIDE, BESIDE[2:]) if paper else (MORE, MORE[2:])
    modalities = [name for name in context.modalities if name != "fusion"]
    grids = context.systems.grids(context.protocol) if classes else {}
    architectures = {
        f"{model}/{variant}": context.models.output(
            model, ARCHITECTURES, variant, [], context.protocol
        )[0]
        for model, variant in (context.run if classes else [])
        if context.models.gives(model, ARCHITECTURES)
    }

    def table(name: str, words: str, caption: str = "", link: str = "", place: str = "") -> Shown:
        labels = {"table": f"{place[0].upper()}{place[1:]}, {words}" if place else words}
        where = {"link": link or words, "group": place or group}
        return context.table(name, MORE, labels, caption or name, **where)

    shown: list[Shown] = []
    if paper:
        labels = {"table": "every number of the paper, with its verdict"}
        where = {"link": "every number, with its verdict", "group": group}
        shown.append(context.table("verdicts", first, labels, "verdicts", **where))
    labels, where = {"table": "all systems of the run"}, {"link": "all systems", "group": group}
    shown.append(context.table("summary", first, labels, "summary", **where))
    for modality in modalities:
        file = paper.of_modality(modality) if paper else None
        place = paper.tables[file].place if paper and file else ""
        shown.append(table(modality, modality, "modality", place=place))
    if grids:
        shown.append(table("fusion", "fusion", place=context.place("grid")))
    if classes:
        shown.append(table("significance", "Cochran and McNemar", link="significance"))
        where = {"link": "table", "group": GROUPS}
        shown.append(context.table("groups", MORE, {"table": GROUPS}, "groups", **where))
    else:
        shown.append(table("significance", "differences between systems"))
    if architectures:
        place = context.place(ARCHITECTURES)
        shown.append(table(ARCHITECTURES, ARCHITECTURES, place=place))
    elsewhere = _elsewhere(context) if paper and classes else {}
    scores = [model["scores"] for model in elsewhere.values() if "scores" in model]
    systems = [each["name"] for each in context.described_systems]
    return context.step(
        "write_tables",
        [*context.evaluated, *grids.values(), *architectures.values(), *scores],
        shown,
        **context.about,
        modalities=modalities,
        grids=grids,
        architectures=architectures,
        paper_rows=context.systems.paper_rows([*systems, *elsewhere]) if paper else {},
        elsewhere=elsewhere,
        tables=context.tables,
    )


def _elsewhere(context: ReportContext) -> dict[str, dict[str, str | None]]:
    """Models of the run that are trained on another corpus, and that the paper has a number for."""
    models, described = context.models, {}
    configuration = models.run.configuration
    for model in configuration.used():
        corpus = getattr(models.entry(model), "corpus", None)
        if corpus is None or model not in configuration.paper:
            continue
        described[model] = {"title": models.title(model)}
        if reason := models.cannot_run(model):
            described[model]["not_run"] = reason
        elif models.gives(model, SCORES):
            (described[model]["scores"],) = models.output(model, SCORES, "", [])
            described[model]["unlike_paper"] = models.unlike_paper(model)
        else:
            described[model]["not_run"] = f"nothing of {corpus} is held out to score it"
    return described


def choices_step(context: ReportContext) -> ReportStep | None:
    """What the choices are worth; None where one protocol alone says nothing of it."""
    choices = ChoicesPlan(context.systems)
    if not choices.weighed:
        return None
    words, category = "what the choices are worth", "1 Protocols"
    linked = {"link": words, "group": CHOICES}
    protocols = listed(PROTOCOLS[protocol] for protocol in choices.protocols)
    return context.step(
        "tabulate_choices",
        [choices.table],
        [
            context.table("choices", category, {"as": "table"}, "choices", **linked),
            context.figure(
                "choices", category, {"as": "figure"}, "choices", link="figure", group=CHOICES
            ),
        ],
        label=f"{context.models.run.configuration.label}, {protocols}",
        choices=choices.table,
        tables=context.tables,
        figures=context.figures,
    )


def figures_step(context: ReportContext) -> ReportStep:
    """Figures of all systems."""
    shown = _traces(context) if isinstance(context.task, Traces) else _accuracies(context)
    told = {**context.about, "figures": context.figures}
    return context.step("draw_figures", context.evaluated, shown, **told)


def seeds_step(context: ReportContext) -> ReportStep | None:
    """The table of several seeds; None where there is one."""
    if not context.models.run.configuration.repeats:
        return None
    seeds = SeedsPlan(context.systems).table(context.protocol)
    own = context.protocol == context.models.corpora.protocol
    linked = {"link": "several seeds", "group": CHOICES if own else MORE[2:]}
    shown = [context.table("seeds", MORE, {"table": "several seeds"}, "seeds", **linked)]
    about = {"references": context.about["references"], "tables": context.tables}
    return context.step("tabulate_seeds", [seeds], shown, seeds=seeds, **about)


def pictured(context: ReportContext) -> list[tuple[str, str, dict[str, str]]]:
    """Of every system that is run: the end of its figures' names, their group, their labels."""
    shown = []
    for model, variant in context.run:
        reference = context.is_reference(f"{model}/{variant}")
        entry = context.models.entry(model)
        labels = {"system": entry.title, "input": variant_words(variant)}
        group = "references" if reference else entry.modality
        shown.append((f"{model}_{variant}", group, labels))
    for fused in context.systems.fusions_under(context.protocol):
        if "predictions" in fused:
            words = f"{variant_words(fused['variant'])}, {inputs_words(fused['fed'])}"
            labels = {"system": "late fusion", "input": words}
            shown.append((fused["name"].replace("/", "_"), "fusion", labels))
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
        context.figure(name, category, {"figure": words}, caption, link=words, group=group)
        for name, words, caption, group in figures
    ]
    places = context.described.confusions.values() if context.described else ()
    category = numbered("4 Confusion matrices", places)
    for kind, words in (("confusion", ""), ("confusion_folds", ", fold by fold")):
        for name, group, labels in pictured(context):
            menu = (category, labels, "confusion", f"{group}{words}")
            shown.append(context.figure(f"{kind}_{name}", *menu))
    return shown


def _traces(context: ReportContext) -> list[Shown]:
    words = "concordance of every system"
    menu = ("3 Concordance", {"figure": words}, "systems")
    shown = [context.figure("systems", *menu, link=words, group=MORE[2:])]
    for kind, words in (("traces", "an item over time"), ("scatter", "all steps")):
        for name, group, labels in pictured(context):
            menu = ("4 Traces", labels, "traces", f"{group}, {words}")
            where = {"link": ", ".join(labels.values()), "group": words.capitalize()}
            shown.append(context.figure(f"{kind}_{name}", *menu, **where))
    return shown
