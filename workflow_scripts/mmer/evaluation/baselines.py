"""The reference that any recogniser must beat: the paper's ZeroR.

Source: paper tables 1 and 3.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.corpus.labels import CLASS_COUNT
from mmer.errors import UserError
from mmer.posteriors import Posteriors


def majority_posteriors(clips: Sequence[str], split: Split) -> Posteriors:
    """Say of every clip how often each class comes among the training clips.

    The most probable class is therefore the most frequent one.  RAVDESS has seven equally frequent
    classes; of equals the first in RAVDESS order, calm, counts as the most frequent.  Clips of
    actors outside the split are left out.

    Raises
    ------
    UserError
        If a clip comes twice or an actor of the split has none.
    """
    if len(set(clips)) < len(clips):
        raise UserError("a clip was named twice: name each file once")
    actors = {*split.train_actors, *split.heldout_actors}
    names = tuple(sorted(name for name in clips if Clip.parse(name).actor in actors))
    chosen = [Clip.parse(name) for name in names]
    absent = actors - {clip.actor for clip in chosen}
    if absent:
        raise UserError(
            f"split {split.name} needs actor {min(absent)}, who has no clip: add that actor's file"
        )
    part = np.array([split.part(clip.actor) for clip in chosen])
    labels = np.array([clip.label for clip in chosen])
    counts = np.bincount(labels[part == "train"], minlength=CLASS_COUNT)
    return Posteriors(names, part, np.tile(counts / counts.sum(), (len(names), 1)), None)


def read_clip_names(paths: Iterable[Path]) -> list[str]:
    """The clip names of NPZ files, one after the other; nothing else of them is read.

    Raises
    ------
    UserError
        If a file is not an NPZ with an array ``clips``.
    """
    names: list[str] = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as archive:
                names.extend(map(str, archive["clips"]))
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise UserError(f"{path} names no clips ({error}): give prepared audio") from error
    return names
