"""Which clips an actor records, in RAVDESS's inventory."""

from __future__ import annotations

from itertools import islice, product

from mmer.corpora.ravdess import (
    AUDIO_VIDEO,
    EMOTIONS,
    NEUTRAL,
    NORMAL,
    SPEECH,
    STATEMENTS,
    STRONG,
    WHOLE,
    Clip,
)

_TAKES = tuple((intensity, repetition) for repetition in (1, 2) for intensity in (NORMAL, STRONG))


def clips_of_actor(actor: int, count: int) -> list[Clip]:
    """The first ``count`` audio-visual clips of one actor.

    Every sixteen clips in turn go through all emotions and statements, with intensity and
    repetition rotating from one to the next; all 60 together are RAVDESS's inventory.  Neutral has
    no strong intensity, so its turns end after four clips.

    Parameters
    ----------
    actor
        Actor number, 1 to 24.
    count
        1 to 60.
    """
    assert 1 <= count <= WHOLE, f"RAVDESS has 1 to {WHOLE} clips, not {count}"
    turns = product(range(len(_TAKES)), range(1, len(STATEMENTS) + 1), range(1, len(EMOTIONS) + 1))
    clips = (_clip(turn, statement, emotion, actor) for turn, statement, emotion in turns)
    return list(islice((clip for clip in clips if clip is not None), count))


def _clip(turn: int, statement: int, emotion: int, actor: int) -> Clip | None:
    """The clip of one turn, or nothing where RAVDESS has none left."""
    takes = [take for take in _TAKES if emotion != NEUTRAL or take[0] == NORMAL]
    if turn >= len(takes):
        return None
    intensity, repetition = takes[(turn + statement + emotion + actor) % len(takes)]
    return Clip(AUDIO_VIDEO, SPEECH, emotion, intensity, statement, repetition, actor)
