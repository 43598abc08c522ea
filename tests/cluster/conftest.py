"""A SLURM of its own for the tests, and the tiny project of the workflow's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..workflow.conftest import tiny_inputs, voice_activity_weights
from .local_slurm import LocalSlurm, why_not

__all__ = ["slurm", "tiny_inputs", "voice_activity_weights"]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory) -> Iterator[LocalSlurm]:
    """A running SLURM of one node; tests are skipped where there can be none."""
    if reason := why_not():
        pytest.skip(f"{reason}; make test-slurm installs it where it may")
    cluster = LocalSlurm(tmp_path_factory.mktemp("slurm") / "cluster")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
