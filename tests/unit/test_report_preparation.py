"""What preparation did: the corpus, spans of speech, saliency maps, time and memory of steps."""

import numpy as np
import pandas as pd
import pytest
from tests.report_data import SYNTHETIC, TASK, TRACES

from mmer.items import items_table as table_of_items
from mmer.items import write_items
from mmer.media.speech_spans import SpeechSpan, write_spans
from mmer.ragged import Ragged, write_ragged
from mmer.report.preparation import (
    PreparationJob,
    describe_preparation,
    example_items,
    items_table,
    middle_of,
)
from mmer.report.speech_spans import kept_of_items, speech_span_figure, speech_span_table
from mmer.report.step_costs import cost_figure, cost_table, costs_by_step, read_benchmarks
from mmer.runtime.errors import UserError

ITEMS = table_of_items(
    [
        {"item": "a", "speaker": "01", "mood": "calm"},
        {"item": "b", "speaker": "02", "mood": "calm"},
        {"item": "c", "speaker": "01", "mood": "sad"},
    ],
    ["mood"],
)
SPANS = {
    "a": SpeechSpan(0.5, 2.5, found=True),
    "b": SpeechSpan(1.0, 2.0, found=True),
    "c": SpeechSpan(0.0, 4.0, found=False),
}
DURATIONS = {"a": 3.0, "b": 4.0, "c": 4.0}


@pytest.fixture
def kept():
    return kept_of_items(SPANS, DURATIONS, ITEMS)


def test_an_item_is_what_comes_before_speech_speech_and_what_comes_after(kept):
    parts = kept.set_index("item")[["before", "kept", "after"]]
    assert parts.loc["a"].tolist() == [0.5, 2.0, 0.5]
    assert (parts.sum(axis=1) == kept.set_index("item")["whole"]).all()


def test_means_are_given_by_class_by_speaker_and_over_all(kept):
    rows = speech_span_table(kept, TASK, "RAVDESS").rows.set_index("group")
    assert list(rows.index) == ["all items", "calm", "sad", "speaker 01", "speaker 02"]
    assert rows.loc["calm", "kept"] == 1.5
    assert rows.loc["calm", "share"] == pytest.approx(100 * 3 / 7)
    assert rows.loc["speaker 01", ["items", "without", "shortest"]].tolist() == [2, 1, 2.0]
    assert len(speech_span_table(kept, TRACES, "RAVDESS").rows) == 3


def test_the_figure_of_spans_has_a_panel_by_class_and_one_by_speaker(kept):
    by_class, by_speaker = speech_span_figure(kept, TASK, "RAVDESS").get_axes()
    assert len(by_class.get_xticklabels()) == 3
    assert [label.get_text() for label in by_speaker.get_xticklabels()] == ["01", "02"]
    # Whole items first, then what is kept of them: two boxes of each, quartile to quartile.
    boxes = [patch.get_path().vertices[:, 1] for patch in by_speaker.patches]
    edges = [(edge.min(), edge.max()) for edge in boxes]
    assert edges == [(3.25, 3.75), (4.0, 4.0), (2.5, 3.5), (1.0, 1.0)]
    assert len(speech_span_figure(kept, TRACES, "RAVDESS").get_axes()) == 1


def test_items_are_counted_by_speaker_and_class():
    assert items_table(ITEMS, TASK, "RAVDESS").texts() == [
        ["01", "2", "1", "1", "0"],
        ["02", "1", "1", "0", "0"],
        ["all speakers", "3", "2", "1", "0"],
    ]
    assert items_table(ITEMS, TRACES, "RAVDESS").texts()[-1] == ["all speakers", "3"]


def test_saliency_is_shown_for_a_class_each_of_different_speakers():
    assert example_items(ITEMS.of(["c", "b", "a"]), TASK) == ["a", "c"]
    names = [{"item": n, "speaker": n[0], "mood": m} for n, m in (("1", "calm"), ("1b", "sad"))]
    names.append({"item": "2", "speaker": "2", "mood": "sad"})
    assert example_items(table_of_items(names, ["mood"]), TASK) == ["1", "2"]
    assert example_items(ITEMS, TRACES) == ["a", "b"]


