"""The run itself: its folder, the versions of its steps, and what every job is told."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmer.config import Configuration
from mmer.layout import Layout
from mmer.plan.devices import Gpus, visible_gpus
from mmer.registry import Registry
from mmer.runtime.versions import step_version


@dataclass(frozen=True)
class RunPlan:
    """What does not depend on corpora or models."""

    configuration: Configuration
    kinds: Registry
    scripts: Path

    @cached_property
    def layout(self) -> Layout:
        """Every path."""
        return Layout(f"results/{self.configuration.run}", self.configuration.data.downloads)

    def told(self, entry: str, told: Mapping[str, Any], kind: str | None = None) -> str:
        """What a job is told, as JSON.

        ``kind`` is the family or corpus that does the work, whose code counts for the step's
        version.
        """
        files = () if kind is None else (self.kinds.files[kind],)
        version: dict[str, Any] = {"version": step_version(self.scripts, entry, files)}
        # Only its own: another plug-in is no reason to repeat a step.
        if plugins := [p for p in self.configuration.plugins if Path(p) in files]:
            version["plugins"] = plugins
        return json.dumps({**version, **told})

    def section(self, name: str) -> dict[str, Any]:
        """A section of the configuration."""
        return getattr(self.configuration, name).model_dump(mode="json")

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for the whole configuration."""
        return hashlib.sha256(self.configuration.model_dump_json().encode()).hexdigest()[:16]

    @cached_property
    def gpus(self) -> Gpus:
        """The GPUs that jobs share."""
        return Gpus.of(self.configuration.compute, visible_gpus(os.environ))

    def environment(self, programs: Path, present: Mapping[str, str]) -> dict[str, str]:
        """What jobs find in their environment: where the code is, and where and how to compute.

        ``programs`` is the folder of the Python that jobs use.
        """
        compute = self.configuration.compute
        return {
            "PATH": os.pathsep.join([str(programs), present.get("PATH", "")]),
            "PYTHONPATH": str(self.scripts),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MMER_MIRROR": self.configuration.data.mirror or "",
            "MMER_CONFIGURATION": self.configuration.model_dump_json(indent=2),
            # A job sees its own GPU only, as the first one.
            "MMER_DEVICE": compute.device.partition(":")[0],
            "MMER_ON_GPU": self.gpus.launcher(present, shared=False),
            "MMER_ON_SHARED_GPU": self.gpus.launcher(present, shared=True),
            "MMER_THREADS": str(compute.threads),
            "MMER_TRAININGS_AT_ONCE": str(compute.trainings_at_once),
            "MMER_CHECKPOINT_SECONDS": str(compute.checkpoint_seconds),
            "MMER_TF32": str(compute.tf32).lower(),
            "MMER_DETERMINISTIC": str(compute.deterministic).lower(),
            # Training on a CPU otherwise spends a fifth of its time on asking for memory.
            "THP_MEM_ALLOC_ENABLE": present.get("THP_MEM_ALLOC_ENABLE", "1"),
        }
