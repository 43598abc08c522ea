"""What families that start from published weights share."""

from __future__ import annotations

from pydantic import model_validator

from mmer.settings import Settings

PAPER = "paper section 4.1"
"""Where the paper tells how its networks were trained."""

SHORTEST_SECONDS = 0.31
"""32 log-mel frames, of which the five poolings of CNN-14 leave one step in time.

Written out, not computed, so that reading settings imports no network library.
"""


class WeightsSettings(Settings):
    """Settings of such a family, which declares the key ``weights`` itself.

    A ``width`` other than 1, or a part that is not ``trainable``, needs fitting weights.
    """

    @model_validator(mode="after")
    def _weights_fit_the_network(self) -> WeightsSettings:
        published = self.weights != "random"
        width = getattr(self, "width", 1)
        if published and width != 1:
            raise ValueError(
                f"width {width} has no published weights: set weights to random or width to 1"
            )
        trainable = getattr(self, "trainable", "all")
        if not published and trainable != "all":
            raise ValueError(
                f"trainable '{trainable}' would freeze random weights: set trainable to all"
            )
        return self
