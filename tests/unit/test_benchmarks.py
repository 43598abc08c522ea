"""The benchmark's arithmetic and words, and the reference implementation's numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.__main__ import all_lines, outcome_of
from benchmarks.engine import jobs_in
from benchmarks.measure import Contest, Line, Measured, NotMeasured, measure, peak_memory
from benchmarks.projection import Work, seconds_of_unit, works
from benchmarks.reference_cnn14 import ReferenceAbsent, our_state, reference_network
from benchmarks.table import HEADER, as_markdown, cells, duration, size
from torch import nn

from mmer.media.log_mel import LogMel
from mmer.models.networks.cnn14 import Cnn14

CPU = torch.device("cpu")
PACKAGES = Path(__file__).parents[2] / ".venv" / "benchmark-packages"
MEASURED = Measured((1.0, 2.0, 4.0), (6.0, 6.0, 4.0), 3 * 2**20, 2 * 2**30, "equal")


def _line(goal: float | None = 2, prepare=None) -> Line:
    return Line("work", "other way", "CPU", goal, 3, prepare or (lambda: None))


def test_ratio_is_of_medians_and_spread_of_neighbouring_calls():
    assert MEASURED.ratio == 3
    assert MEASURED.spread == (1, 6)


def test_both_ways_are_called_equally_often_and_take_turns_at_going_first():
    calls = []
    contest = Contest(lambda: calls.append("ours"), lambda: calls.append("theirs"), "")
    measured = measure(contest, repetitions=2)
    assert calls[-4:] == ["ours", "theirs", "theirs", "ours"]
    assert calls.count("ours") == calls.count("theirs")
    assert len(measured.ours_seconds) == len(measured.theirs_seconds) == 2


def test_peak_memory_is_what_a_call_needs_beyond_what_is_there():
    held = np.ones(50 * 2**20, np.uint8)
    peak = peak_memory(lambda: np.ones(100 * 2**20, np.uint8), CPU)
    assert 95 * 2**20 < peak < 120 * 2**20
    assert held.all()


def test_cells_name_the_ratio_its_spread_and_whether_the_goal_is_reached():
    row = dict(zip(HEADER, cells(_line(), MEASURED), strict=True))
    assert row["Ours"] == "2 s" and row["Theirs"] == "6 s"
    assert row["Times as fast (spread)"] == "3.00 (1.00 to 6.00)"
    assert row["Goal"] == "≥ 2, reached"
    assert row["Peak memory, ours / theirs"] == "3 MiB / 2.00 GiB"
    assert cells(_line(goal=4), MEASURED)[6] == "≥ 4, missed"
    assert cells(_line(goal=None), MEASURED)[6] == ""


def test_a_line_that_cannot_be_measured_says_why():
    def prepare() -> Contest:
        raise NotMeasured("not measured: no GPU here")

    line = _line(prepare=prepare)
    row = dict(zip(HEADER, cells(line, outcome_of(line)), strict=True))
    assert row["Ours"] == "not measured: no GPU here"
    assert row["Goal"] == "≥ 2"


def test_page_holds_the_machine_and_a_row_per_line():
    page = as_markdown({"CPU": "an abacus"}, [(_line(), MEASURED), (_line(), "not measured")])
    assert "- CPU: an abacus" in page
    assert page.count("| work |") == 2


def test_durations_have_three_digits_and_sizes_binary_units():
    assert [duration(each) for each in (0.01234, 1.234)] == ["12.3 ms", "1.23 s"]
    assert [size(each) for each in (5 * 2**20, 3 * 2**29)] == ["5 MiB", "1.50 GiB"]


def test_every_line_is_described_without_being_measured():
    described = [(line.work, line.against, line.device) for line in all_lines()]
    assert len(set(described)) == len(described)
    assert {device for *_, device in described} == {"CPU", "GPU"}


def test_jobs_of_a_dry_run_are_counted():
    assert jobs_in("rule a:\n    input: x\nlocalrule all:\nrule a:\n") == 3


def test_the_projection_counts_the_papers_iterations_and_measures_units():
    found = (work for work in works(CPU) if work.name == "iteration of CNN-14")
    assert next(found).total == 30_000 * 5 * 2
    calls = []
    assert seconds_of_unit(Work("", 4, 1, lambda: calls.append(1)), CPU, least=0) > 0
    assert len(calls) == 2


# The reference implementation


@pytest.fixture
def reference(monkeypatch) -> nn.Module:
    """The published network with random weights and batch-norm statistics of sound."""
    monkeypatch.syspath_prepend(str(PACKAGES))
    torch.manual_seed(0)
    try:
        network = reference_network()
    except ReferenceAbsent:
        pytest.skip("the reference implementation is not installed: run make bench")
    with torch.no_grad():
        network(_sound())  # moves the statistics of batch norm away from 0 and 1
    return network.eval()


def _sound() -> torch.Tensor:
    """Noise that grows louder, ``(4, samples)``."""
    random = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn(4, 32_000, generator=random) * torch.linspace(0.01, 1, 32_000)


@torch.inference_mode()
def test_network_and_front_end_are_the_references(reference):
    network = Cnn14(classes=527)
    network.load_state_dict(our_state(reference))
    log_mel = LogMel()(_sound())
    expected = reference.logmel_extractor(reference.spectrogram_extractor(_sound()))[:, 0]
    assert (log_mel - expected).abs().max() < 1e-2
    found = network.eval()(log_mel)
    embedding = reference(_sound())["embedding"]
    assert _relative(found.embedding, embedding) < 1e-5
    assert _relative(found.logits, reference.fc_audioset(embedding)) < 1e-5


def _relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return ((found - expected).abs().max() / expected.abs().max()).item()
