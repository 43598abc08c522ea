"""Max voting over the frames of a spatial transformer: nothing is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mmer.models.base import PREDICTIONS, TRAINED, Family, ModelEntry, ModelJob, Name, Step


class MaxVotingEntry(ModelEntry):
    """Max voting over the frames of a spatial transformer."""

    family: Literal["max_voting"]
    modality: Literal["face"] = "face"
    of: Name = Field(description="The spatial transformer whose frames vote.")


class MaxVoting(Family):
    """Each frame votes for a class (paper section 3.3.1)."""

    name = "max_voting"
    Entry = MaxVotingEntry
    needs = frozenset({"frame_logits"})
    starts_from_weights = False
    passes_on = True
    takes = (
        Step(
            "vote",
            "variant",
            {PREDICTIONS: TRAINED[PREDICTIONS]},
            of_base=("frame_logits",),
            seeded=False,
        ),
    )

    def vote(self, job: ModelJob) -> None:
        """Let the frames vote and write one posterior per item and split."""
        from mmer.items import read_items
        from mmer.models.networks.voting import vote_items
        from mmer.predictions import write_predictions
        from mmer.ragged import read_ragged
        from mmer.tasks import Classes

        items, voters = read_items(job.one("items")), job.base_task
        assert isinstance(voters, Classes), "the model whose frames vote names classes"
        for name, file in job.of_splits("frame_logits").items():
            voted = vote_items(read_ragged([file]), items, job.splits[name], job.classes, voters)
            write_predictions(job.output(PREDICTIONS, name), voted)

    def for_new_recordings(self, kept: KeptModel) -> Predictor:  # noqa: F821
        """Each frame votes."""
        from mmer.models.networks.kept_faces import voting_predictor

        return voting_predictor(kept)
