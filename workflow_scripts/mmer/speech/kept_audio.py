"""Which clips a job uses, and which part of each the variant keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan
from mmer.store import Ragged


def rows_of_split(split: Split, names: Sequence[str]) -> list[int]:
    """Rows of the split's clips, in order of their names.

    Raises
    ------
    UserError
        If a clip comes twice or an actor of the split has none.
    """
    actors = {*split.train_actors, *split.heldout_actors}
    rows = [row for row in rows_by_name(names) if Clip.parse(names[row]).actor in actors]
    absent = actors - {Clip.parse(names[row]).actor for row in rows}
    if absent:
        raise UserError(
            f"split {split.name} needs actor {min(absent)}, who has no clip in the audio given: "
            "add that actor's audio"
        )
    return rows


def rows_by_name(names: Sequence[str]) -> list[int]:
    """All rows in order of their names; a UserError where a clip comes twice."""
    order = sorted(range(len(names)), key=lambda row: names[row])
    for row, following in pairwise(order):
        if names[row] == names[following]:
            raise UserError(f"the audio of clip {names[row]} was given twice: name each file once")
    return order


def kept_samples(
    audio: Ragged, row: int, spans: Mapping[str, SpeechSpan] | None, shortest_s: float
) -> np.ndarray:
    """The samples of one clip that the variant keeps.

    Parameters
    ----------
    audio
        int16 mono.
    row
        Of the clip.
    spans
        What to keep of each clip (variant ``vad``); None keeps all of it (variant ``full``).
    shortest_s
        Seconds below which a whole recording is a broken one.

    Raises
    ------
    UserError
        If the recording is shorter than that, or its span is absent or empty.
    """
    name, samples = audio.clips[row], audio.of(row)
    if len(samples) < shortest_s * audio.rate:
        raise UserError(
            f"clip {name} has {len(samples) / audio.rate:.3f} s of audio, less than the "
            f"{shortest_s} s that a clip needs: replace the recording"
        )
    if spans is None:
        return samples
    if name not in spans:
        raise UserError(f"clip {name} has no speech span: add its actor's table of spans")
    span = spans[name]
    kept = samples[max(round(span.start_s * audio.rate), 0) : round(span.stop_s * audio.rate)]
    if not len(kept):
        raise UserError(
            f"the speech span of clip {name}, {span.start_s} to {span.stop_s} s, holds no audio: "
            "mend the table of spans"
        )
    return kept
