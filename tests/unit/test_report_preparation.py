"""What preparation did: spans of speech, saliency maps, time and memory of every step."""

from argparse import Namespace

import numpy as np
import pandas as pd
import pytest

import describe_speech_spans
import draw_saliency
from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan, write_spans
from mmer.report.saliency_figure import SaliencyExample, example_clips, saliency_figure
from mmer.report.speech_span_figure import speech_span_figure
from mmer.report.speech_span_table import kept_of_clips, read_durations, speech_span_table
from mmer.report.step_costs import cost_figure, cost_table, costs_by_step, read_benchmarks
from mmer.store import Ragged, write_ragged

CALM_1, CALM_2, SAD_1 = (
    "01-01-02-01-01-01-01",
    "01-01-02-01-01-01-02",
    "01-01-04-01-01-01-01",
)
SPANS = {
    CALM_1: SpeechSpan(0.5, 2.5, found=True),
    CALM_2: SpeechSpan(1.0, 2.0, found=True),
    SAD_1: SpeechSpan(0.0, 4.0, found=False),
}
DURATIONS = {CALM_1: 3.0, CALM_2: 4.0, SAD_1: 4.0}


@pytest.fixture
def clips():
    return kept_of_clips(SPANS, DURATIONS)


def test_a_clip_is_what_comes_before_speech_speech_and_what_comes_after(clips):
    parts = clips.set_index("clip")[["before", "kept", "after"]]
    assert parts.loc[CALM_1].tolist() == [0.5, 2.0, 0.5]
    assert (parts.sum(axis=1) == clips.set_index("clip")["whole"]).all()


def test_means_are_given_by_emotion_by_actor_and_over_all(clips):
    rows = speech_span_table(clips, "RAVDESS").rows.set_index("group")
    assert list(rows.index) == ["all clips", "calm", "sad", "actor 01", "actor 02"]
    assert rows.loc["calm", "kept"] == 1.5
    assert rows.loc["calm", "share"] == pytest.approx(100 * 3 / 7)
    assert rows.loc["actor 01", ["clips", "without", "shortest"]].tolist() == [2, 1, 2.0]


def test_a_span_without_audio_is_refused():
    with pytest.raises(UserError, match=f"{SAD_1} has a speech span but no audio"):
        kept_of_clips(SPANS, {CALM_1: 3.0, CALM_2: 4.0})


def test_lengths_are_samples_over_the_rate(tmp_path):
    path = tmp_path / "actor_01.npz"
    write_ragged(path, Ragged.join([CALM_1, SAD_1], [np.zeros(8), np.zeros(4)], 16))
    assert read_durations([path]) == {CALM_1: 0.5, SAD_1: 0.25}


def test_the_figure_of_spans_has_a_panel_by_emotion_and_one_by_actor(clips):
    by_emotion, by_actor = speech_span_figure(clips, "RAVDESS").get_axes()
    assert len(by_emotion.get_xticklabels()) == 8
    assert [label.get_text() for label in by_actor.get_xticklabels()] == ["1", "2"]
    # Whole clips first, then what is kept of them: two boxes of each actor, quartile to quartile.
    boxes = [patch.get_path().vertices[:, 1] for patch in by_actor.patches]
    edges = [(edge.min(), edge.max()) for edge in boxes]
    assert edges == [(3.25, 3.75), (4.0, 4.0), (2.5, 3.5), (1.0, 1.0)]


def test_the_entry_writes_figure_table_and_every_clip(tmp_path):
    write_ragged(
        tmp_path / "audio.npz",
        Ragged.join(list(DURATIONS), [np.zeros(int(4 * s)) for s in DURATIONS.values()], 4),
    )
    write_spans(tmp_path / "spans.csv", SPANS)
    describe_speech_spans.main(
        Namespace(
            audio=[tmp_path / "audio.npz"],
            spans=[tmp_path / "spans.csv"],
            corpus_label="synthetic corpus",
            tables=tmp_path,
            figures=tmp_path,
        )
    )
    by_clip = pd.read_csv(tmp_path / "speech_spans_by_clip.csv", index_col="clip")
    assert by_clip["kept"].to_dict() == {CALM_1: 2.0, CALM_2: 1.0, SAD_1: 4.0}
    assert set(by_clip["corpus"]) == {"synthetic corpus"}
    for name in ("speech_spans.svg", "speech_spans.html"):
        assert "SYNTHETIC DATA" in (tmp_path / name).read_text("utf-8")


