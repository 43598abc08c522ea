"""The steps of the report that show how it was done: training, preparation, costs, provenance."""

from __future__ import annotations

from collections.abc import Sequence

from mmer.plan.models import ModelsPlan
from mmer.plan.origins import origins_of
from mmer.plan.shown import ReportContext, ReportStep, Shown, folder, numbered
from mmer.report.words import variant_words
from mmer.tasks import Classes

FRAME_LOGITS, ATTENTION = "frame_logits", "attention"
"""Outputs of models whose frames are drawn."""


def curves_step(context: ReportContext) -> ReportStep | None:
    """Learning curves of everything that was trained; None where nothing was."""
    histories, titles, category = histories_of(context.models), {}, "6 Learning curves"
    linked = {"link": "what the kept weights are worth", "group": "The run"}
    shown = [context.table("kept_epochs", category, {"as": "table"}, "kept_epochs", **linked)]
    for name in histories:
        model, _, variant = name.partition("/")
        entry = context.models.entry(model)
        words = variant_words(variant) if variant else "another corpus"
        titles[name] = f"{context.models.title(model)}, {words}"
        labels = {"model": entry.title, "input": words}
        menu = (category, labels, "learning_curves", entry.modality)
        shown.append(context.figure(f"learning_curves_{name.replace('/', '_')}", *menu))
    if not histories:
        return None
    return context.step(
        "draw_learning_curves",
        [path for by_split in histories.values() for path in by_split.values()],
        shown,
        histories=histories,
        titles=titles,
        tables=context.tables,
        figures=context.figures,
    )


def histories_of(models: ModelsPlan) -> dict[str, dict[str, str]]:
    """Learning curves of everything evaluated, by ``model/variant`` (or model) and split."""
    found: dict[str, dict[str, str]] = {}
    for evaluated, variant in models.run.configuration.evaluated():
        if models.cannot_run(evaluated, variant):
            continue
        for model in models.run.configuration.chain(evaluated):
            for step in models.steps[model]:
                if "history" not in step.outputs:
                    continue
                name = f"{model}/{variant}" if step.corpus is None else model
                file, kept = step.outputs["history"], "" if step.corpus else variant
                for split in models.splits(step, model, models.corpora.protocol):
                    where = split if file.per == "split" else ""
                    path = models.path("history", file.file, model, kept, where)
                    found.setdefault(name, {})[split] = path
    return found


def items_step(context: ReportContext) -> ReportStep | None:
    """Items frame by frame; None where no system of this run lets frames vote."""
    models, corpora = context.models, context.models.corpora
    settings = models.run.configuration.report
    model, _, variant = settings.item_system.partition("/")
    if (model, variant) not in context.run or FRAME_LOGITS not in models.family(model).needs:
        return None
    examples = context.described.examples if context.described else ()
    shown = {f"example_{each.figure}": f"figure {each.figure}: {each.true}" for each in examples}
    shown |= {name: name for name in settings.items}
    if not shown:
        return None
    base = models.entry(model).of
    assert base is not None and isinstance(context.task, Classes)
    logits = _by_split(context, base, FRAME_LOGITS, variant)
    beside = _with_attention(context, base, variant)
    attention = _by_split(context, beside, ATTENTION, variant) if beside else {}
    frames = corpora.prepared("frames")
    speech = corpora.prepared("speech") if variant == "vad" else []
    group = "Items frame by frame"
    category = numbered(f"5 {group}", [f"figure {each.figure}" for each in examples])
    items = corpora.items(context.protocol)
    read = [items, *frames, *speech, *logits.values(), *attention.values()]
    return context.step(
        "draw_items",
        dict.fromkeys(read),
        [
            context.figure(
                f"item_{name}", category, {"item": words}, "item", link=words, group=group
            )
            for name, words in shown.items()
        ],
        task=context.task.model_dump(mode="json"),
        voters=models.says(base).model_dump(mode="json"),
        items=items,
        splits=_splits(context),
        frames=dict(zip(corpora.own.speakers, frames, strict=True)),
        speech=speech,
        frame_logits=logits,
        title=f"{models.title(model)}, {variant_words(variant)}",
        attention=attention,
        attention_title=models.entry(beside).title if beside else "",
        chosen=settings.items,
        paper=context.paper,
        figures=context.figures,
    )


