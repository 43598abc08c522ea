"""Layout and compilation change how fast networks are, and their results by rounding only."""

from __future__ import annotations

import copy
import shutil

import pytest
import torch
from torch import nn

from mmer.acceleration import COMPILERS, compile_where_asked, memory_format
from mmer.config import ComputeSettings, Configuration
from mmer.errors import UserError
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.plan.run import RunPlan

CPU = torch.device("cpu")
LAST, FIRST = torch.channels_last, torch.contiguous_format


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch):
    for variable in ("MMER_CHANNELS_LAST", "MMER_COMPILE"):
        monkeypatch.delenv(variable, raising=False)


def test_by_default_measurement_decides_the_layout():
    assert memory_format(measured_faster=True) == LAST
    assert memory_format(measured_faster=False) == FIRST


@pytest.mark.parametrize(("asked", "expected"), [("always", LAST), ("never", FIRST)])
def test_the_configuration_overrules_measurement(monkeypatch, asked, expected):
    monkeypatch.setenv("MMER_CHANNELS_LAST", asked)
    assert {memory_format(True), memory_format(False)} == {expected}


def test_the_layout_changes_results_by_rounding_only(monkeypatch):
    torch.manual_seed(0)
    network = GuidedSpatialTransformer(classes=8).eval()
    images, maps = torch.rand(2, 3, 1, 48, 48)
    logits = []
    for asked in ("always", "never"):
        monkeypatch.setenv("MMER_CHANNELS_LAST", asked)
        with torch.inference_mode():
            logits.append(move_to(copy.deepcopy(network), CPU)(images, maps).logits)
    torch.testing.assert_close(*logits, rtol=1e-4, atol=1e-5)


def test_nothing_is_compiled_by_default():
    network = nn.Linear(2, 2)
    compile_where_asked(network)
    assert network._compiled_call_impl is None


def test_without_a_compiler_it_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setenv("MMER_COMPILE", "true")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"no C\+\+ compiler here: install g\+\+ or set"):
        compile_where_asked(nn.Linear(2, 2))


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="there is no C++ compiler")
def test_a_compiled_network_keeps_its_weights_names_and_its_results(monkeypatch):
    monkeypatch.setenv("MMER_COMPILE", "true")
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    compiled = copy.deepcopy(network)
    compile_where_asked(compiled)
    assert compiled._compiled_call_impl is not None
    assert list(compiled.state_dict()) == list(network.state_dict())
    values = torch.randn(5, 4)
    torch.testing.assert_close(compiled(values), network(values))


def test_the_configuration_reaches_the_environment(tmp_path):
    compute = ComputeSettings(channels_last="never", compile=True)
    configuration = Configuration.model_construct(compute=compute)
    settings = RunPlan(configuration, {}, tmp_path).compute_environment({})
    assert settings["MMER_CHANNELS_LAST"] == "never"
    assert settings["MMER_COMPILE"] == "true"
