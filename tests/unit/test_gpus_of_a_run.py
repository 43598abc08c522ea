"""Which GPUs a run counts on, and what each job takes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mmer.config import ComputeSettings
from mmer.plan.devices import ALL_GPUS, Gpus, visible_gpus

REPOSITORY = Path(__file__).parents[2]
TWO = ("0", "1")


def gpus(visible: tuple[str, ...] = TWO, **settings: object) -> Gpus:
    """The GPUs of a run on a machine with some."""
    return Gpus.of(ComputeSettings.model_validate(settings), visible)


@pytest.fixture
def devices(tmp_path):
    """A folder like /dev of a machine with two NVIDIA GPUs."""
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    return tmp_path


def test_gpus_are_found_by_their_devices(devices):
    assert visible_gpus({}, devices) == ("0", "1")


def test_a_machine_without_gpus_has_none(tmp_path):
    assert visible_gpus({}, tmp_path) == ()


@pytest.mark.parametrize(
    ("narrowed", "left"), [("1", ("1",)), ("GPU-5a, 3", ("GPU-5a", "3")), ("", ()), ("-1", ())]
)
def test_the_environment_narrows_the_choice(devices, narrowed, left):
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": narrowed}, devices) == left


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        ({}, ("0", "1")),
        ({"gpus": 1}, ("0",)),
        ({"gpus": 3}, ("0", "1", "2")),
        ({"device": "cpu"}, ()),
        ({"device": "cuda"}, ("0", "1")),
        ({"device": "cuda:1"}, ("1",)),
    ],
)
def test_the_configuration_decides_which_are_used(settings, numbers):
    assert gpus(**settings).numbers == numbers


def test_a_run_that_insists_on_cuda_asks_for_one_where_none_is(devices):
    assert gpus((), device="cuda").numbers == ("0",)
    assert gpus((), device="auto").numbers == ()


def test_as_many_trainings_run_at_once_as_there_are_gpus():
    assert gpus().share() == ALL_GPUS // 2
    assert gpus(jobs_per_gpu=3).share(3) == ALL_GPUS // 6
    assert gpus((), device="auto").share() == 0


def test_profiles_give_out_all_gpus_and_no_more():
    for profile in ("default", "gpu"):
        text = (REPOSITORY / "profiles" / profile / "config.yaml").read_text()
        assert f"gpu_share={ALL_GPUS}" in yaml.safe_load(text)["resources"]


def test_jobs_are_started_on_a_gpu_where_there_are_some():
    shared = gpus(jobs_per_gpu=2)
    start = "python -m run_on_gpu --gpus 0,1 --places-per-gpu 2 --places"
    assert shared.launcher({}, shared=False) == f"{start} 2 --"
    assert shared.launcher({}, shared=True) == f"{start} 1 --"
    assert gpus((), device="auto").launcher({}, shared=False) == ""


def test_a_cluster_gives_out_its_gpus_itself():
    assert gpus().launcher({"SLURM_JOB_ID": "7"}, shared=False) == ""