def test_the_job_shows_what_was_prepared_and_only_that(tmp_path):
    write_items(tmp_path / "items.csv", ITEMS)
    bare = {"task": TASK, "label": SYNTHETIC, "items": tmp_path / "items.csv"}
    bare |= {"tables": tmp_path / "bare", "figures": tmp_path / "bare"}
    describe_preparation(PreparationJob(**bare))
    assert {path.stem for path in (tmp_path / "bare").iterdir()} == {"items"}

    lengths = [np.zeros(int(4 * seconds)) for seconds in DURATIONS.values()]
    write_ragged(tmp_path / "audio.npz", Ragged.join(list(DURATIONS), lengths, 4))
    write_spans(tmp_path / "spans.csv", SPANS)
    pictures = np.zeros((3, 48, 48), np.uint8)
    pictures[1] = 9
    for name in ("frames", "maps"):
        write_ragged(tmp_path / f"{name}.npz", Ragged.join(["a"], [pictures], 30))
    assert (middle_of(tmp_path / "frames.npz", "a") == 9).all()
    full = bare | {
        "audio": [tmp_path / "audio.npz"],
        "speech": [tmp_path / "spans.csv"],
        "frames": [tmp_path / "frames.npz"],
        "saliency": [tmp_path / "maps.npz"],
        "method": "spectral_residual",
        "tables": tmp_path / "full",
        "figures": tmp_path / "full",
    }
    describe_preparation(PreparationJob(**full))
    by_item = pd.read_csv(tmp_path / "full" / "speech_spans_by_item.csv", index_col="item")
    assert by_item["whole"].to_dict() == DURATIONS
    assert by_item["kept"].to_dict() == {"a": 2.0, "b": 1.0, "c": 4.0}
    assert set(by_item["corpus"]) == {SYNTHETIC}
    for name in ("items.html", "speech_spans.svg", "speech_spans.html", "saliency.svg"):
        assert "SYNTHETIC DATA" in (tmp_path / "full" / name).read_text("utf-8")
    assert "spectral residual (Hou" in (tmp_path / "full" / "saliency.svg").read_text("utf-8")


HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path):
    """Two jobs of a training and one step that was too short for its memory to be seen."""
    (tmp_path / "train").mkdir()
    for name, measured in (
        ("train/one", "4.0\t0:00:04\t100.0\t1\t1\t1\t1\t1\t1\t3.0"),
        ("train/two", "8.0\t0:00:08\t300.0\t1\t1\t1\t1\t1\t1\t5.0"),
        ("vote", "0.1\t0:00:00\t-\t-\t-\t-\t-\t-\t-\t-"),
    ):
        (tmp_path / f"{name}.tsv").write_text(f"{HEAD}{measured}\n")
    return tmp_path


def test_jobs_are_summed_by_step_and_over_all_steps(benchmarks):
    table = cost_table(costs_by_step(read_benchmarks(benchmarks)), "RAVDESS")
    assert table.texts() == [
        ["train", "2", "12.0", "6.0", "8.0", "8.0", "300"],
        ["vote", "1", "0.1", "0.1", "0.1", "0.0", "–"],
        ["all steps", "3", "12.1", "–", "8.0", "8.0", "300"],
    ]


def test_the_figure_of_costs_says_where_nothing_was_measured(benchmarks):
    time, memory = cost_figure(costs_by_step(read_benchmarks(benchmarks)), "RAVDESS").get_axes()
    assert [bar.get_width() for bar in time.patches] == [12.0, 0.1]
    assert [text.get_text() for text in memory.texts] == ["300", "not measured"]


def test_a_run_without_benchmarks_says_so(tmp_path):
    figure = cost_figure(costs_by_step(read_benchmarks(tmp_path)), "RAVDESS")
    assert figure.subfigs[1].texts[0].get_text() == "no step of this run was measured"


def test_a_file_that_is_no_benchmark_is_named(tmp_path):
    (tmp_path / "train.tsv").write_text("a\tb\n")
    with pytest.raises(UserError, match=r"train\.tsv cannot be read as a benchmark"):
        read_benchmarks(tmp_path)
