"""RAVDESS: 24 actors who speak two sentences in eight emotions, filmed.

Source: Livingstone and Russo 2018, Zenodo record 1188976.  Everything that is known of a recording
is its name, ``modality-channel-emotion-intensity-statement-repetition-actor``, two digits each, for
example ``01-01-03-02-01-01-12``; no two digits of it are read outside this file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import product
from pathlib import Path, PurePosixPath
from typing import ClassVar

from pydantic import Field, field_validator

from mmer.corpora.base import Archive, Corpus, CorpusSettings
from mmer.items import Items, items_table
from mmer.media.archive import extract_files
from mmer.runtime.errors import UserError
from mmer.settings import from_source
from mmer.tasks import Classes

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""In RAVDESS's order: position ``i`` has the code ``i + 1`` in a name (paper section 3.1)."""

PAPER_FOLDS: tuple[tuple[str, ...], ...] = (
    ("02", "05", "14", "15", "16"),
    ("03", "06", "07", "13", "18"),
    ("10", "11", "12", "19", "20"),
    ("08", "17", "21", "23", "24"),
    ("01", "04", "09", "22"),
)
"""Source: paper section 3.1, the five groups of actors, published with the paper."""

AUDIO_VIDEO = 1
VIDEO_ONLY = 2
AUDIO_ONLY = 3
SPEECH = 1
NEUTRAL = 1
NORMAL, STRONG = 1, 2
INTENSITIES = ("normal", "strong")
STATEMENTS = ("Kids are talking by the door", "Dogs are sitting by the door")
ACTOR_COUNT = 24
WHOLE = 60
"""Recordings of an actor in one modality: 4 neutral ones and 8 of each other emotion."""

COLUMNS = ("emotion", "sex", "intensity", "sentence", "repetition")
"""Of the item table, beside item and speaker."""

_HIGHEST = {"modality": 3, "channel": 2, "emotion": len(EMOTIONS), "intensity": 2}
_HIGHEST |= {"statement": len(STATEMENTS), "repetition": 2, "actor": ACTOR_COUNT}
_PATTERN = re.compile(r"[0-9]{2}(-[0-9]{2}){6}", re.ASCII)


@dataclass(frozen=True, order=True)
class Clip:
    """One recording, described by the seven numbers of its name."""

    modality: int
    channel: int
    emotion: int
    intensity: int
    statement: int
    repetition: int
    actor: int

    @classmethod
    def parse(cls, name: str) -> Clip:
        """Read a name without its ending; a UserError if it is outside RAVDESS's grammar."""
        if not _PATTERN.fullmatch(name):
            raise UserError(
                f"clip name {name!r} is not seven two-digit numbers joined by '-', as in "
                "01-01-03-02-01-01-12: rename or remove the file"
            )
        values = dict(zip(_HIGHEST, map(int, name.split("-")), strict=True))
        for field, value in values.items():
            if not 1 <= value <= _HIGHEST[field]:
                raise UserError(
                    f"clip name {name!r} has {field} {value:02d}, but RAVDESS knows 01 to "
                    f"{_HIGHEST[field]:02d}: rename or remove the file"
                )
        clip = cls(**values)
        if clip.emotion == NEUTRAL and clip.intensity == STRONG:
            raise UserError(
                f"clip name {name!r} is neutral with strong intensity, which RAVDESS does not "
                "have: rename or remove the file"
            )
        return clip

    @property
    def name(self) -> str:
        """The name without its ending, as RAVDESS writes it."""
        return "-".join(f"{number:02d}" for number in astuple(self))

    @property
    def speaker(self) -> str:
        """The actor as two digits."""
        return f"{self.actor:02d}"

    @property
    def row(self) -> dict[str, object]:
        """What the item table says of it; odd actors are male, even ones female."""
        return {
            "item": self.name,
            "speaker": self.speaker,
            "emotion": EMOTIONS[self.emotion - 1],
            "sex": "male" if self.actor % 2 else "female",
            "intensity": INTENSITIES[self.intensity - 1],
            "sentence": STATEMENTS[self.statement - 1],
            "repetition": self.repetition,
        }


class RavdessSettings(CorpusSettings):
    """Which recordings of RAVDESS."""

    label: str = Field("RAVDESS", description="What every table, figure and page calls the data.")
    record: int = from_source(1188976, "Zenodo record of the corpus.", "RAVDESS", gt=0)
    actors: tuple[int, ...] = from_source(
        tuple(range(1, ACTOR_COUNT + 1)), "Actors to use.", "paper section 3.1", min_length=2
    )
    clips_per_actor: int = from_source(
        WHOLE, "Recordings of spoken sentences that each actor must have.", "RAVDESS", gt=0
    )

    @field_validator("actors")
    @classmethod
    def _known_once(cls, actors: tuple[int, ...]) -> tuple[int, ...]:
        known = set(range(1, ACTOR_COUNT + 1))
        if len(set(actors)) != len(actors) or not set(actors) <= known:
            raise ValueError(f"actors are numbers from 1 to {ACTOR_COUNT}, each once")
        return tuple(sorted(actors))


