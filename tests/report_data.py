"""Small evaluations for tests of the report: written as the evaluation writes them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.report.evaluation_folder import Summary
from mmer.tasks import Classes, Traces

PAPER = Path("resources/papers/luna_jimenez_2021")
SYNTHETIC = "synthetic demo corpus"
TASK = Classes(names=("calm", "sad", "wry"), column="mood")
TRACES = Traces(names=("arousal", "valence"), rate=25)
NAN = math.nan
REASON = "not run: weights <missing> & not to be had"


def system(
    name: str, modality: str, accuracy: float, paper: float = NAN, verdict: str = ""
) -> dict:
    """A row of the evaluation's summary: eight items if it was run, an interval of one point."""
    numbers = {"mean_accuracy": accuracy, "ci95": 1.0, "paper_accuracy": paper, "paper_ci95": 2.0}
    row = dict.fromkeys(("std", "pooled_accuracy", "uar", "macro_f1", "difference"), NAN) | numbers
    row |= {"system": name, "title": name.split("/")[0], "modality": modality, "note": ""}
    row |= {"variant": name.split("/")[-1], "verdict": verdict, "ece": 10.0, "fed": ""}
    if modality == "fusion":
        row |= dict(zip(("variant", "fed"), name.split("/"), strict=True))
    row["pooled_accuracy"] = accuracy
    row |= {"speaker_low": accuracy - 5, "speaker_high": accuracy + 5}
    return row | {"items": 0 if math.isnan(accuracy) else 8}


ROWS = (
    system("cnn14_fine_tuned/full", "speech", 76.0, 76.58, "reproduced"),
    system("deepspectrum_svc/full", "speech", 80.0, 43.32, "outside"),
    system("zero_rule/full", "speech", 13.33, 13.33, "reproduced"),
    system("stn_max_voting/full", "face", NAN, 54.2, REASON),
    system("mixed/minmax", "fusion", 78.0, 80.08, "reproduced"),
    system("mixed/unscaled", "fusion", 76.0, 80.08, "outside"),
)
REFERENCES = frozenset({"zero_rule/full"})


def summary() -> Summary:
    """Two systems and a reference for speech, one for faces that was not run, and a fusion."""
    return Summary(pd.DataFrame(ROWS), REFERENCES)


def write_classes(folder: Path) -> None:
    """All tables of an evaluation of classes: one system is pictured, two are tested."""
    folder.mkdir(parents=True)
    pd.DataFrame(ROWS).to_csv(folder / "summary.csv", index=False)
    name = "cnn14_fine_tuned/full"
    counts = np.array([[3, 1, 0], [1, 2, 0], [0, 0, 1]])
    confusion = [
        (name, TASK.names[true], TASK.names[predicted], count, 2 * count)
        for (true, predicted), count in np.ndenumerate(counts)
    ]
    columns = ["system", "true", "predicted", "mean", "pooled"]
    pd.DataFrame(confusion, columns=columns).to_csv(folder / "confusion.csv", index=False)
    folds = [(name, "fold0", "sad", "calm"), (name, "fold0", "sad", "sad")]
    folds += [(name, "fold1", "wry", "wry")]
    columns = ["system", "split", "true", "predicted"]
    pd.DataFrame(folds, columns=columns).to_csv(folder / "predictions.csv", index=False)
    tests = [
        ("best_per_modality", "mcnemar", f"{name};mixed", 1, 1e-9, 1e-9, 0.5, True, 3, 4, 2, -1, 5)
    ]
    columns = ["comparison", "test", "systems", "statistic", "p_value", "corrected_p", "holm_p"]
    columns += ["significant", "only_first_correct", "only_second_correct"]
    columns += ["difference", "difference_low", "difference_high"]
    pd.DataFrame(tests, columns=columns).to_csv(folder / "significance.csv", index=False)
    groups = [
        (name, "mood", "calm", 4, 75.0, 30.06, 95.44),
        (name, "sentence", "Kids are talking", 8, 50.0, 21.52, 78.48),
        (name, "speaker", "01", 8, 50.0, 21.52, 78.48),
    ]
    columns = ["system", "group", "value", "items", "accuracy", "wilson_low", "wilson_high"]
    pd.DataFrame(groups, columns=columns).to_csv(folder / "groups.csv", index=False)
    bins = [(name, 0, NAN, NAN, 0), (name, 1, 60.0, 50.0, 6), (name, 2, 90.0, 100.0, 2)]
    columns = ["system", "bin", "confidence", "accuracy", "items"]
    pd.DataFrame(bins, columns=columns).to_csv(folder / "calibration.csv", index=False)


def write_grid(path: Path) -> Path:
    """One candidate of the paper's grid and one that it does not have, in two folds."""
    lines = ["classifier,hyperparameter,split,items,accuracy"]
    lines += [f"svm_linear,C=0.001,fold{fold},8,{a}" for fold, a in ((0, 82), (1, 78))]
    lines += [f"knn,k=7,fold{fold},8,{a}" for fold, a in ((0, 50), (1, 52))]
    path.write_text("\n".join(lines) + "\n")
    return path


SCORES = ("mean_ccc", "std", "ccc", "ccc_low", "ccc_high", "rmse", "rmse_low", "rmse_high")
SCORES += ("pearson", "pearson_low", "pearson_high")


def write_traces(folder: Path) -> None:
    """All tables of an evaluation of traces: one system that was run, one that was not."""
    folder.mkdir(parents=True)
    rows = []
    for name, run in (("gru/full", True), ("lstm/full", False)):
        for dimension, ccc in zip([*TRACES.names, "mean"], (0.5, 0.3, 0.4), strict=True):
            row = dict.fromkeys(SCORES, NAN) | {"system": name, "title": name.split("/")[0]}
            row |= {"modality": "speech", "variant": "full", "dimension": dimension, "note": ""}
            row |= {"items": 3 * run, "steps": 6 * run, "verdict": "" if run else REASON}
            if run:
                row |= {"ccc": ccc, "ccc_low": ccc - 0.1, "ccc_high": ccc + 0.1, "rmse": 0.2}
            rows.append(row)
    pd.DataFrame(rows).to_csv(folder / "summary.csv", index=False)
    items, steps = [], []
    for item, ccc in (("a", 0.9), ("b", 0.5), ("c", 0.1)):
        items += [("gru/full", "fold0", item, "01", d, 2, ccc, 0.1, NAN) for d in TRACES.names]
        steps += [("gru/full", "fold0", item, s, s, 0.2, 0.9 * s, 0.3) for s in range(2)]
    scores = ["steps", "ccc", "rmse", "pearson"]
    pd.DataFrame(
        items, columns=["system", "split", "item", "speaker", "dimension", *scores]
    ).to_csv(folder / "items.csv", index=False)
    values = [f"{kind}_{name}" for kind in ("true", "predicted") for name in TRACES.names]
    pd.DataFrame(steps, columns=["system", "split", "item", "step", *values]).to_csv(
        folder / "predictions.csv", index=False
    )
    (folder / "differences.csv").write_text(
        "first,second,dimension,difference,difference_low,difference_high\n"
        "gru/full,lstm/full,arousal,-0.2,-0.3,-0.1\n"
    )
