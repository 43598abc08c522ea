"""A network that is trained on another corpus, and its score on what was held out there."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from mmer.report.evaluation_folder import read_table


class Elsewhere(BaseModel):
    """A model that is trained on another corpus.

    Attributes
    ----------
    scores
        A row per fold that was held out: its ``pictures``, and the ``accuracy`` on them in percent.
    not_run
        Why there are no scores, else None.
    unlike_paper
        In what it is another one than the paper's, by whose number it is not judged, else None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    scores: Path | None = None
    not_run: str | None = None
    unlike_paper: str | None = None

    def held_out(self) -> tuple[float, int]:
        """Mean accuracy over the folds in percent, and how many pictures these hold together."""
        assert self.scores is not None, "a model with a reason has no scores"
        table = read_table(self.scores)
        return float(table["accuracy"].mean()), int(table["pictures"].sum())
