"""Figures: what they show, the corpus on each, and the same bytes each time."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import draw_figures
from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.report.accuracy_figure import (
    all_systems_figure,
    best_by_condition,
    majority_accuracy,
    top_accuracies_figure,
)
from mmer.report.confusion_figure import confusion_figure, fold_confusions_figure
from mmer.report.evaluation_folder import (
    CALIBRATION_COLUMNS,
    GROUP_COLUMNS,
    SIGNIFICANCE_COLUMNS,
    SUMMARY_COLUMNS,
    EvaluationFolder,
)
from mmer.report.figure_names import file_stems
from mmer.report.learning_curves import learning_curves_figure
from mmer.report.paper_numbers import top_results
from mmer.report.style import house_style, no_data_figure, save_figure

SYNTHETIC = "synthetic demo corpus"
NAN = float("nan")
PAPER = Path(__file__).parents[2] / "resources" / "paper"
TOPS = top_results(PAPER)


def confusion_rows(system: str = "cnn14/full") -> pd.DataFrame:
    """All 64 cells: ten clips of each emotion in five folds, neutral five, one confusion."""
    pooled = np.diag([5] + [10] * 7)
    pooled[3, 1], pooled[3, 3] = 4, 6
    rows = [
        (system, EMOTIONS[true], EMOTIONS[predicted], round(pooled[true, predicted] / 5), count)
        for (true, predicted), count in np.ndenumerate(pooled)
    ]
    return pd.DataFrame(rows, columns=["system", "true", "predicted", "mean", "pooled"])


def predictions() -> pd.DataFrame:
    """Two folds: in the first sad is taken for calm, in the second all is right."""
    rows = [
        ("cnn14/full", "heldout0", "sad", "calm"),
        ("cnn14/full", "heldout0", "calm", "calm"),
        ("cnn14/full", "heldout1", "sad", "sad"),
    ]
    return pd.DataFrame(rows, columns=["system", "split", "true", "predicted"])


@pytest.fixture
def evaluation():
    columns = ["system", "title", "modality", "variant", "mean_accuracy", "ci95"]
    rows = [
        ("cnn14/full", "CNN-14", "speech", "full", 70.0, 2.0, 76.58, 2.18, "outside"),
        ("alexnet/full", "AlexNet", "speech", "full", 72.0, 2.0, 60.72, 2.52, "outside"),
        ("voting/vad", "max voting", "face", "vad", NAN, NAN, 55.07, 2.56, "not run: no weights"),
        ("mixed", "late fusion", "fusion", "mixed", 80.0, 1.5, NAN, NAN, ""),
    ]
    summary = pd.DataFrame(rows, columns=[*columns, "paper_accuracy", "paper_ci95", "verdict"])
    return EvaluationFolder(summary, confusion_rows(), pd.DataFrame())


def svg_text(tmp_path, figure) -> str:
    with house_style():
        save_figure(figure, tmp_path / "figure")
    return (tmp_path / "figure.svg").read_text("utf-8")


def test_the_confusion_figure_shows_the_average_fold_with_true_emotions_in_rows():
    _, shown = confusion_figure(confusion_rows(), "CNN-14", "RAVDESS")
    assert shown.diagonal().tolist() == [1, 2, 2, 1, 2, 2, 2, 2]
    assert shown[EMOTIONS.index("sad"), EMOTIONS.index("calm")] == 1
    assert shown.sum() == 15


def test_the_figure_of_all_folds_has_a_matrix_with_its_accuracy_for_each():
    first, second = fold_confusions_figure(predictions(), "CNN-14", "RAVDESS").get_axes()
    assert first.get_title() == "fold 1 held out: 50.00 %"
    assert second.get_title() == "fold 2 held out: 100.00 %"
    sad, calm = EMOTIONS.index("sad"), EMOTIONS.index("calm")
    digits = {text.get_position(): text.get_text() for text in first.texts}
    assert digits == {(calm, sad): "1", (calm, calm): "1"}


def test_a_figure_is_the_same_bytes_each_time(tmp_path):
    written = []
    for name in ("one", "two"):
        with house_style():
            figure, _ = confusion_figure(confusion_rows(), "CNN-14", "RAVDESS")
            save_figure(figure, tmp_path / name)
        written.append([(tmp_path / f"{name}.{end}").read_bytes() for end in ("svg", "png")])
    assert written[0] == written[1]
    assert b"<dc:date>" not in written[0][0]


def test_accuracy_figures_name_a_synthetic_corpus(tmp_path, evaluation):
    figures = (
        top_accuracies_figure(evaluation, TOPS, SYNTHETIC),
        all_systems_figure(evaluation, SYNTHETIC),
    )
    for figure in figures:
        assert "SYNTHETIC DATA: synthetic demo corpus" in svg_text(tmp_path, figure)


def test_a_system_that_was_not_run_says_so_among_all_systems(tmp_path, evaluation):
    assert "not run: no weights" in svg_text(tmp_path, all_systems_figure(evaluation, "RAVDESS"))


def test_the_best_of_a_condition_may_be_another_system_than_the_papers(evaluation):
    best = best_by_condition(evaluation.summary, TOPS).set_index("modality")
    assert best.loc["speech", "title"] == "AlexNet"
    assert best.loc["speech", "mean_accuracy"] == 72
    assert best.loc["speech", "paper_accuracy"] == 76.58
    # The paper's best on faces is no system of this run.
    assert best.loc["face", "paper_accuracy"] == 57.08
    assert list(best.index) == ["speech", "face", "fusion"]


def test_a_condition_without_a_system_of_the_papers_has_no_mark_of_the_paper(evaluation):
    best = best_by_condition(evaluation.summary, TOPS).set_index("modality")
    assert np.isnan(best.loc["fusion", "paper_accuracy"])


def test_the_majority_line_is_that_of_the_clips_evaluated():
    assert majority_accuracy(confusion_rows()) == pytest.approx(100 * 10 / 75)
    assert majority_accuracy(confusion_rows().iloc[:0]) is None


def test_learning_curves_have_a_panel_per_score_and_ring_the_kept_step(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("step,epoch,train_loss,accuracy,kept\n10,1,0.9,0.4,0\n20,2,0.5,0.6,1\n")
    figure = learning_curves_figure({"heldout0": history}, "CNN-14", SYNTHETIC)
    panels = figure.get_axes()
    assert [axes.get_title() for axes in panels] == ["training loss", "held-out accuracy"]
    curve, kept = panels[1].get_lines()
    assert curve.get_ydata().tolist() == [0.4, 0.6]
    assert kept.get_xydata().tolist() == [[20, 0.6]]
    assert "SYNTHETIC DATA" in svg_text(tmp_path, figure)


def test_learning_curves_without_kept_column_have_no_ring(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("step,train_loss\n10,0.9\n")
    figure = learning_curves_figure({"heldout0": history}, "CNN-14", "RAVDESS")
    assert figure.get_axes()[0].get_lines()[1].get_xydata().tolist() == []


def test_a_figure_without_data_says_why(tmp_path):
    figure = no_data_figure("AlexNet", "not run: weights missing", "RAVDESS")
    text = svg_text(tmp_path, figure)
    assert "not run: weights missing" in text
    assert "Corpus: RAVDESS" in text


def test_figures_are_named_after_their_systems():
    assert file_stems(["cnn14/full", "mixed"]) == {"cnn14/full": "cnn14_full", "mixed": "mixed"}


@pytest.mark.parametrize("systems", [["a/full", "a_full"], ["../a"], ["a/b/c"]])
def test_names_that_collide_or_leave_the_folder_are_refused(systems):
    with pytest.raises(UserError):
        file_stems(systems)


def test_the_entry_draws_every_system_that_was_run(tmp_path, evaluation):
    folder, out = tmp_path / "evaluation", tmp_path / "figures"
    folder.mkdir()
    summary = evaluation.summary.reindex(columns=SUMMARY_COLUMNS).assign(clips=75)
    summary.to_csv(folder / "summary.csv", index=False)
    evaluation.confusion.to_csv(folder / "confusion.csv", index=False)
    predictions().to_csv(folder / "predictions.csv", index=False)
    (folder / "groups.csv").write_text(",".join(GROUP_COLUMNS) + "\n")
    (folder / "calibration.csv").write_text(",".join(CALIBRATION_COLUMNS) + "\n")
    (folder / "significance.csv").write_text(",".join(SIGNIFICANCE_COLUMNS) + "\n")
    arguments = {"evaluation": folder, "corpus_label": SYNTHETIC, "out": out, "paper": PAPER}
    draw_figures.main(Namespace(**arguments))
    stems = ["confusion_cnn14_full", "confusion_folds_cnn14_full", "accuracies", "systems"]
    stems += ["groups", "actors", "reliability"]
    names = {path.name for path in out.iterdir()}
    assert names == {f"{stem}.{end}" for stem in stems for end in ("svg", "png")}
