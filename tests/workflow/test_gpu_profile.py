"""Jobs on a machine of two GPUs, which are only numbers here: none is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from mmer.config import ComputeSettings
from mmer.plan.devices import Gpus

from .project import REPOSITORY

TWO = Gpus.of(ComputeSettings(), ("0", "1"))
LAUNCH = TWO.launcher({}, shared=False)
WORKFLOW = f"""
rule all:
    input:
        expand("trained_{{number}}", number=range(4)), "prepared"

rule train:
    output:
        "trained_{{number}}",
    resources:
        gpu_share={TWO.share()},
    shell:
        "{LAUNCH} "
        "sh -c 'date +%s.%N; sleep 1; echo $CUDA_VISIBLE_DEVICES; date +%s.%N' > {{output}}"

rule prepare:
    output:
        "prepared",
    shell:
        "date +%s.%N > {{output}}"
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder in which four trainings ran on two GPUs."""
    folder = tmp_path_factory.mktemp("gpus")
    shutil.copytree(REPOSITORY / "profiles", folder / "profiles")
    (folder / "resources").mkdir()
    (folder / "resources" / "report.css").touch()
    (folder / "Snakefile").write_text(WORKFLOW)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--workflow-profile", "gpu", "--cores", "8"],
        cwd=folder,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(REPOSITORY / "workflow_scripts"),
            "TMPDIR": str(folder),  # where the locks lie
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def spans(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """When each GPU was in use, in order."""
    found = defaultdict(list)
    for number in range(4):
        begin, gpu, end = (folder / f"trained_{number}").read_text().split()
        found[gpu].append((float(begin), float(end)))
    return {gpu: sorted(times) for gpu, times in found.items()}


def test_both_gpus_are_used_and_never_by_two_jobs_at_once(finished):
    used = spans(finished)
    assert set(used) == {"0", "1"}
    for times in used.values():
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(times))


def test_what_needs_no_gpu_waits_for_none(finished):
    begins = [begin for times in spans(finished).values() for begin, _ in times]
    assert float((finished / "prepared").read_text()) < max(begins)
