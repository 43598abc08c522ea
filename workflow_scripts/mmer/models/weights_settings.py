"""What the settings of families that start from published weights share."""

from __future__ import annotations

PAPER = "paper section 4.1"
"""Where the paper tells how its networks were trained."""

SHORTEST_SECONDS = 0.31
"""32 log-mel frames, of which the five poolings of CNN-14 leave one step in time.

Written out, not computed, so that reading settings imports no network library.
"""


def refuse_narrow_published(weights: str, width: float) -> None:
    """A ValueError where published weights are asked for a network narrower than theirs."""
    if weights != "random" and width != 1:
        raise ValueError(
            f"width {width} has no published weights: set weights to random or width to 1"
        )


def refuse_frozen_random(weights: str, trainable: str) -> None:
    """A ValueError where weights that nobody has trained would stay as they are."""
    if weights == "random" and trainable != "all":
        raise ValueError(
            f"trainable '{trainable}' would freeze random weights: set trainable to all"
        )
