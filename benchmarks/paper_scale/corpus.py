"""Prepared files of RAVDESS's size: real names, lengths as there, contents seeded noise.

What they cost to train on does not depend on what they show, so that every step after the
preparation can be measured at full scale where RAVDESS is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmer.corpus.clips import ACTOR_COUNT, Clip
from mmer.corpus.synthetic.inventory import clips_of_actor
from mmer.prepare.decoding import FRAME_RATE, FRAME_SIZE, SAMPLE_RATE
from mmer.prepare.speech_spans import SpeechSpan, read_spans, write_spans
from mmer.store import Ragged, read_ragged, write_ragged

ALL_ACTORS = tuple(range(1, ACTOR_COUNT + 1))
FEWEST_FRAMES, MEAN_FRAMES, MOST_FRAMES = 88, 159_000 / 1_440, 157
"""Frames of RAVDESS's clips."""
CONCENTRATION = 9.0
"""Sum of both parameters of the beta distribution that lengths are drawn from; the larger, the
closer they lie to their mean."""
SPEECH_STARTS, SPEECH_LASTS = (0.8, 1.2), (1.3, 2.1)
"""Seconds, drawn evenly: RAVDESS's actors speak for about half of a clip."""
LOUD, QUIET = 3_000, 30
"""Standard deviation of the audio within speech and around it, of 32,768."""


@dataclass(frozen=True)
class PaperCorpus:
    """Prepared files in a folder, one of each kind per actor.

    Attributes
    ----------
    folder
        Where ``<kind>/actor_NN`` lie.
    actors
        Their numbers.
    clips_per_actor
        8 to 60.
    """

    folder: Path
    actors: tuple[int, ...]
    clips_per_actor: int

    @property
    def clips(self) -> int:
        """How many clips all actors have."""
        return len(self.actors) * self.clips_per_actor

    def files(self, kind: str, ending: str = "npz") -> list[Path]:
        """Files of one kind: ``audio``, ``frames``, ``saliency``, or ``speech`` (CSV)."""
        return [self.folder / kind / f"actor_{actor:02d}.{ending}" for actor in self.actors]

    def read(self, kind: str) -> Ragged:
        """All actors of one kind but ``speech``."""
        return read_ragged(self.files(kind))

    def spans(self) -> dict[str, SpeechSpan]:
        """The spans of all actors."""
        return read_spans(self.files("speech", "csv"))


def make_corpus(
    folder: Path, clips_per_actor: int, seed: int, actors: Sequence[int] = ALL_ACTORS
) -> PaperCorpus:
    """Write audio, frames, saliency maps and spans; the same files for the same seed.

    Parameters
    ----------
    clips_per_actor
        8, the first with all emotions, to RAVDESS's 60.
    """
    assert clips_per_actor >= 8, "eight clips hold all emotions"
    corpus = PaperCorpus(folder, tuple(actors), clips_per_actor)
    kinds = [corpus.files(kind) for kind in ("audio", "frames", "saliency")]
    spans = corpus.files("speech", "csv")
    for actor, audio, frames, saliency, speech in zip(actors, *kinds, spans, strict=True):
        random = np.random.default_rng([seed, actor])
        clips = sorted(clips_of_actor(actor, clips_per_actor))
        lengths = clip_lengths(len(clips), random)
        found = {
            clip.name: _span(length, random) for clip, length in zip(clips, lengths, strict=True)
        }
        for path in (audio, frames, saliency, speech):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_ragged(audio, _audio(found, lengths, random))
        write_ragged(frames, _pictures(clips, lengths, random))
        write_ragged(saliency, _pictures(clips, lengths, random))
        write_spans(speech, found)
    return corpus


def clip_lengths(clips: int, random: np.random.Generator) -> np.ndarray:
    """Frames of each clip, ``(clips,)`` int64, between RAVDESS's extremes and with its mean."""
    mean = (MEAN_FRAMES - FEWEST_FRAMES) / (MOST_FRAMES - FEWEST_FRAMES)
    shares = random.beta(mean * CONCENTRATION, (1 - mean) * CONCENTRATION, clips)
    return np.rint(FEWEST_FRAMES + shares * (MOST_FRAMES - FEWEST_FRAMES)).astype(np.int64)


def _span(frames: int, random: np.random.Generator) -> SpeechSpan:
    start = random.uniform(*SPEECH_STARTS)
    stop = min(start + random.uniform(*SPEECH_LASTS), frames / FRAME_RATE)
    return SpeechSpan(start, stop, found=True)


def _audio(
    spans: dict[str, SpeechSpan], lengths: np.ndarray, random: np.random.Generator
) -> Ragged:
    """Noise that is loud where somebody speaks."""
    waveforms = []
    for span, frames in zip(spans.values(), lengths, strict=True):
        loudness = np.full(int(frames) * SAMPLE_RATE // FRAME_RATE, QUIET, np.float32)
        loudness[int(span.start_s * SAMPLE_RATE) : int(span.stop_s * SAMPLE_RATE)] = LOUD
        noise = random.standard_normal(len(loudness), np.float32)
        waveforms.append((noise * loudness).astype(np.int16))
    return Ragged.join(list(spans), waveforms, SAMPLE_RATE)


def _pictures(clips: Sequence[Clip], lengths: np.ndarray, random: np.random.Generator) -> Ragged:
    shape = (int(lengths.sum()), FRAME_SIZE, FRAME_SIZE)
    pictures = random.integers(0, 256, shape, dtype=np.uint8)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Ragged(tuple(clip.name for clip in clips), pictures, offsets, FRAME_RATE)
