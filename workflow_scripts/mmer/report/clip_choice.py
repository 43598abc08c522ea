"""Which clips are drawn frame by frame: analogues of the paper's figures A1 to A3.

Source: paper appendix C.  The paper shows three clips of the model that lets frames vote; which
clips they are it does not say, so the most telling ones of this run are taken by a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import softmax

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.corpus.labels import CLASS_COUNT, EMOTIONS
from mmer.errors import UserError
from mmer.face.voting import vote
from mmer.store import read_ragged


@dataclass(frozen=True)
class HeldoutClip:
    """A clip as a model saw it that was not trained on its actor.

    Attributes
    ----------
    name
        As RAVDESS writes it.
    split
        The split that holds its actor out.
    logits
        Of every frame that the model saw, ``(frames, 8)`` float32, RAVDESS order.
    """

    name: str
    split: str
    logits: np.ndarray

    @property
    def true(self) -> int:
        """Class of the clip."""
        return Clip.parse(self.name).label

    @cached_property
    def predicted(self) -> int:
        """Class that the frames vote for."""
        return int(vote(self.logits).argmax())

    @property
    def posteriors(self) -> np.ndarray:
        """Of every frame, ``(frames, 8)`` float64, rows sum to one."""
        return softmax(self.logits.astype(np.float64), axis=1)

    @cached_property
    def shares(self) -> np.ndarray:
        """Share of the frames that vote for each class, ``(8,)`` float64."""
        votes = np.bincount(self.logits.argmax(axis=1), minlength=CLASS_COUNT)
        return votes / len(self.logits)


@dataclass(frozen=True)
class Example:
    """What one of the paper's figures shows.

    Attributes
    ----------
    figure
        Its number in the paper.
    true
        The clip's emotion.
    predicted
        What the whole clip is taken for.
    seen
        What some or many of its frames are taken for.
    """

    figure: str
    true: str
    predicted: str
    seen: str

    def rank(self, clip: HeldoutClip) -> tuple[bool, float]:
        """How well a clip of the emotion shows it: the whole clip's prediction, then frames."""
        as_predicted = EMOTIONS[clip.predicted] == self.predicted
        return as_predicted, float(clip.shares[EMOTIONS.index(self.seen)])


EXAMPLES = (
    Example("A1", "calm", "calm", "happy"),
    Example("A2", "surprised", "happy", "happy"),
    Example("A3", "sad", "fearful", "fearful"),
)
"""Paper appendix C, captions of figures A1 to A3."""


def heldout_clips(
    frame_logits: Mapping[str, Path], splits: Iterable[Split]
) -> dict[str, HeldoutClip]:
    """Every clip under the split that holds its actor out, sorted by name.

    Parameters
    ----------
    frame_logits
        By split, the logits of all of its frames.
    splits
        At least those.
    """
    found = {}
    for split in splits:
        if split.name not in frame_logits:
            continue
        logits = read_ragged([frame_logits[split.name]])
        for row, name in enumerate(logits.clips):
            if split.part(Clip.parse(name).actor) == "heldout":
                found[name] = HeldoutClip(name, split.name, logits.of(row))
    return dict(sorted(found.items()))


def choose(example: Example, clips: Mapping[str, HeldoutClip]) -> HeldoutClip | None:
    """The clip that shows an example best; None where no clip has its emotion.

    Of the clips of that emotion that are taken for the example's prediction, the one with the most
    frames taken for what its frames shall be taken for; where none is taken for that prediction,
    the one of all clips of that emotion.  Of equals, the first by name.
    """
    of_emotion = [clip for clip in clips.values() if EMOTIONS[clip.true] == example.true]
    return max(of_emotion, key=example.rank, default=None)


def named(name: str, clips: Mapping[str, HeldoutClip]) -> HeldoutClip:
    """A clip that the configuration asks for.

    Raises
    ------
    UserError
        If no split holds it out.
    """
    if name not in clips:
        raise UserError(
            f"report.clips names {name}, which no split holds out: name clips of the corpus, such "
            f"as {next(iter(clips), 'none')}"
        )
    return clips[name]
