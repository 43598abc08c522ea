"""How far apart trainings with other seeds are, beside how far apart speakers are.

The accuracy of seed s on the items of speaker p is taken as a mean, an effect of the seed, one of
the speaker, and a rest: two crossed random effects, one value per cell.  Their variances are
estimated by the mean squares of the two-way table, negative estimates as zero (Searle, Casella and
McCulloch, Variance Components, 1992).  One training's accuracy on as many speakers then varies with
seed² + speaker² / speakers + rest² / speakers, and the shares say which part of that is which.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.speaker_bootstrap import interval, resampled_accuracies
from mmer.fusion.tables import write_table
from mmer.items import Items, read_items
from mmer.runtime.errors import UserError
from mmer.runtime.job import Job

COLUMNS = ["system", "title", "modality", "variant", "fed", "items", "speakers", "seeds"]
COLUMNS += ["accuracy", "seed_deviation", "lowest", "highest", "speaker_low", "speaker_high"]
COLUMNS += ["between_seeds", "between_speakers", "rest"]
COLUMNS += ["seeds_share", "speakers_share", "rest_share"]


class SeedsJob(Job):
    """What the comparison is told.

    Attributes
    ----------
    summary
        Of the first seed.
    predictions
        What the evaluation of each seed says of every item.
    random
        Systems of which another seed makes other ones.
    titles
        Of fusions: that in the summary names the classifier that the first seed chose.
    """

    summary: Path
    predictions: dict[int, Path]
    items: Path
    random: tuple[str, ...]
    titles: dict[str, str] = {}
    settings: EvaluationSettings
    seed: int
    out: Path


class Components(NamedTuple):
    """Deviations in percentage points between seeds, between speakers, and of the rest."""

    seeds: float
    speakers: float
    rest: float


def compare_seeds(job: SeedsJob) -> None:
    """Read the evaluations of all seeds and write their comparison."""
    words = {"dtype": str, "keep_default_na": False}
    said = {seed: pd.read_csv(path, **words) for seed, path in job.predictions.items()}
    summary = pd.read_csv(job.summary, keep_default_na=False)
    run = summary[summary["system"].isin(next(iter(said.values()))["system"])]
    rows = []
    for _, system in run.iterrows():
        seeds = [*said] if system["system"] in job.random else [*said][:1]
        of_seeds = {s: said[s][said[s]["system"] == system["system"]] for s in seeds}
        found = _row(of_seeds, read_items(job.items), job.settings.resamples, job.seed)
        title = job.titles.get(system["system"], system["title"])
        rows.append({**system[COLUMNS[:5]], "title": title, **found})
    write_table(job.out, pd.DataFrame(rows, columns=COLUMNS))


def _row(
    of_seeds: Mapping[int, pd.DataFrame], items: Items, resamples: int, seed: int
) -> dict[str, float]:
    """The numbers of a system from what it says of every item with each seed."""
    right, speakers = recognised(of_seeds), items.of(next(iter(of_seeds.values()))["item"]).speakers
    names, row, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    by_speaker = np.zeros((len(right), len(names)))
    for number, each in enumerate(right):
        by_speaker[number] = np.bincount(row, weights=each)
    drawn = resampled_accuracies(by_speaker.mean(axis=0)[:, None], counts, resamples, seed)[:, 0]
    low, high = interval(drawn)
    accuracies = 100 * right.mean(axis=1)
    found = {
        "items": right.shape[1],
        "speakers": len(names),
        "seeds": len(right),
        "accuracy": accuracies.mean(),
        "speaker_low": low,
        "speaker_high": high,
    }
    if len(right) < 2:
        return found
    parts = components(100 * by_speaker / counts)
    found |= {
        "seed_deviation": accuracies.std(ddof=1),
        "lowest": accuracies.min(),
        "highest": accuracies.max(),
        "between_seeds": parts.seeds,
        "between_speakers": parts.speakers,
        "rest": parts.rest,
    }
    variances = np.square(parts) / (1, len(names), len(names))
    if variances.sum() > 0:
        shares = 100 * variances / variances.sum()
        found |= dict(zip(COLUMNS[-3:], shares, strict=True))
    return found


def recognised(of_seeds: Mapping[int, pd.DataFrame]) -> np.ndarray:
    """Whether each item is recognised with each seed, ``(seeds, items)`` float64.

    Items are in the order of the first seed.

    A UserError if the seeds were not tested on the same items.
    """
    first = next(iter(of_seeds.values()))["item"]
    right = []
    for seed, table in of_seeds.items():
        table = table.set_index("item")
        if set(table.index) != set(first):
            raise UserError(f"seed {seed} was not tested on the items of the others: evaluate it")
        right.append((table["true"] == table["predicted"]).loc[first])
    return np.stack(right).astype(np.float64)


def components(accuracies: np.ndarray) -> Components:
    """The deviations behind accuracies ``(seeds, speakers)``, two of each at least."""
    seeds, speakers = accuracies.shape
    by_seed, by_speaker = accuracies.mean(axis=1), accuracies.mean(axis=0)
    left = accuracies - by_seed[:, None] - by_speaker + accuracies.mean()
    rest = np.square(left).sum() / ((seeds - 1) * (speakers - 1))
    between = by_seed.var(ddof=1) - rest / speakers, by_speaker.var(ddof=1) - rest / seeds
    return Components(*np.sqrt(np.maximum([*between, rest], 0)).tolist())
