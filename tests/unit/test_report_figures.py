"""Figures: what they show, the corpus on each, and the same bytes each time."""

import numpy as np
import pandas as pd
import pytest
from tests.report_data import (
    PAPER,
    SYNTHETIC,
    TASK,
    TRACES,
    summary,
    write_classes,
    write_traces,
)

from mmer.report.accuracy_figure import (
    all_systems_figure,
    best_by_condition,
    majority_accuracy,
    top_accuracies_figure,
)
from mmer.report.confusion_figure import confusion_figure, fold_confusions_figure
from mmer.report.evaluation_folder import read_summary, read_table
from mmer.report.figures import FiguresJob, draw_figures
from mmer.report.group_figure import group_figure
from mmer.report.learning_curves import kept_epochs_table, learning_curves_figure
from mmer.report.paper_numbers import top_results
from mmer.report.reliability_figure import reliability_figure
from mmer.report.style import house_style, save_figure
from mmer.report.trace_figures import (
    concordance_figure,
    example_figure,
    example_item,
    scatter_figure,
)
from mmer.report.words import file_stems
from mmer.runtime.errors import UserError

TOPS = top_results(PAPER)
NAMES = TASK.names


@pytest.fixture
def classes(tmp_path):
    write_classes(tmp_path / "evaluation")
    return tmp_path / "evaluation"


@pytest.fixture
def traces(tmp_path):
    write_traces(tmp_path / "evaluation")
    return tmp_path / "evaluation"


@pytest.fixture
def confusion(classes):
    return read_table(classes / "confusion.csv")


def written(folder, figure) -> list[bytes]:
    """The figure as SVG and PNG."""
    folder.mkdir(exist_ok=True)
    with house_style():
        save_figure(figure, folder / "figure")
    return [(folder / f"figure.{ending}").read_bytes() for ending in ("svg", "png")]


def svg_text(tmp_path, figure) -> str:
    return written(tmp_path, figure)[0].decode()


def test_the_confusion_figure_shows_the_average_fold_with_true_classes_in_rows(confusion, tmp_path):
    figure = confusion_figure(confusion.iloc[::-1], NAMES, "CNN-14", "RAVDESS")
    axes = figure.get_axes()[0]
    digits = {text.get_position()[::-1]: text.get_text() for text in axes.texts}
    counts = [[3, 1, 0], [1, 2, 0], [0, 0, 1]]
    assert digits == {at: str(count) for at, count in np.ndenumerate(counts)}
    assert [label.get_text() for label in axes.get_yticklabels()] == list(NAMES)
    # The colour is the share over all folds.
    assert axes.images[0].get_array()[0].tolist() == [0.75, 0.25, 0]
    again = confusion_figure(confusion.iloc[::-1], NAMES, "CNN-14", "RAVDESS")
    files = written(tmp_path / "one", figure)
    assert files == written(tmp_path / "two", again)
    assert b"<dc:date>" not in files[0]


def test_the_figure_of_all_folds_has_a_matrix_with_its_accuracy_for_each(classes):
    rows = read_table(classes / "predictions.csv")
    first, second = fold_confusions_figure(rows, NAMES, "CNN-14", "RAVDESS").get_axes()
    assert first.get_title() == "fold 1 held out: 50.00 %"
    assert second.get_title() == "fold 2 held out: 100.00 %"
    digits = {text.get_position(): text.get_text() for text in first.texts}
    assert digits == {(0, 1): "1", (1, 1): "1"}


def test_accuracy_figures_name_a_synthetic_corpus_and_why_a_system_was_not_run(tmp_path):
    top = top_accuracies_figure(summary(), 12.5, TOPS, "RAVDESS", SYNTHETIC)
    every = svg_text(tmp_path, all_systems_figure(summary(), None, "RAVDESS", SYNTHETIC))
    for text in (every, svg_text(tmp_path, top)):
        assert "SYNTHETIC DATA: synthetic demo corpus" in text
        assert "paper (RAVDESS)" in text
    assert "not run: weights" in every
    mine = summary()
    mine.table[["paper_accuracy", "paper_ci95"]] = np.nan
    for figure in (
        top_accuracies_figure(mine, None, {}, "", "mine"),
        all_systems_figure(mine, None, "", "mine"),
    ):
        text = svg_text(tmp_path, figure)
        assert "paper" not in text and "Corpus: mine" in text


def test_the_best_of_a_condition_may_be_another_system_than_the_papers_and_no_reference():
    rows = summary()
    rows.table.loc[2, "mean_accuracy"] = 99.0
    best = best_by_condition(rows, TOPS).set_index("modality")
    assert list(best.index) == ["speech", "face", "fusion"]
    assert best.loc["speech", "title"] == "deepspectrum_svc"
    assert best.loc["speech", "paper_accuracy"] == 76.58
    # The paper's best on faces is no system of this run.
    assert best.loc["face", "paper_accuracy"] == 55.82
    rows.table.loc[4:5, "paper_accuracy"] = np.nan
    assert np.isnan(best_by_condition(rows, TOPS).set_index("modality").paper_accuracy["fusion"])


def test_the_majority_line_is_that_of_the_items_evaluated(confusion):
    assert majority_accuracy(confusion) == pytest.approx(100 * 8 / 16)
    assert majority_accuracy(confusion.iloc[:0]) is None


