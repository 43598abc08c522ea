"""What a job is told: one JSON text, typed and complete, the same way for every step.

What bears on results is in that text.  Where and how fast a job computes is not, and goes through
the environment, so that another device re-runs nothing: see :class:`Compute`.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mmer.runtime.errors import UserError

log = logging.getLogger(__name__)


class Job(BaseModel):
    """What every job is told; each step adds its own.

    Attributes
    ----------
    version
        Of the step's code, see :mod:`mmer.runtime.versions`; a job does nothing with it.
    plugins
        Files of the user's own families and corpora.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = ""
    plugins: tuple[Path, ...] = ()


Told = TypeVar("Told", bound=Job)


def run_job(kind: type[Told], main: Callable[[Told], None], description: str | None) -> None:
    """Read what the job is told, log to standard error, do it, and end the process.

    A :class:`~mmer.runtime.errors.UserError` ends with its sentence and status 1; anything else is
    a bug and keeps its traceback.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "job", help=f"what to do, as JSON or a file with it: {', '.join(kind.model_fields)}"
    )
    given = parser.parse_args().job
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        job = read_job(kind, given)
        log.info("told: %s", job.model_dump_json(exclude_unset=True))
        main(job)
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)


def read_job(kind: type[Told], given: str) -> Told:
    """A job from JSON, or from a file that holds it."""
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text("utf-8")
        return kind.model_validate_json(text)
    except (OSError, ValidationError) as error:
        raise UserError(f"the job is not understood ({error}): mend what it is told") from error


@dataclass(frozen=True)
class Compute:
    """Where and how a job computes; none of it bears on results but by rounding.

    Attributes
    ----------
    device
        ``auto``, ``cpu`` or ``cuda``.
    trainings_at_once
        Small trainings that share a GPU.
    checkpoint_seconds
        Least time between two checkpoints.
    """

    device: str = "auto"
    threads: int = 1
    trainings_at_once: int = 1
    checkpoint_seconds: float = 60.0

    @classmethod
    def from_environment(cls) -> Compute:
        """What the workflow has put into the environment."""
        given = os.environ.get
        return cls(
            device=given("MMER_DEVICE", cls.device),
            threads=int(given("MMER_THREADS", cls.threads)),
            trainings_at_once=int(given("MMER_TRAININGS_AT_ONCE", cls.trainings_at_once)),
            checkpoint_seconds=float(given("MMER_CHECKPOINT_SECONDS", cls.checkpoint_seconds)),
        )
