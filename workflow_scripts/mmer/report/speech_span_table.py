"""What voice activity detection cut from the clips, as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mmer.corpus.clips import Clip
from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan
from mmer.report.table import Column, Table


def read_durations(paths: Iterable[Path]) -> dict[str, float]:
    """The length in seconds of every clip in files of ragged data, without reading the values."""
    durations = {}
    for path in paths:
        with np.load(path, allow_pickle=False) as archive:
            lengths = np.diff(archive["offsets"]) / float(archive["rate"])
            durations.update(zip(map(str, archive["clips"]), lengths.tolist(), strict=True))
    return durations


def kept_of_clips(spans: Mapping[str, SpeechSpan], durations: Mapping[str, float]) -> pd.DataFrame:
    """A row per clip, sorted by name.

    Returns
    -------
    pandas.DataFrame
        ``clip``, ``actor``, ``emotion``; in seconds ``whole``, ``before``, ``kept``, ``after``;
        ``found`` says whether any speech was found: where none was, the whole clip is kept.

    Raises
    ------
    UserError
        If a clip has a span and no length.
    """
    rows = []
    for name, span in sorted(spans.items()):
        if name not in durations:
            raise UserError(f"clip {name} has a speech span but no audio: prepare its actor again")
        clip, whole = Clip.parse(name), durations[name]
        kept, after = span.stop_s - span.start_s, max(whole - span.stop_s, 0.0)
        emotion = EMOTIONS[clip.label]
        rows.append((name, clip.actor, emotion, whole, span.start_s, kept, after, span.found))
    columns = ["clip", "actor", "emotion", "whole", "before", "kept", "after", "found"]
    return pd.DataFrame(rows, columns=columns)


def speech_span_table(clips: pd.DataFrame, corpus_label: str) -> Table:
    """Means by emotion, by actor and over all clips.

    Parameters
    ----------
    clips
        From :func:`kept_of_clips`.
    corpus_label
        What was recorded.
    """
    emotions = [(name, clips[clips["emotion"] == name]) for name in EMOTIONS]
    actors = [(f"actor {actor:02d}", group) for actor, group in clips.groupby("actor")]
    groups = [("all clips", clips), *emotions, *actors]
    rows = pd.DataFrame([_means(name, group) for name, group in groups if len(group)])
    return Table(
        title="What voice activity detection cut",
        corpus_label=corpus_label,
        columns=(
            Column("Clips of", "group"),
            Column("Clips", "clips", digits=0),
            Column("Whole clip, s", "whole", digits=2),
            Column("Cut before, s", "before", digits=2),
            Column("Kept, s", "kept", digits=2),
            Column("Cut after, s", "after", digits=2),
            Column("Kept %", "share", digits=1),
            Column("Shortest kept, s", "shortest", digits=2),
            Column("Without speech", "without", digits=0),
        ),
        rows=rows,
        notes=(
            "Means over clips. A clip is kept from its first detected speech to its last (paper, "
            "section 3.2.2); where no speech is detected the whole clip is kept.",
        ),
    )


def _means(name: str, group: pd.DataFrame) -> dict[str, object]:
    means = group[["whole", "before", "kept", "after"]].mean()
    return {
        "group": name,
        "clips": len(group),
        **means.to_dict(),
        "share": 100 * group["kept"].sum() / group["whole"].sum(),
        "shortest": group["kept"].min(),
        "without": int((~group["found"]).sum()),
    }
