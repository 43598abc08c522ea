"""The run itself: its folder, its splits, and what every step is told."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from mmer.acquire.registry import RegisteredFile
from mmer.config import Configuration
from mmer.corpus.folds import Split
from mmer.plan.devices import Gpus, visible_gpus
from mmer.source_version import source_version

NO_MODEL = "no_such_model"
"""A pattern that no model's name matches."""


@dataclass(frozen=True)
class RunPlan:
    """What does not depend on corpus or models.

    Attributes
    ----------
    configuration
        The checked configuration.
    registry
        Every registered download by name.
    scripts
        The folder of the entries.
    """

    configuration: Configuration
    registry: dict[str, RegisteredFile]
    scripts: Path

    @property
    def results(self) -> str:
        """The folder of the run."""
        return f"results/{self.configuration.run}"

    @cached_property
    def actors(self) -> list[str]:
        """Actors as two digits."""
        return [f"{actor:02d}" for actor in self.configuration.corpus.actors]

    @cached_property
    def splits(self) -> dict[str, Split]:
        """Splits by name."""
        return self.configuration.splits

    def models(self, *families: str) -> str:
        """A pattern that matches the models of some families, for wildcard constraints."""
        names = [n for n, m in self.configuration.models.items() if m.family in families]
        return "|".join(names) or NO_MODEL

    def version(self, entry: str) -> str:
        """The version of a step's code."""
        return source_version(self.scripts, entry)

    def split(self, name: str) -> str:
        """A split as JSON."""
        return json.dumps(asdict(self.splits[name]))

    @property
    def all_splits(self) -> str:
        """All splits by name as JSON."""
        return json.dumps({name: asdict(split) for name, split in self.splits.items()})

    def section(self, name: str) -> str:
        """A section of the configuration as JSON."""
        return getattr(self.configuration, name).model_dump_json()

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for the whole configuration."""
        return hashlib.sha256(self.configuration.model_dump_json().encode()).hexdigest()[:16]

    @cached_property
    def gpus(self) -> Gpus:
        """The GPUs that jobs share."""
        return Gpus.of(self.configuration.compute, visible_gpus(os.environ))

    @property
    def gpu(self) -> int:
        """How many GPUs a job takes that trains: one where trainings compute on one, else none."""
        return int(bool(self.gpus.numbers))

    @property
    def gpu_share(self) -> int:
        """What a job takes of all GPUs that wants one for itself."""
        return self.gpus.share()

    @property
    def shared_gpu_share(self) -> int:
        """What a job takes of all GPUs that leaves room for others on the same one."""
        return self.gpus.share(self.gpus.jobs_per_gpu)

    def environment(self, programs: Path, present: Mapping[str, str]) -> dict[str, str]:
        """What jobs find in their environment: where the code is and where to compute.

        Parameters
        ----------
        programs
            The folder of the Python that jobs use.
        present
            The environment as it is.
        """
        return {
            "PATH": os.pathsep.join([str(programs), present.get("PATH", "")]),
            "PYTHONPATH": str(self.scripts),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.compute_environment(present),
            "MMER_MIRROR": self.configuration.data.mirror or "",
            "MMER_CONFIGURATION": self.configuration.model_dump_json(indent=2),
        }

    def compute_environment(self, present: Mapping[str, str]) -> dict[str, str]:
        """The section ``compute`` as variables."""
        compute = self.configuration.compute
        return {
            # A job sees its own GPU only, as the first one.
            "MMER_DEVICE": compute.device.partition(":")[0],
            "MMER_ON_GPU": self.gpus.launcher(present, shared=False),
            "MMER_ON_SHARED_GPU": self.gpus.launcher(present, shared=True),
            "MMER_THREADS": str(compute.threads),
            "MMER_TRAININGS_AT_ONCE": str(compute.trainings_at_once),
            "MMER_CHECKPOINT_SECONDS": str(compute.checkpoint_seconds),
            "MMER_TF32": str(compute.tf32).lower(),
            "MMER_DETERMINISTIC": str(compute.deterministic).lower(),
            "MMER_CHANNELS_LAST": compute.channels_last,
            "MMER_COMPILE": str(compute.compile).lower(),
        }

    def option(self, name: str, values: Sequence[str]) -> str:
        """An option with its values, quoted for a shell; nothing where there are none."""
        return shlex.join(with_values(name, values))


def with_values(name: str, values: Sequence[str]) -> list[str]:
    """An option with its values; nothing where there are none."""
    return [name, *map(str, values)] if values else []
