"""A recording of anybody's, prepared as the run prepared its corpus, and cut into pieces."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from mmer.media import voice_activity
from mmer.media.checksums import verify
from mmer.media.decoding import FRAME_RATE, SAMPLE_RATE, decode_voice
from mmer.media.new_recordings import (
    Cropping,
    SeenFaces,
    faces_of_corpus,
    faces_of_film,
    streams_of,
)
from mmer.media.saliency import SaliencyMethod, spectral_residual
from mmer.media.speech_spans import SpeechSpan
from mmer.models.kept import NewItems
from mmer.prediction.manifest import SALIENCY, Manifest
from mmer.prediction.pieces import Piece, Segments, pieces_of, span_within, speech_by_level
from mmer.prediction.recordings_table import KnownRecording, sound_sha256
from mmer.prediction.settings import MAPS_COST, PredictionSettings
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.weights import Weights

log = logging.getLogger(__name__)

TOGETHER = 32
"""Pieces that networks are given at a time: bounds memory."""


@dataclass(frozen=True)
class PreparedRecording:
    """A recording, ready for networks.

    Attributes
    ----------
    samples
        int16 at 16 kHz; None of a silent film.
    faces
        None where there is no film, no face, or nobody asks for one.
    pieces
        What it is cut into.
    known
        The recording of the run's corpus that it is, if it is one.
    speech_by
        In words, how speech was found.
    notes
        What else is to be known of it, in sentences.
    """

    samples: np.ndarray | None
    faces: SeenFaces | None
    pieces: list[Piece]
    known: KnownRecording | None
    speech_by: str
    notes: list[str] = field(default_factory=list)

    def together(self) -> Iterator[tuple[list[int], NewItems]]:
        """Pieces that have the same media, some at a time, with their positions."""
        groups: dict[bool, list[int]] = {}
        for position, piece in enumerate(self.pieces):
            groups.setdefault(len(self.frame_rows(piece)) > 0, []).append(position)
        for seen, positions in groups.items():
            if self.samples is None and not seen:
                continue
            for start in range(0, len(positions), TOGETHER):
                some = positions[start : start + TOGETHER]
                yield some, self._items(some, seen)

    def _items(self, positions: Sequence[int], seen: bool) -> NewItems:
        names = tuple(f"piece{position:05d}" for position in positions)
        pieces = [self.pieces[position] for position in positions]
        audio = None
        if self.samples is not None:
            edges = [
                (round(p.start_s * SAMPLE_RATE), round(p.stop_s * SAMPLE_RATE)) for p in pieces
            ]
            parts = [self.samples[start:stop] for start, stop in edges]
            audio = Ragged.join(names, parts, SAMPLE_RATE)
        frames = saliency = None
        if seen and self.faces is not None:
            rows = [self.frame_rows(piece) for piece in pieces]
            starts = [
                self.faces.offset_s + row[0] / FRAME_RATE - piece.start_s
                for row, piece in zip(rows, pieces, strict=True)
            ]
            frames, saliency = (
                Ragged.join(names, [values[row] for row in rows], FRAME_RATE, starts)
                for values in (self.faces.frames, self.faces.saliency)
            )
        spans = {name: piece.span for name, piece in zip(names, pieces, strict=True)}
        return NewItems(names, audio, frames, saliency, spans)

    def _samples(self, piece: Piece) -> np.ndarray:
        """The sound of a piece."""
        assert self.samples is not None
        start, stop = (round(edge * SAMPLE_RATE) for edge in (piece.start_s, piece.stop_s))
        return self.samples[start:stop]

    def frame_rows(self, piece: Piece) -> np.ndarray:
        """Which frames show during a piece; those before the sound belong to the first one."""
        if self.faces is None:
            return np.arange(0)
        times = self.faces.offset_s + np.arange(len(self.faces.frames)) / FRAME_RATE
        first, last = piece is self.pieces[0], piece is self.pieces[-1]
        inside = ((times >= piece.start_s) | first) & ((times < piece.stop_s) | last)
        return np.flatnonzero(inside)


@dataclass(frozen=True)
class Preparation:
    """What is needed to prepare any recording; everything large is loaded once.

    Attributes
    ----------
    folder, manifest
        The exported folder, checked.
    known
        The recordings of the run's own corpus.
    sees
        Whether any system sees faces.
    settings
        How recordings are cut and faces are cropped.
    voice_activity
        The detector's weights; None where they are not there.
    """

    folder: Path
    manifest: Manifest
    known: dict[str, KnownRecording]
    sees: bool
    settings: PredictionSettings
    voice_activity: Weights | None

    def prepared(self, path: Path) -> PreparedRecording:
        """One recording.

        Raises
        ------
        UserError
            If it cannot be decoded, or holds nothing that any network could hear or see.
        """
        streams, notes = streams_of(path), []
        samples = decode_voice(path, self.manifest.preparation) if streams.sound else None
        known = None if samples is None else self.known.get(sound_sha256(samples))
        if known is not None and not known.splits:
            known = None
        faces = None
        if streams.pictures and self.sees:
            try:
                faces = self._faces(path, streams.sound, known)
            except UserError as error:
                if samples is None:
                    raise
                notes.append(f"Nothing is said of the face: {error}.")
        elif self.sees:
            notes.append("There is no picture, so nothing is said of a face.")
        if samples is None:
            notes.append("There is no sound, so nothing is said of a voice.")
            if faces is None:
                raise UserError(f"{path} has no sound, and no network of the run sees faces")
            return PreparedRecording(None, faces, self._silent_pieces(faces), None, "", notes)
        pieces, speech_by = self._pieces(samples, known)
        return PreparedRecording(samples, faces, pieces, known, speech_by, notes)

    def _pieces(self, samples: np.ndarray, known: KnownRecording | None) -> tuple[list[Piece], str]:
        """The pieces, and how speech was found.  A recording of the corpus is never cut."""
        seconds = len(samples) / SAMPLE_RATE
        if known is not None and known.span is not None:
            return [Piece(0.0, seconds, known.span)], "the run itself"
        if self.segmenter is None:
            segments: Segments = speech_by_level(samples)
            speech_by = "level alone, since voice activity detection is not here"
        else:
            segments = self.segmenter(samples)
            speech_by = "voice activity detection"
        if known is not None:
            return [Piece(0.0, seconds, span_within(segments, 0.0, seconds))], speech_by
        settings = self.settings
        pieces = pieces_of(samples, segments, settings.longest_seconds, settings.shortest_pause)
        return pieces, speech_by

    def _silent_pieces(self, faces: SeenFaces) -> list[Piece]:
        """Pieces of equal length."""
        seconds = len(faces.frames) / FRAME_RATE
        count = max(int(np.ceil(seconds / self.settings.longest_seconds)), 1)
        edges = np.linspace(0, seconds, count + 1) + faces.offset_s
        return [
            Piece(float(a), float(b), SpeechSpan(0.0, float(b - a), found=False))
            for a, b in pairwise(edges)
        ]

    def _faces(self, path: Path, has_sound: bool, known: KnownRecording | None) -> SeenFaces:
        if known is not None:
            return faces_of_corpus(path, self.manifest.preparation, self.method)
        settings = self.settings
        cropping = Cropping(
            centre=settings.crop == "centre",
            look_every=settings.look_every,
            side=settings.crop_side,
            higher=settings.crop_higher,
        )
        return faces_of_film(path, has_sound, cropping, self.method)

    @cached_property
    def method(self) -> SaliencyMethod:
        """What maps saliency, as in the run."""
        settings = self.manifest.saliency
        if settings.method == "spectral_residual":
            return spectral_residual
        from mmer.media.msi_net import MsiNetSaliency
        from mmer.training.checkpoint import read_model
        from mmer.training.device import choose_device

        if SALIENCY not in self.manifest.files:
            raise UserError(f"{self.folder} lacks {SALIENCY}, MSI-Net's weights: export it again")
        device = choose_device(Compute.from_environment().device)
        if device.type == "cpu":
            log.warning(MAPS_COST)
        return MsiNetSaliency(settings, read_model(self.folder / SALIENCY, device), device).maps

    @cached_property
    def segmenter(self) -> Segmenter | None:
        """Voice activity detection, where its package and its weights are."""
        package = importlib.util.find_spec("inaSpeechSegmenter")
        if self.voice_activity is None or package is None:
            return None
        return Segmenter(self.voice_activity, self.manifest)


class Segmenter:
    """Voice activity detection as in the run, loaded once; its files hold one recording each."""

    def __init__(self, weights: Weights, manifest: Manifest) -> None:
        assert weights.sha256 is not None, "the detector's weights are published with a checksum"
        verify(weights.path, f"sha256:{weights.sha256}")
        # Another name for it would be another version of every run's speech, and repeat it.
        self._segment = voice_activity._segmenter(weights.path, manifest.voice_activity)

    def __call__(self, samples: np.ndarray) -> Segments:
        with tempfile.TemporaryDirectory() as folder:
            wave = Path(folder) / "recording.wav"
            soundfile.write(wave, samples, SAMPLE_RATE, subtype="PCM_16")
            return self._segment(str(wave))