def test_groups_have_a_row_per_system_and_a_panel_each(classes):
    groups = read_table(classes / "groups.csv")
    mood, sentence, _bar = group_figure(groups, summary(), ["mood", "sentence"], "x").get_axes()
    names = [label.get_text() for label in mood.get_yticklabels()]
    assert names == ["cnn14_fine_tuned, whole clip"]
    assert [text.get_text() for text in mood.texts] == ["75"]
    assert [label.get_text() for label in sentence.get_xticklabels()] == ["Kids"]
    empty = group_figure(groups.iloc[:0], summary(), ["mood"], "x")
    assert empty.subfigs[1].texts[0].get_text() == "no system was run"


def test_reliability_shows_the_bins_that_have_items(classes):
    bins = read_table(classes / "calibration.csv")
    panel, *empty = reliability_figure(bins, summary(), "RAVDESS").get_axes()
    _diagonal, curve = panel.get_lines()
    assert curve.get_xydata().tolist() == [[60, 50], [90, 100]]
    # The area is the share of items.
    small, large = sorted(panel.collections[0].get_sizes())
    assert large / small == pytest.approx(3)
    assert panel.get_title() == "cnn14_fine_tuned, whole clip\nerror 10.0 points"
    assert not any(axes.axison for axes in empty)
    without = reliability_figure(bins.iloc[:0], summary(), "RAVDESS")
    assert "gives probabilities" in without.subfigs[1].texts[0].get_text()


def test_the_score_of_the_weights_kept_stands_beside_the_last_one(tmp_path):
    curves = {"a": ([0.5, 0.9, 0.7], 2), "b": ([0.4, 0.2, 0.6], 3)}
    for name, (accuracy, kept) in curves.items():
        steps = np.array([1, 2, 3])
        history = pd.DataFrame({"step": steps, "accuracy": accuracy, "kept": 1 * (steps == kept)})
        history.to_csv(tmp_path / name)
    histories = {"m/full": {name: tmp_path / name for name in curves}}
    (row,) = kept_epochs_table(histories, {"m/full": "m"}, "voices").rows.to_dict("records")
    # Kept 0.9 and 0.6, last 0.7 and 0.6.
    assert (row["kept"], row["last"]) == pytest.approx((75, 65))
    assert (row["difference"], row["splits"], row["score"]) == (pytest.approx(10), 2, "accuracy, %")


def test_learning_curves_have_a_panel_per_score_and_ring_the_kept_step(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("step,epoch,train_loss,accuracy,kept\n10,1,0.9,0.4,0\n20,2,0.5,0.6,1\n")
    panels = learning_curves_figure({"fold0": history}, "CNN-14", SYNTHETIC).get_axes()
    assert [axes.get_title() for axes in panels] == ["training loss", "held-out accuracy"]
    curve, kept = panels[1].get_lines()
    assert curve.get_ydata().tolist() == [0.4, 0.6]
    assert kept.get_xydata().tolist() == [[20, 0.6]]


@pytest.mark.parametrize("systems", [["a/full", "a_full"], ["../a"], ["a/b/c"]])
def test_names_that_collide_or_leave_the_folder_are_refused(systems):
    with pytest.raises(UserError):
        file_stems(systems)


def test_concordance_stands_with_its_interval_and_says_why_it_is_missing(traces):
    panels = concordance_figure(read_summary(traces), TRACES, SYNTHETIC).get_axes()
    assert [axes.get_title() for axes in panels] == ["arousal", "valence", "mean"]
    mark = panels[0].containers[0]
    assert mark.lines[0].get_xydata().tolist() == [[0.5, 0]]
    edges = mark.lines[2][0].get_segments()[0][:, 0]
    assert edges == pytest.approx([0.4, 0.6])
    assert panels[0].texts[0].get_text().startswith("not run: weights")


def test_traces_are_shown_of_the_item_in_the_middle_and_as_a_scatter_of_all(traces):
    rows, items = (read_table(traces / f"{name}.csv") for name in ("predictions", "items"))
    assert example_item(items) == "b"
    assert example_item(items[items["item"] != "c"]) == "a"
    arousal, _ = example_figure(rows, items, TRACES, "GRU", SYNTHETIC).get_axes()
    true, predicted = arousal.get_lines()
    assert true.get_xydata() == pytest.approx(np.array([[0.02, 0], [0.06, 1]]))
    assert predicted.get_ydata() == pytest.approx([0, 0.9])
    assert arousal.get_title(loc="left") == "arousal: CCC 0.500"
    arousal, valence = scatter_figure(rows, TRACES, "GRU", SYNTHETIC).get_axes()
    points = {tuple(point) for point in arousal.collections[0].get_offsets().tolist()}
    assert points == {(0, 0), (1, 0.9)}
    assert len(valence.collections[0].get_offsets()) == 6


OF_CLASSES = ("accuracies", "systems", "groups", "speakers", "reliability")
CONFUSIONS = ("confusion_cnn14_fine_tuned_full", "confusion_folds_cnn14_fine_tuned_full")


@pytest.mark.parametrize(
    ("write", "task", "stems"),
    [
        (write_classes, TASK, {*OF_CLASSES, *CONFUSIONS}),
        (write_traces, TRACES, {"systems", "traces_gru_full", "scatter_gru_full"}),
    ],
)
def test_the_job_draws_what_the_task_has_with_the_corpus_on_each(tmp_path, write, task, stems):
    write(tmp_path / "evaluation")
    figures = tmp_path / "figures"
    draw_figures(
        FiguresJob(task=task, label=SYNTHETIC, evaluation=tmp_path / "evaluation", figures=figures)
    )
    drawn = list(figures.iterdir())
    assert {path.name for path in drawn} == {f"{s}.{end}" for s in stems for end in ("svg", "png")}
    for path in drawn:
        assert path.suffix == ".png" or "SYNTHETIC DATA" in path.read_text("utf-8")
