"""From the recordings of a speaker to what models read: audio, frames and traces."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mmer.corpora.base import Corpus
from mmer.items import Items
from mmer.media.decoding import FRAME_RATE, SAMPLE_RATE, decode_clip, decode_voice
from mmer.media.pictures import small_pictures
from mmer.media.recordings import RecordingsJob, recordings_of
from mmer.media.settings import PreparationSettings
from mmer.ragged import Ragged, write_ragged
from mmer.registry import corpus_of_job
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.tasks import Traces

log = logging.getLogger(__name__)


class PreparationJob(RecordingsJob):
    """What the preparation of a speaker is told.

    ``outputs`` say where ``audio``, ``frames`` and ``traces`` go, as the corpus has them.
    """

    preparation: PreparationSettings
    outputs: dict[str, Path]


def prepare_media(job: PreparationJob) -> None:
    """Decode each recording and write a file of each kind."""
    corpus = corpus_of_job(job)
    if corpus.recordings == "picture":
        threads, share = Compute.from_environment().threads, corpus.unreadable_share
        frames = small_pictures(corpus.pictures(job.speaker), share, threads)
        write_ragged(job.outputs["frames"], frames)
        return
    corpus, items, named = recordings_of(job)
    prepared = _decoded(named, job.preparation, corpus)
    if "traces" in job.outputs:
        assert items is not None, "traces are asked for by item"
        prepared["traces"] = _traces(corpus, job.speaker, items.of(named))
    for kind, path in job.outputs.items():
        write_ragged(path, prepared[kind])
    log.info("%d items of %s", len(named), job.speaker)


def _decoded(
    named: dict[str, Path], settings: PreparationSettings, corpus: Corpus
) -> dict[str, Ragged]:
    """Audio, and the frames of films."""
    audio, frames, starts = [], [], []
    is_film, seconds = corpus.recordings == "film", corpus.first_seconds
    last = None if seconds is None else round(seconds * SAMPLE_RATE)
    for item, file in tqdm(named.items(), unit="recording", mininterval=5):
        if is_film:
            clip = decode_clip(file, settings)
            audio.append(clip.audio[:last])
            frames.append(clip.frames)
            starts.append(clip.offset_s)
            if abs(clip.offset_s) > 1 / FRAME_RATE:
                log.warning("%s: the frames start %+.3f s after the sound", item, clip.offset_s)
        else:
            audio.append(decode_voice(file, settings)[:last])
    prepared = {"audio": Ragged.join(list(named), audio, SAMPLE_RATE)}
    if is_film:
        prepared["frames"] = Ragged.join(list(named), frames, FRAME_RATE, starts)
    return prepared


def _traces(corpus: Corpus, speaker: str, items: Items) -> Ragged:
    task = next(task for task in corpus.tasks.values() if isinstance(task, Traces))
    found = corpus.traces(speaker, items)
    traces = []
    for item in items.names:
        if item not in found:
            raise UserError(f"{item} has no traces: add them to the corpus, or remove the item")
        trace = np.asarray(found[item], dtype=np.float32)
        if trace.shape[1:] != (task.outputs,) or not np.isfinite(trace).all() or not len(trace):
            raise UserError(
                f"the traces of {item} are not finite numbers of {', '.join(task.names)} at every "
                "step: mend them"
            )
        traces.append(trace)
    return Ragged.join(items.names, traces, task.rate)
