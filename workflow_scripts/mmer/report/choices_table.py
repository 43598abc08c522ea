"""What the choices are worth, as a table for readers: a row per system, a column per part."""

from __future__ import annotations

import pandas as pd

from mmer.report.table import Column, Table
from mmer.report.words import variant_words

PARTS = {
    "whole": "all of it",
    "known_speaker": "knowing the speaker",
    "epoch": "choosing the epoch",
    "setting": "choosing the architecture or hyperparameter",
    "resubstituted": "fusing resubstituted rows",
    "classifier": "choosing the fusion's classifier",
    "one": "one training in the place of several",
    "rest": "the rest",
}
"""Parts of the evaluation's table in words, in the order in which they are shown."""

_ACCURACIES = {
    "paper": ("The paper's protocol %", "whole", "with_it"),
    "nested": ("Nested protocol %", "whole", "without"),
    "by_recording": ("By recording %", "known_speaker", "with_it"),
}
"""Accuracies of protocols: heading, and the part in whose row they stand."""

_HOW = (
    "Accuracy counts each held-out item the same. Every other number is a difference of two "
    "accuracies over the same items, in percentage points, with its 95 % interval by the paired "
    "bootstrap over speakers; what is above zero flatters the system."
)
_MEANT = {
    "whole": "All of it: the paper's protocol minus the nested one.",
    "known_speaker": "Knowing the speaker: split by recording minus split by speaker, both in the "
    "paper's way of choosing.",
    "epoch": "Choosing the epoch: the same nested trainings with the weights that the tested fold "
    "chose, minus those with the weights that the other held-out fold chose.",
    "setting": "Choosing the architecture or hyperparameter: the same trainings with what folds "
    "chose among which the tested one is, minus what the others chose.",
    "resubstituted": "Fusing resubstituted rows: the nested fusion with its classifier trained on "
    "what systems say of their own training items, minus the same trained on rows out of fold.",
    "classifier": "Choosing the fusion's classifier: the nested fusion with the classifier that is "
    "best on those tested, minus the one that the others chose.",
    "one": "One training in the place of several: the mean of the single nested trainings minus "
    "their average, which the nested protocol reports.",
    "rest": "The rest: what these leave of all of it. Of a single system that is a fold more to "
    "learn from; of a fusion also what its systems owe to choices of their own, and what two "
    "things do together.",
}


def choices_table(choices: pd.DataFrame, label: str) -> Table:
    """The table of :mod:`mmer.evaluation.choices`, wide."""
    names = dict(zip(choices["system"], _names(choices), strict=True))
    rows = pd.DataFrame({"system": names.keys(), "name": names.values()})
    by_part = {part: rows_of.set_index("system") for part, rows_of in choices.groupby("part")}
    accuracies, parts = [], []
    for key, (heading, part, end) in _ACCURACIES.items():
        if part in by_part and by_part[part][end].notna().any():
            rows[key] = rows["system"].map(by_part[part][end])
            accuracies.append(Column(heading, key, digits=2))
    for part in (part for part in PARTS if part in by_part):
        if by_part[part]["difference"].isna().all():
            continue
        for end in ("", "_low", "_high"):
            rows[f"{part}{end}"] = rows["system"].map(by_part[part][f"difference{end}"])
        rows[f"{part}_seeds"] = rows["system"].map(by_part[part]["seed_deviation"])
        heading = f"{PARTS[part][0].upper()}{PARTS[part][1:]}"
        ends = (f"{part}_low", f"{part}_high")
        seeds = f"{part}_seeds"
        parts.append(Column(heading, part, seeds, ends, digits=2, signed=True))
    meant = [_MEANT[column.key] for column in parts]
    return Table(
        title="What the choices are worth",
        label=label,
        columns=(Column("System", "name"), *accuracies, *parts),
        rows=rows,
        notes=(_HOW, *meant, *_seeds(choices), *_reasons(choices, names)),
    )


def _names(choices: pd.DataFrame) -> list[str]:
    """What readers see of a system: a fusion's title says what it is fed."""
    return [
        title if modality == "fusion" else f"{title}, {variant_words(variant)}"
        for title, modality, variant in choices[["title", "modality", "variant"]].to_numpy()
    ]


def _seeds(choices: pd.DataFrame) -> list[str]:
    """How the differences vary over seeds, where there are several."""
    several = choices[choices["seed_deviation"].notna()]
    if several.empty:
        return []
    return [
        f"Where a ± stands, numbers are means over {several['seeds'].max()} seeds, and it is the "
        "deviation of the difference over seeds; the interval is over speakers."
    ]


def _reasons(choices: pd.DataFrame, names: dict[str, str]) -> list[str]:
    """Why there is a dash, each reason once with the systems that it holds for."""
    told = choices[choices["reason"] != ""].groupby(["part", "reason"], sort=False)
    return [
        f"No number of {PARTS[part]}, since {reason}: {'; '.join(map(names.get, rows['system']))}."
        for (part, reason), rows in told
    ]
