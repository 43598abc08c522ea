"""The steps of the report that show how it was done: training, preparation, costs, provenance."""

from __future__ import annotations

from collections.abc import Sequence

from mmer.plan.shown import FORMATS, ReportContext, ReportStep, Shown, folder, numbered
from mmer.report.words import variant_words
from mmer.tasks import Classes

FRAME_LOGITS, ATTENTION = "frame_logits", "attention"
"""Outputs of models whose frames are drawn."""


def curves_step(context: ReportContext) -> ReportStep | None:
    """Learning curves of everything that was trained; None where nothing was."""
    histories, titles, shown = context.models.histories(), {}, []
    for name in histories:
        model, _, variant = name.partition("/")
        entry = context.models.entry(model)
        words = variant_words(variant) if variant else "another corpus"
        titles[name] = f"{context.models.title(model)}, {words}"
        path = context.layout.figure(f"learning_curves_{name.replace('/', '_')}")
        labels = {"model": entry.title, "input": words}
        shown.append(Shown(path, "6 Learning curves", labels, "learning_curves", entry.modality))
    if not shown:
        return None
    return context.step(
        "draw_learning_curves",
        [path for by_split in histories.values() for path in by_split.values()],
        shown,
        histories=histories,
        titles=titles,
        figures=folder(context.layout.figure("x")),
    )


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
    category = numbered("5 Items frame by frame", [f"figure {each.figure}" for each in examples])
    read = [context.layout.items(), *frames, *speech, *logits.values(), *attention.values()]
    return context.step(
        "draw_items",
        dict.fromkeys(read),
        [
            Shown(
                *(context.layout.figure(f"item_{name}"), category, {"item": words}, "item"),
                link=words,
                group="Items frame by frame",
            )
            for name, words in shown.items()
        ],
        task=context.task.model_dump(mode="json"),
        voters=models.says(base).model_dump(mode="json"),
        items=context.layout.items(),
        splits=_splits(context),
        frames=dict(zip(corpora.own.speakers, frames, strict=True)),
        speech=speech,
        frame_logits=logits,
        title=f"{models.title(model)}, {variant_words(variant)}",
        attention=attention,
        attention_title=models.entry(beside).title if beside else "",
        chosen=settings.items,
        paper=context.paper,
        figures=folder(context.layout.figure("x")),
    )


def preparation_step(context: ReportContext) -> ReportStep:
    """What the corpus holds, and what preparation made of it, where a model of the run read it."""
    models, corpora, category = context.models, context.models.corpora, "7 Preparation"
    read = [(model, variant) for model, variant in context.run if models.reads_recordings(model)]
    chains = [models.run.configuration.chain(model) for model, _ in read]
    maps = any(models.sees_saliency(name) for chain in chains for name in chain)
    kinds = ["audio", "speech"] if any(variant == "vad" for _, variant in read) else []
    kinds += ["frames", "saliency"] if maps else []
    files = {kind: corpora.prepared(kind) for kind in kinds}

    def shown(path: str, what: str, kind: str, caption: str, link: str) -> Shown:
        labels = {"what": what, "as": kind}
        return Shown(path, category, labels, caption, link=link, group="Preparation")

    layout = context.layout
    found = [shown(layout.table("items"), "the corpus", "table", "items", "items of each speaker")]
    others = ["items"]
    if "speech" in files:
        what = ("voice activity detection", "table", "speech_spans", "what was cut")
        found.append(shown(layout.table("speech_spans"), *what))
        what = ("voice activity detection", "figure", "speech_spans", "lengths")
        found.append(shown(layout.figure("speech_spans"), *what))
        others.append("speech_spans")
    if "saliency" in files:
        what = ("saliency maps", "figure", "saliency", "saliency maps")
        found.append(shown(layout.figure("saliency"), *what))
    spans = [layout.table("speech_spans_by_item", "csv")] if "speech" in files else []
    return context.step(
        "describe_preparation",
        [layout.items(), *(path for paths in files.values() for path in paths)],
        found,
        [*spans, *(layout.table(name, ending) for name in others for ending in FORMATS)],
        task=context.task.model_dump(mode="json"),
        items=layout.items(),
        **files,
        method=models.run.configuration.saliency.method if "saliency" in files else "",
        tables=folder(layout.table("x")),
        figures=folder(layout.figure("x")),
    )


def costs_step(context: ReportContext) -> ReportStep:
    """Time and memory; every step that is measured has ended when the evaluation has."""
    layout, category = context.layout, "8 Time and memory"
    page, figure = layout.table("costs"), layout.figure("costs")
    return context.step(
        "tabulate_costs",
        context.evaluated,
        [
            Shown(
                page, category, {"as": "table"}, "costs", link="time and memory", group="The run"
            ),
            Shown(figure, category, {"as": "figure"}, "costs"),
        ],
        [layout.table("costs", ending) for ending in FORMATS],
        benchmarks=folder(layout.benchmark("x")),
        tables=folder(page),
        figures=folder(figure),
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
        weights=context.models.origins(),
        pages=[
            {"words": each.link, "path": each.path, "group": each.group}
            for each in [*shown, provenance]
            if each.link
        ],
        figures=folder(layout.figure("x")),
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
    paths = context.models.output(model, name, variant, splits)
    return dict(zip(splits, paths * len(splits) if len(paths) == 1 else paths, strict=False))


def _with_attention(context: ReportContext, base: str, variant: str) -> str | None:
    """The first system of the run that weighs the same frames."""
    for model, of in context.run:
        same = (context.models.entry(model).of, of) == (base, variant)
        if same and context.models.gives(model, ATTENTION):
            return model
    return None
