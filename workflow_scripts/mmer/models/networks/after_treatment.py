"""Choosing and doing what the after-treatment of traces consists of.

Source: :mod:`mmer.models.after_treatment` names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.ndimage import median_filter

from mmer.items import read_items
from mmer.models.after_treatment import AfterTreatmentSettings
from mmer.models.base import PREDICTIONS, ModelJob
from mmer.predictions import TracePredictions, read_predictions, write_predictions
from mmer.protocol import TEST
from mmer.ragged import Ragged, read_ragged
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing
from mmer.tasks import Traces

Recordings = Sequence[np.ndarray]
"""One dimension of several recordings, each ``(steps,)``."""


@dataclass(frozen=True)
class Treatment:
    """What is done to one dimension, ``factor × (smoothed delayed trace + shift)``.

    Attributes
    ----------
    delay
        Steps by which it comes later; the first value is repeated.
    window
        Steps of the median filter, odd; 1 smooths nothing.
    shift, factor
        In the dimension's unit; without one.
    """

    delay: int = 0
    window: int = 1
    shift: float = 0.0
    factor: float = 1.0

    def of(self, trace: np.ndarray) -> np.ndarray:
        """The treated trace, ``(steps,)``."""
        late = np.concatenate([np.repeat(trace[:1], self.delay), trace])[: len(trace)]
        return self.factor * (median_filter(late, self.window, mode="nearest") + self.shift)


@dataclass(frozen=True)
class Reference:
    """One dimension of some recordings, as predicted and as it truly is."""

    predicted: Recordings
    true: Recordings

    def treated(self, treatment: Treatment) -> np.ndarray:
        """All steps of all recordings, each treated by itself."""
        return np.concatenate([treatment.of(trace) for trace in self.predicted])

    def ccc(self, treatment: Treatment) -> float:
        """Lin's concordance over the concatenated recordings, with population moments."""
        p, t = self.treated(treatment), np.concatenate(self.true)
        covariance = ((p - p.mean()) * (t - t.mean())).mean()
        return float(2 * covariance / max(p.var() + t.var() + (p.mean() - t.mean()) ** 2, 1e-12))


def chosen(
    on: Reference, settings: AfterTreatmentSettings, rate: float
) -> Iterator[tuple[str, Treatment]]:
    """Each step, and the treatment up to it."""
    found, ways = Treatment(), {"delay": _delay, "centre": _centre, "scale": _scale}
    for step in settings.steps:
        if step == "median":
            found = _median(on, found, settings, rate)
        else:
            tried = ways[step](on, found, settings, rate)
            found = max([found, *tried], key=on.ccc)  # the first of equals
        yield step, found


def _delay(on: Reference, before: Treatment, settings: AfterTreatmentSettings, rate: float):
    delays = np.arange(0, settings.largest_delay + 1e-9, settings.delay_step)
    return [replace(before, delay=round(seconds * rate)) for seconds in delays]


def _centre(on: Reference, before: Treatment, *_: object) -> list[Treatment]:
    """The mean of the truth."""
    off = np.concatenate(on.true).mean() - on.treated(before).mean()
    return [replace(before, shift=before.shift + off / before.factor)]


def _scale(on: Reference, before: Treatment, *_: object) -> list[Treatment]:
    """The deviation of the truth; a constant has none to scale."""
    deviation = on.treated(before).std()
    if deviation < 1e-12:
        return []
    return [replace(before, factor=before.factor * np.concatenate(on.true).std() / deviation)]


def _median(
    on: Reference, before: Treatment, settings: AfterTreatmentSettings, rate: float
) -> Treatment:
    """The window that gains enough; between the two best ones, as long as each gains enough."""

    def smoothed(seconds: float) -> Treatment:
        return replace(before, window=2 * round(seconds * rate / 2 - 0.5) + 1)

    def gains(new: Treatment, old: Treatment) -> bool:
        return on.ccc(new) - on.ccc(old) > settings.least_gain * abs(on.ccc(old))

    best, second = sorted(settings.windows, key=lambda s: on.ccc(smoothed(s)), reverse=True)[:2]
    if not gains(smoothed(best), before):
        return before
    while gains(smoothed((best + second) / 2), smoothed(best)):
        best, second = (best + second) / 2, best
    return smoothed(best)


def treat(job: ModelJob) -> None:
    """Choose by the choosing part, treat everybody's traces, write them and what each step gained.

    A UserError if the task has no traces, or an item that chooses has no true one.
    """
    settings, task = job.settings(AfterTreatmentSettings), job.task
    if not isinstance(task, Traces):
        raise UserError(
            f"models.{job.model}: after-treatment is of traces, and this task has classes: remove "
            "the model"
        )
    said = read_predictions(job.one(PREDICTIONS), task, read_items(job.one("items")))
    assert isinstance(said, TracePredictions), "the base follows the same traces"
    true = read_ragged(job.inputs["traces"])
    choosing = _references(said.only(job.split.choosing_part), true)
    tested = _references(said.only(TEST), true)
    treatments, rows = [], []
    for name, on, shown in zip(task.names, choosing, tested, strict=True):
        last = Treatment()
        for step, found in chosen(on, settings, task.rate):
            rows.append(
                {
                    "dimension": name,
                    "step": step,
                    "delay_s": found.delay / task.rate,
                    "window_s": found.window / task.rate,
                    "shift": found.shift,
                    "factor": found.factor,
                    "ccc_choosing": on.ccc(found),
                    "gain_choosing": on.ccc(found) - on.ccc(last),
                    "ccc_tested": shown.ccc(found),
                    "gain_tested": shown.ccc(found) - shown.ccc(last),
                }
            )
            last = found
        treatments.append(last)
    with writing(job.output("gains")) as unfinished:
        pd.DataFrame(rows).to_csv(unfinished, index=False)
    each = [said.traces.of(row) for row in range(len(said.items))]
    values = [
        np.stack([how.of(column) for how, column in zip(treatments, trace.T, strict=True)], axis=1)
        for trace in each
    ]
    traces = Ragged.join(said.names, values, task.rate)
    write_predictions(job.output(PREDICTIONS), replace(said, traces=traces))


def _references(said: TracePredictions, true: Ragged) -> list[Reference]:
    """Predicted and true traces of each dimension."""
    if absent := sorted(set(said.names) - set(true.items)):
        raise UserError(f"item {absent[0]} has no true trace: prepare the corpus again")
    wanted = true.only(said.names)
    pairs = [(said.traces.of(row), wanted.of(row)) for row in range(len(said.items))]
    if any(p.shape != t.shape for p, t in pairs):
        raise UserError("predicted and true traces differ in length: train the model again")
    return [
        Reference([p[:, column] for p, _ in pairs], [t[:, column].astype(float) for _, t in pairs])
        for column in range(said.task.outputs)
    ]