def test_saliency_is_shown_for_strong_clips_of_different_actors():
    names = [
        *("01-01-01-01-01-01-01", "01-01-01-01-01-01-02"),
        *("01-01-02-01-01-01-02", "01-01-02-02-01-01-01", "01-01-02-02-01-01-02"),
    ]
    assert example_clips(names) == ["01-01-01-01-01-01-01", "01-01-02-02-01-01-02"]


def test_the_saliency_figure_shows_frame_map_and_both_and_names_the_method():
    picture = np.arange(48 * 48, dtype=np.int64).reshape(48, 48).astype(np.uint8)
    figure = saliency_figure([SaliencyExample(CALM_1, picture, picture)], "MSI-Net", "RAVDESS")
    frame, saliency, both = figure.get_axes()
    assert [axes.get_ylabel() for axes in (frame, saliency, both)] == [
        *("frame", "saliency map", "both")
    ]
    assert [len(axes.images) for axes in (frame, saliency, both)] == [1, 1, 2]
    assert frame.get_title() == "calm\nactor 01"
    assert figure.subfigs[0].texts[0].get_text() == "Saliency maps: MSI-Net"


def test_the_saliency_entry_draws_the_middle_frame(tmp_path):
    for name in ("frames", "maps"):
        pictures = np.zeros((3, 48, 48), np.uint8)
        write_ragged(tmp_path / f"{name}.npz", Ragged.join([CALM_1], [pictures], 30))
    pictures[1] = 9
    write_ragged(tmp_path / "frames.npz", Ragged.join([CALM_1], [pictures], 30))
    assert (draw_saliency.middle_of(tmp_path / "frames.npz", CALM_1) == 9).all()
    draw_saliency.main(
        Namespace(
            frames=[tmp_path / "frames.npz"],
            saliency=[tmp_path / "maps.npz"],
            method="spectral_residual",
            corpus_label="synthetic corpus",
            out=tmp_path,
        )
    )
    assert "spectral residual (Hou" in (tmp_path / "saliency.svg").read_text("utf-8")


HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path):
    """Two jobs of a training and one step that was too short for its memory to be seen."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "one.tsv").write_text(
        f"{HEAD}4.0\t0:00:04\t100.0\t1\t1\t1\t1\t1\t1\t3.0\n"
    )
    (tmp_path / "train" / "two.tsv").write_text(
        f"{HEAD}8.0\t0:00:08\t300.0\t1\t1\t1\t1\t1\t1\t5.0\n"
    )
    (tmp_path / "vote.tsv").write_text(f"{HEAD}0.1\t0:00:00\t-\t-\t-\t-\t-\t-\t-\t-\n")
    return tmp_path


def test_jobs_are_summed_by_step(benchmarks):
    steps = costs_by_step(read_benchmarks(benchmarks)).set_index("step")
    assert steps.loc["train"].tolist() == [2, 12.0, 6.0, 8.0, 8.0, 300.0]
    assert steps.loc["vote", "total"] == 0.1
    assert np.isnan(steps.loc["vote", "memory"])


def test_the_table_of_costs_ends_with_all_steps(benchmarks):
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
    steps = costs_by_step(read_benchmarks(tmp_path))
    figure = cost_figure(steps, "RAVDESS")
    assert figure.subfigs[1].texts[0].get_text() == "no step of this run was measured"
    assert cost_table(steps, "RAVDESS").texts()[0][:3] == ["all steps", "0", "0.0"]


def test_a_file_that_is_no_benchmark_is_named(tmp_path):
    (tmp_path / "train.tsv").write_text("a\tb\n")
    with pytest.raises(UserError, match=r"train\.tsv cannot be read as a benchmark"):
        read_benchmarks(tmp_path)
