"""The projection of the paper's time: its files, its counts and its arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks.paper_scale.__main__ import all_steps, measured, paper_size, shipped_plan
from benchmarks.paper_scale.corpus import clip_lengths, make_corpus
from benchmarks.paper_scale.counts import (
    Count,
    Size,
    epochs_of,
    needed_models,
    paper_counts,
    products_per_frame,
)
from benchmarks.paper_scale.measure import Scale, Step, Throughput, Work, throughput_of
from benchmarks.paper_scale.table import Row, as_markdown, dominating, exponent, projected

from mmer.corpus.folds import one_fold_out
from mmer.face.frames_on_device import load_frames
from mmer.face.settings import Architecture, SpatialTransformerSettings
from mmer.speech.log_mels_on_device import load_log_mels

CPU = torch.device("cpu")
ONE_ACTOR_OF_EACH_FOLD = (2, 3, 10, 8, 1)
CLIPS = 15
"""Of an actor: with four in training, the fusion has its fifty neighbours."""


@pytest.fixture(scope="module")
def plan():
    return shipped_plan()


@pytest.fixture(scope="module")
def scale(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    return Scale(make_corpus(folder, CLIPS, 1, ONE_ACTOR_OF_EACH_FOLD), plan, CPU, None)


# Prepared files


def test_files_hold_ravdess_names_that_every_loader_takes(scale):
    corpus, split = scale.corpus, scale.split
    frames = load_frames(corpus.read("frames"), corpus.read("saliency"), corpus.spans(), split, CPU)
    clips = load_log_mels(corpus.read("audio"), corpus.spans(), split, 5.5, CPU)
    assert len(frames.clips) == len(clips.names) == 5 * CLIPS
    assert set(clips.labels.tolist()) == set(range(8))
    assert set(frames.part) == {"train", "heldout"}


def test_clips_are_as_long_as_those_of_ravdess():
    lengths = clip_lengths(1440, np.random.default_rng(0))
    assert lengths.min() >= 88 and lengths.max() <= 157
    assert lengths.sum() == pytest.approx(159_000, rel=0.01)


def test_the_same_seed_gives_the_same_files(scale, tmp_path):
    again = make_corpus(tmp_path, CLIPS, 1, ONE_ACTOR_OF_EACH_FOLD)
    for kind in ("audio", "frames", "saliency"):
        ours, others = scale.corpus.read(kind), again.read(kind)
        assert ours.clips == others.clips and np.array_equal(ours.values, others.values)


# Counts


@pytest.fixture
def counts(plan):
    return paper_counts(plan, Size(1440, {"full": 159_000, "vad": 80_000}))


def test_cnn14_takes_the_papers_iterations_on_five_splits_and_two_variants(counts):
    assert counts["cnn14_training"] == Count(300_000, 300_000)
    # 150 evaluations and the posteriors at the end; each clip is held out once.
    assert counts["cnn14_evaluation"].at_most == 2 * 1440 * 150 + 2 * 5 * 1440


def test_spatial_transformers_take_between_patience_and_all_epochs(counts):
    # Two networks on whole clips and one on trimmed ones, each on four fifths of the frames.
    frames = 4 * (159_000 + 159_000 + 80_000)
    assert counts["spatial_transformer_training"] == Count(31 * frames, 500 * frames)


def test_every_architecture_behind_a_layer_is_counted(counts):
    # Of the valence network and of the fine-tuned one, under two variants: five architectures.
    # In clips of the largest: what each multiplies, over what the largest does.
    architectures = (5_184_600 + 2_736_400 + 1_782_300 + 414_100 + 1_152_300) / 5_184_600
    clips = 4 * architectures * 4 * 1440
    found = counts["bilstm_flatten810_training"]
    assert (found.at_least, found.at_most) == pytest.approx((31 * clips, 300 * clips))


def test_multiplications_of_a_bilstm_by_hand():
    # Per direction four gates of 2 units that see 8 posteriors, then 2 · 2, and the own 2 units;
    # one attention layer of 4 × 4 and one of 4 × 1.
    two_layers = Architecture(layers=2, units=2, attention_layers=2)
    expected = 2 * 4 * 2 * (8 + 2) + 2 * 4 * 2 * (4 + 2) + 4 * 4 + 4
    assert products_per_frame(two_layers, "posteriors") == expected


def test_what_the_run_has_no_weights_for_is_not_counted(plan, counts):
    names = {name for name, _ in needed_models(plan)}
    assert "affectnet_max_voting" not in names and "stn_max_voting" in names
    # Six architectures behind the posteriors of the fine-tuned network alone.
    found = counts["bilstm_posteriors_training"].at_most
    assert 300 * 2 * 1 * 4 * 1440 < found < 300 * 2 * 6 * 4 * 1440


def test_training_without_patience_takes_all_epochs():
    assert epochs_of(SpatialTransformerSettings(max_epochs=7, patience=None)) == Count(7, 7)
    assert epochs_of(SpatialTransformerSettings(max_epochs=7, patience=30)) == Count(7, 7)


def test_every_step_has_a_count_and_every_count_a_step(counts):
    assert {step.name for step in all_steps()} == {*counts, "job_start"}


def test_frames_are_counted_for_as_many_clips_as_the_paper_has(scale, plan):
    size = paper_size(scale.corpus, plan)
    frames = len(scale.corpus.read("frames").values)
    assert size.clips == 1440
    assert size.frames["full"] == pytest.approx(frames * 1440 / (5 * CLIPS))
    assert 0.3 < size.frames["vad"] / size.frames["full"] < 0.7


# Arithmetic


def _row(name: str, count: Count, seconds: float = 2) -> Row:
    step = Step(name, f"work of {name}", "clips", False, True, lambda scale: None)
    return Row(step, "CPU", count, Throughput(units=10, seconds=seconds, units_per_pass=100))


def test_projected_time_is_throughput_times_count():
    assert _row("fusion", Count(36_000, 72_000)).hours == (2, 4)
    assert Throughput(10, 2, 100).pass_seconds == 20


def test_sums_set_cnn14_apart_and_name_the_step_that_dominates():
    rows = [_row("cnn14_training", Count(180_000, 180_000)), _row("fusion", Count(18_000, 36_000))]
    assert projected(rows) == {
        "CNN-14": (10, 10),
        "everything but CNN-14": (1, 2),
        "the whole paper": (11, 12),
    }
    assert dominating(rows).step.name == "cnn14_training"
    page = as_markdown({"GPU": "none"}, rows, {"fusion": [1, 2, 8]}, [0.25, 0.5, 1])
    assert "work of cnn14_training, 83 % of the most" in page
    assert "this is a CPU" in page and "faster than linear" in page


def test_what_was_not_measured_is_named_and_not_in_the_sums():
    absent = Row(_row("fusion", Count(1, 1)).step, "CPU", Count(9, 9), "not measured: no weights")
    rows = [_row("evaluation", Count(18_000, 18_000)), absent]
    assert projected(rows)["the whole paper"] == (1, 1)
    page = as_markdown({"GPU": "none"}, rows, {}, [1])
    assert "not measured and not in the sums: work of fusion" in page


def test_operations_of_products_are_counted():
    def product():
        yield len(torch.ones(2, 3) @ torch.ones(3, 4))

    throughput = throughput_of(Work(product, 2), 0, CPU)
    # Two rows, each of four sums of three products.
    assert throughput.operations_per_unit == 2 * 3 * 4


def test_without_a_gpu_arithmetic_stands_in_and_says_so():
    step = Step("cnn14_training", "CNN-14", "steps", True, False, lambda scale: None)
    throughput = Throughput(units=10, seconds=2, units_per_pass=100, operations_per_unit=2e12)
    row = Row(step, "CPU", Count(36_000, 36_000), throughput)
    page = as_markdown({"GPU": "none"}, [row, _row("fusion", Count(9000, 9000))], {}, [1.0])
    assert "| 72 |" in page
    assert "at an assumed 20 TFLOP/s the steps that use a GPU take 1.00 hours at most" in page
    assert "the other steps 0.50 hours on this CPU; an estimate and no measurement" in page
    assert "assumed" not in as_markdown({"GPU": "H200"}, [row], {}, [1.0])


def test_exponent_is_the_power_of_the_number_of_clips():
    assert exponent([1, 2, 4], [0.25, 0.5, 1]) == 1
    assert exponent([1, 4, 16], [0.25, 0.5, 1]) == 2


# Measuring


def test_measuring_stops_when_its_time_is_up_and_starts_passes_anew():
    passes = []

    def chunks():
        passes.append(1)
        yield from (3, 3)

    measured = throughput_of(Work(chunks, 6), 0.02, CPU)
    assert len(passes) > 1 and measured.units % 3 == 0
    assert measured.seconds == pytest.approx(0.02, abs=0.02)


FAST = ("load_frames", "fusion", "support_vector", "bilstm_posteriors_training", "cnn14_inputs")
FAST += ("bilstm_posteriors_evaluation", "spatial_transformer_training", "evaluation")


@pytest.mark.parametrize("name", FAST)
def test_steps_run_on_the_files(scale, name):
    torch.set_num_threads(1)
    step = next(step for step in all_steps() if step.name == name)
    throughput = measured(step, scale, seconds=0.0)
    assert throughput.per_second > 0
    assert throughput.units <= throughput.units_per_pass + 1e-6


def test_splits_of_few_actors_hold_one_out(scale, plan):
    splits = one_fold_out(plan.configuration.protocol.folds, scale.corpus.actors)
    assert [split.heldout_actors for split in splits.values()] == [(2,), (3,), (10,), (8,), (1,)]
