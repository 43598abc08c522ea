"""A bi-LSTM with attention over the frames of a spatial transformer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mmer.models.base import Family, ModelEntry, ModelJob, Name, Resources, Step
from mmer.models.sequence_settings import GRID_OUTPUTS, BiLstmSettings


class BiLstmEntry(ModelEntry):
    """A bi-LSTM with attention over the frames of a spatial transformer."""

    family: Literal["bilstm"]
    modality: Literal["face"] = "face"
    of: Name = Field(description="The spatial transformer whose layer it reads.")
    settings: BiLstmSettings = BiLstmSettings()


class BiLstm(Family):
    """A grid of small trainings on every split, of which one architecture is taken."""

    name = "bilstm"
    Entry = BiLstmEntry
    needs = frozenset({"model", "frame_logits"})
    takes = (
        Step(  # for all splits at once: their trainings take seconds and share a process
            "train",
            "variant",
            GRID_OUTPUTS,
            media=("frames", "saliency"),
            of_base=("model",),
            resources=Resources("shared", memory_mb=16000, minutes=480),
        ),
    )

    def train(self, job: ModelJob) -> None:
        """Train the grid on every split; write what the best architecture says."""
        from mmer.models.networks.bilstm_grid import train

        train(job)
