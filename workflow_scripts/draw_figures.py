"""Draw confusion matrices, calibration and accuracies beside the paper's, as SVG and PNG."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mmer.entry import run
from mmer.report.accuracy_figure import all_systems_figure, top_accuracies_figure
from mmer.report.confusion_figure import confusion_figure, fold_confusions_figure
from mmer.report.evaluation_folder import (
    CALIBRATION_COLUMNS,
    GROUP_COLUMNS,
    PREDICTION_COLUMNS,
    EvaluationFolder,
    read_evaluation,
    read_table,
)
from mmer.report.figure_names import file_stems
from mmer.report.group_figure import CLIP_GROUPS, group_figure
from mmer.report.paper_numbers import top_results
from mmer.report.reliability_figure import reliability_figure
from mmer.report.style import house_style, save_figure


def main(arguments: argparse.Namespace) -> None:
    """Read the evaluation and draw everything."""
    evaluation = read_evaluation(arguments.evaluation)
    predictions = read_table(arguments.evaluation / "predictions.csv", PREDICTION_COLUMNS)
    groups = read_table(arguments.evaluation / "groups.csv", GROUP_COLUMNS)
    calibration = read_table(arguments.evaluation / "calibration.csv", CALIBRATION_COLUMNS)
    tops = top_results(arguments.paper)
    label, out = arguments.corpus_label, arguments.out
    with house_style():
        save_figure(top_accuracies_figure(evaluation, tops, label), out / "accuracies")
        save_figure(all_systems_figure(evaluation, label), out / "systems")
        for name, drawn in (("groups", CLIP_GROUPS), ("actors", ("actor",))):
            save_figure(group_figure(groups, evaluation, drawn, label), out / name)
        save_figure(reliability_figure(calibration, evaluation, label), out / "reliability")
        draw_confusions(evaluation, predictions, label, out)


def draw_confusions(
    evaluation: EvaluationFolder, predictions: pd.DataFrame, label: str, out: Path
) -> None:
    """Draw for every system that was run the matrix of the average fold, and of each fold."""
    accuracy = evaluation.summary.set_index("system")["mean_accuracy"]
    for system, stem in file_stems(evaluation.confusion["system"].unique()).items():
        rows = evaluation.confusion[evaluation.confusion["system"] == system]
        title = f"{evaluation.name(system)}: {accuracy[system]:.2f}\N{NO-BREAK SPACE}%"
        figure, _ = confusion_figure(rows, title, label)
        save_figure(figure, out / f"confusion_{stem}")
        of_system = predictions[predictions["system"] == system]
        figure = fold_confusions_figure(of_system, evaluation.name(system), label)
        save_figure(figure, out / f"confusion_folds_{stem}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of the evaluation")
    parser.add_argument("--corpus-label", required=True, help="what the numbers were measured on")
    parser.add_argument(
        "--paper",
        type=Path,
        default=Path(__file__).parents[1] / "resources" / "paper",
        help="folder of the paper's tables",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the figures")
    run(parser, main)
