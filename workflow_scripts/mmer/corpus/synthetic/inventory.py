"""Which clips an actor records, in RAVDESS's inventory."""

from __future__ import annotations

from itertools import islice, product

from mmer.corpus.clips import AUDIO_VIDEO, NORMAL, SPEECH, STATEMENTS, STRONG, Clip
from mmer.corpus.labels import CLASS_COUNT
from mmer.corpus.synthetic.settings import CLIPS_OF_AN_ACTOR

_NEUTRAL = 1
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
    assert 1 <= count <= CLIPS_OF_AN_ACTOR, f"RAVDESS has 1 to {CLIPS_OF_AN_ACTOR} clips, not {count}"
    turns = product(range(len(_TAKES)), (1, 2), range(1, CLASS_COUNT + 1))
    clips = (
        Clip(AUDIO_VIDEO, SPEECH, emotion, *take, actor)
        for turn, statement, emotion in turns
        for take in _take(turn, statement, emotion, actor)
    )
    return list(islice(clips, count))


def _take(
    turn: int, statement: int, emotion: int, actor: int
) -> list[tuple[int, int, int]]:
    """``(intensity, statement, repetition)`` of one turn, or nothing where RAVDESS has none."""
    assert statement <= len(STATEMENTS)
    if emotion == _NEUTRAL:
        repetitions = (1, 2)
        if turn >= len(repetitions):
            return []
        return [(NORMAL, statement, repetitions[(turn + statement + actor) % len(repetitions)])]
    intensity, repetition = _TAKES[(turn + statement + emotion + actor) % len(_TAKES)]
    return [(intensity, statement, repetition)]