class Ravdess(Corpus):
    """RAVDESS's films of spoken sentences, an archive per actor."""

    name = "ravdess"
    Settings = RavdessSettings
    recordings = "film"
    words = "sentence"
    words_note = (
        "words alone leave chance here: each emotion is said in the same two sentences, equally "
        "often"
    )
    paper = "luna_jimenez_2021"
    paper_corpora = ("affectnet",)
    media_settings = frozenset({"clips_per_actor"})
    item_settings = frozenset({"actors", "clips_per_actor"})
    modality: ClassVar[int] = AUDIO_VIDEO
    endings: ClassVar[tuple[str, ...]] = (".mp4",)
    """Of loose recordings; the first one is that of the published ones."""

    @property
    def tasks(self) -> Mapping[str, Classes]:
        """Which of the eight emotions; a network may not know calm from neutral."""
        emotion = Classes(names=EMOTIONS, column="emotion", shared={"calm": "neutral"})
        return {"emotion": emotion}

    @property
    def speakers(self) -> tuple[str, ...]:
        """The configured actors."""
        return tuple(f"{actor:02d}" for actor in self.settings.actors)

    @property
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """The paper's, of the configured actors alone; a UserError if all lie in one fold."""
        members = (tuple(s for s in fold if s in self.speakers) for fold in PAPER_FOLDS)
        folds = tuple(fold for fold in members if fold)
        if len(folds) < 2:
            raise UserError(
                f"corpora.{self.name}.actors all lie in one fold of the paper, so that nobody is "
                "left to train on: name an actor of another fold, or set protocol.folds"
            )
        return folds

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """Neutral has no strong intensity, so the intensities do not hold the same emotions."""
        return {"intensity": INTENSITIES, "sex": ("male", "female"), "sentence": STATEMENTS}

    def archive(self, speaker: str) -> Archive | None:
        """The published one, unless the user's folder has the recordings loose."""
        if self.files(speaker):
            return None
        return Archive(self.settings.record, self.archive_of(speaker))

    def archive_of(self, speaker: str) -> str:
        """Name of the published archive that holds an actor's recordings."""
        return f"Video_Speech_Actor_{speaker}.zip"

    def files(self, speaker: str) -> list[str]:
        """Loose recordings ``Actor_NN/01-01-*.mp4``; none where archives are to be extracted."""
        if self.folder is None:
            return []
        folder = self.folder / f"Actor_{speaker}"
        loose: dict[str, Path] = {}
        for file in sorted(folder.glob("[!.]*")):
            if file.suffix.lower() not in self.endings or not self._is_wanted(file, speaker):
                continue
            if file.stem in loose:
                raise UserError(
                    f"{folder} holds {file.stem} twice, as {loose[file.stem].name} and "
                    f"{file.name}: remove one"
                )
            loose[file.stem] = file
        if loose and len(loose) != self.settings.clips_per_actor:
            raise UserError(
                f"{folder} holds {len(loose)} clips of modality {self.modality:02d} and channel "
                f"{SPEECH:02d} instead of {self.settings.clips_per_actor}"
                f"{self._lacking(loose, speaker)}: complete the folder, or set "
                f"corpora.{self.name}.clips_per_actor"
            )
        return [str(file) for file in loose.values()]

    def _lacking(self, found: Collection[str], speaker: str) -> str:
        """Which recordings of an actor are not there, where all are wanted."""
        if self.settings.clips_per_actor != WHOLE:
            return ""
        designed = [clip.name for clip in self._designed() if clip.speaker == speaker]
        first, *others = sorted(set(designed) - set(found)) or [""]
        more = f" and {len(others)} others" if len(others) > 1 else " and one other" * len(others)
        return f" and lacks {first}{more}" if first else ""

    def extract(self, archive: Path, speaker: str, folder: Path) -> None:
        """Unpack an actor's recordings; silent twins stay in the archive."""
        extract_files(
            archive,
            folder,
            self.endings[0],
            lambda path: self._is_wanted(path, speaker),
            self.settings.clips_per_actor,
        )

    def _is_wanted(self, path: PurePosixPath, speaker: str) -> bool:
        """Whether a file is used; a UserError where it cannot be the actor's at all."""
        clip = Clip.parse(path.stem)
        if clip.speaker != speaker:
            raise UserError(
                f"{path.name} is of actor {clip.speaker} instead of {speaker}: look whether files "
                "were renamed"
            )
        return clip.modality == self.modality and clip.channel == SPEECH

    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """The recordings found; where none is read, those that RAVDESS's design says there are."""
        clips = [Clip.parse(file.stem) for files in found.values() for file in files]
        if not found:
            clips = self._designed()
        return items_table([clip.row for clip in sorted(clips)], COLUMNS)

    def _designed(self) -> list[Clip]:
        if self.settings.clips_per_actor != WHOLE:
            raise UserError(
                f"corpora.{self.name}.clips_per_actor is {self.settings.clips_per_actor}, and no "
                f"model reads recordings that would say which these are: set it to {WHOLE}"
            )
        return [
            Clip(self.modality, SPEECH, emotion, intensity, statement, repetition, actor)
            for emotion, intensity, statement, repetition, actor in product(
                range(1, len(EMOTIONS) + 1), (NORMAL, STRONG), (1, 2), (1, 2), self.settings.actors
            )
            if emotion != NEUTRAL or intensity == NORMAL
        ]
