"""Fuse the predictions of two or more systems: the whole grid of classifiers, every split."""

from mmer.fusion.job import FusionJob, fuse_and_write
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(FusionJob, fuse_and_write, __doc__)