def preparation_step(context: ReportContext) -> ReportStep:
    """What the corpus holds, and what preparation made of it, where a model of the run read it.

    Sound is prepared for systems without weights too: only the weights are then left to be had.
    """
    models, corpora = context.models, context.models.corpora
    chains = [models.run.configuration.chain(model) for model, _ in context.run]
    maps = any(models.sees_saliency(name) for chain in chains for name in chain)
    trimmed = any(models.hears_spans(*system) for system in models.run.configuration.evaluated())
    kinds = [*(["audio", "speech"] if trimmed else []), *(["frames", "saliency"] if maps else [])]
    files = {kind: corpora.prepared(kind) for kind in kinds}
    same = next(iter(corpora.comparison), None)

    def shown(path: str, what: str, caption: str, link: str) -> Shown:
        labels = {"what": what, "as": "table" if path.endswith(".html") else "figure"}
        return Shown(path, "7 Preparation", labels, caption, link=link, group="Preparation")

    layout, detection = context.layout, "voice activity detection"
    found = [shown(layout.table("items"), "the corpus", "items", "items of each speaker")]
    others = []
    if trimmed:
        spans = "speech_spans"
        found += [
            shown(layout.table(spans), detection, spans, "what was cut"),
            shown(layout.figure(spans), detection, spans, "lengths"),
        ]
        others = [layout.table("speech_spans_by_item", "csv")]
    if maps:
        what = "saliency maps"
        found.append(shown(layout.figure("saliency"), what, "saliency", what))
    return context.step(
        "describe_preparation",
        [
            layout.items(),
            *corpora.comparison,
            *(path for paths in files.values() for path in paths),
        ],
        found,
        others,
        task=context.task.model_dump(mode="json"),
        items=layout.items(),
        same=same,
        **files,
        method=models.run.configuration.saliency.method if maps else "",
        label=context.data_label,
        tables=context.tables,
        figures=context.figures,
    )


def costs_step(context: ReportContext) -> ReportStep:
    """Time and memory; every step that is measured has ended when the evaluation has."""
    category, linked = "8 Time and memory", {"link": "time and memory", "group": "The run"}
    return context.step(
        "tabulate_costs",
        context.evaluated,
        [
            context.table("costs", category, {"as": "table"}, "costs", **linked),
            context.figure("costs", category, {"as": "figure"}, "costs"),
        ],
        benchmarks=folder(context.layout.benchmark("x")),
        label=context.data_label,
        tables=context.tables,
        figures=context.figures,
    )


def run_step(context: ReportContext, shown: Sequence[Shown]) -> ReportStep:
    """Provenance and the first page, which links to what the other steps show.

    Its versions are those that the results were made with, so it follows the evaluation.
    """
    layout = context.layout
    verdicts = layout.table("verdicts", "csv") if context.described else None
    provenance = Shown(
        layout.page("provenance.html"),
        "9 Provenance",
        {"page": "where the numbers come from"},
        "provenance",
        link="weights, versions, configuration",
        group="The run",
    )
    data, first = layout.page("provenance.json"), layout.page("landing.html")
    configuration = layout.page("configuration.json")
    return context.step(
        "describe_run",
        [configuration, *context.evaluated, *([verdicts] if verdicts else [])],
        [provenance],
        [data, first],
        **context.about,
        configuration=configuration,
        verdicts=verdicts,
        splits=_splits(context),
        weights=origins_of(context.models),
        pages=[
            {"words": each.link, "path": each.path, "group": each.group}
            for each in [*shown, provenance]
            if each.link
        ],
        figures=context.figures,
        page=provenance.path,
        data=data,
        landing=first,
    )


def _splits(context: ReportContext) -> dict[str, object]:
    splits = context.models.corpora.splits
    return {name: split.model_dump(mode="json") for name, split in splits.items()}


def _by_split(context: ReportContext, model: str, name: str, variant: str) -> dict[str, str]:
    """An output of a model by split; one that all share stands with each."""
    splits = list(context.models.corpora.splits)
    paths = context.models.output(model, name, variant, splits, context.protocol)
    return dict(zip(splits, paths * len(splits) if len(paths) == 1 else paths, strict=False))


def _with_attention(context: ReportContext, base: str, variant: str) -> str | None:
    """The first system of the run that weighs the same frames."""
    for model, of in context.run:
        same = (context.models.entry(model).of, of) == (base, variant)
        if same and context.models.gives(model, ATTENTION):
            return model
    return None
