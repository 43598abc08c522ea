"""How torch is set up before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from mmer.config import ComputeSettings, Configuration, DataSettings
from mmer.plan.run import RunPlan
from mmer.registry import read_registry
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.training.device import choose_device, make_deterministic


@pytest.fixture(autouse=True)
def restored(monkeypatch) -> Iterator[None]:
    """What is set for the whole process is undone, and the environment asks for nothing."""
    for variable in ("MMER_TF32", "MMER_DETERMINISTIC", "CUBLAS_WORKSPACE_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False


@pytest.mark.parametrize("asked", [None, "true", "false"])
def test_torch_rounds_and_hurries_only_where_asked(monkeypatch, asked):
    torch.backends.cudnn.allow_tf32 = True
    for variable in ("MMER_TF32", "MMER_DETERMINISTIC"):
        if asked:
            monkeypatch.setenv(variable, asked)
    make_deterministic(seed=1, threads=1)
    rounds = {torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32}
    assert rounds == {asked == "true"}
    assert torch.are_deterministic_algorithms_enabled() == (asked != "false")
    assert torch.backends.cudnn.benchmark == (asked == "false")


def test_one_seed_gives_the_same_numbers():
    make_deterministic(seed=7, threads=1)
    first = torch.rand(3)
    make_deterministic(seed=7, threads=1)
    assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize(("tf32", "deterministic"), [(True, False), (False, True)])
def test_the_configuration_reaches_the_environment(tmp_path, tf32, deterministic):
    compute = ComputeSettings(tf32=tf32, deterministic=deterministic)
    configuration = Configuration.model_construct(data=DataSettings(), compute=compute)
    run = RunPlan(configuration, read_registry(), tmp_path)
    environment = run.environment(tmp_path, {})
    assert environment["MMER_TF32"] == str(tf32).lower()
    assert environment["MMER_DETERMINISTIC"] == str(deterministic).lower()


def test_a_job_computes_as_the_environment_says(monkeypatch):
    for name in ("DEVICE", "THREADS", "TRAININGS_AT_ONCE", "CHECKPOINT_SECONDS"):
        monkeypatch.delenv(f"MMER_{name}", raising=False)
    assert Compute.from_environment() == Compute("auto", 1, 1, 60.0)
    monkeypatch.setenv("MMER_DEVICE", "cpu")
    monkeypatch.setenv("MMER_THREADS", "3")
    monkeypatch.setenv("MMER_TRAININGS_AT_ONCE", "2")
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0.5")
    assert Compute.from_environment() == Compute("cpu", 3, 2, 0.5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused():
    assert choose_device("auto").type == "cpu"
    with pytest.raises(UserError, match="sees no GPU"):
        choose_device("cuda")
