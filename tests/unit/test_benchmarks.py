"""The benchmark's arithmetic and words, and the reference implementation's numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.__main__ import all_lines, outcome_of
from benchmarks.demo_speech import speech_of, waveforms
from benchmarks.measure import Contest, Line, Measured, NotMeasured, measure, peak_memory
from benchmarks.reference_cnn14 import ReferenceAbsent, our_state, reference_network
from benchmarks.table import HEADER, as_data, as_markdown, cells, duration, key_of, read_data, size
from torch import nn

from mmer.speech.cnn14 import Cnn14
from mmer.speech.log_mel import LogMel
from mmer.store import write_json

CPU = torch.device("cpu")
PACKAGES = Path(__file__).parents[2] / ".venv" / "benchmark-packages"


def _line(goal: float | None = 2, prepare=None) -> Line:
    return Line("work", "other way", "CPU", goal, 3, prepare or (lambda: None))


MEASURED = Measured((1.0, 2.0, 4.0), (6.0, 6.0, 4.0), 3 * 2**20, 2 * 2**30, "equal")


# Measuring


def test_ratio_is_of_medians_and_spread_of_neighbouring_calls():
    assert MEASURED.ratio == 3
    assert MEASURED.spread == (1, 6)


def test_both_ways_are_called_equally_often_and_take_turns_at_going_first():
    calls = []
    contest = Contest(lambda: calls.append("ours"), lambda: calls.append("theirs"), "", CPU)
    measured = measure(contest, repetitions=2)
    assert calls[-4:] == ["ours", "theirs", "theirs", "ours"]
    assert calls.count("ours") == calls.count("theirs")
    assert len(measured.ours_seconds) == len(measured.theirs_seconds) == 2


def test_peak_memory_is_what_a_call_needs_beyond_what_is_there():
    held = np.ones(50 * 2**20, np.uint8)
    peak = peak_memory(lambda: np.ones(100 * 2**20, np.uint8), CPU)
    assert 95 * 2**20 < peak < 120 * 2**20
    assert held.all()


# The table


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
    assert as_data({}, [(line, outcome_of(line))])["lines"][0]["not_measured"] == row["Ours"]


def test_stored_figures_are_read_back_by_line(tmp_path):
    other = Line("other work", "other way", "GPU", None, 3, lambda: None)
    measured = [(_line(), MEASURED), (other, "not measured: no GPU here")]
    write_json(tmp_path / "results.json", as_data({}, measured))
    assert read_data(tmp_path / "results.json") == {
        key_of(line): outcome for line, outcome in measured
    }
    assert read_data(tmp_path / "absent.json") == {}


def test_page_holds_the_machine_and_a_row_per_line():
    page = as_markdown({"CPU": "an abacus"}, [(_line(), MEASURED), (_line(), "not measured")])
    assert "- CPU: an abacus" in page
    assert page.count("| work |") == 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.01234, "12.3 ms"), (1.234, "1.23 s"), (12.34, "12.3 s")]
)
def test_durations_have_three_digits(seconds, text):
    assert duration(seconds) == text


def test_sizes_are_in_binary_units():
    assert size(5 * 2**20) == "5 MiB"
    assert size(3 * 2**29) == "1.50 GiB"


def test_every_line_is_described_without_being_measured():
    described = [(line.work, line.against, line.device) for line in all_lines()]
    assert len(set(described)) == len(described)
    assert {device for *_, device in described} == {"CPU", "GPU"}


# The reference implementation


@pytest.fixture
def reference(monkeypatch) -> nn.Module:
    """The published network with random weights and batch-norm statistics of speech."""
    monkeypatch.syspath_prepend(str(PACKAGES))
    torch.manual_seed(0)
    try:
        network = reference_network()
    except ReferenceAbsent:
        pytest.skip("the reference implementation is not installed: run make bench")
    with torch.no_grad():
        network(_speech())  # moves the statistics of batch norm away from 0 and 1
    return network.eval()


def _speech() -> torch.Tensor:
    return torch.from_numpy(waveforms(speech_of(1, 4), 1.0 + 2.7))[:, -32_000:]


@torch.inference_mode()
def test_network_and_front_end_are_the_references(reference):
    network = Cnn14(classes=527)
    network.load_state_dict(our_state(reference))
    front_end, exact = LogMel(), _exact_front_end(reference)
    log_mel = front_end(_speech())
    found = network.eval()(log_mel)
    embedding = reference(_speech())["embedding"]
    logits = reference.fc_audioset(embedding)
    assert _relative(found.embedding, embedding) < 1e-5
    assert _relative(found.logits, logits) < 1e-5
    ours, theirs = ((some - exact).abs() for some in (log_mel, _front_end(reference)))
    heard = exact > exact.amax(dim=2, keepdim=True) - 40
    assert ours[heard].max() < 1e-4
    # In quieter bands the reference itself is rounded by more than that.
    assert ours.max() < theirs.max()


def _front_end(reference: nn.Module) -> torch.Tensor:
    return reference.logmel_extractor(reference.spectrogram_extractor(_speech()))[:, 0]


def _exact_front_end(reference: nn.Module) -> torch.Tensor:
    """The reference's log-mel computed in float64."""
    power = reference.spectrogram_extractor.double()(_speech().double())
    log_mel = reference.logmel_extractor.double()(power)[:, 0]
    reference.float()
    return log_mel


def _relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return ((found - expected).abs().max() / expected.abs().max()).item()
