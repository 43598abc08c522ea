"""Do one step of a family of models: train, embed, score, vote, ..."""

from __future__ import annotations

import logging

from mmer.models.base import ModelJob
from mmer.registry import read_registry
from mmer.runtime.job import run_job

log = logging.getLogger(__name__)


def main(job: ModelJob) -> None:
    """Let the family do it."""
    log.info("%s %s of the family %s", job.step, job.model, job.family)
    read_registry(job.plugins).families[job.family].run(job)


if __name__ == "__main__":
    run_job(ModelJob, main, __doc__)
