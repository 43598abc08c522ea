"""IEMOCAP: ten actors who improvise and play scenes in pairs, cut into utterances.

Source: Busso et al. 2008, "IEMOCAP: Interactive emotional dyadic motion capture database".  Its
licence is for research at academic institutions and is asked for at the University of Southern
California, so nothing here is downloaded: the folder ``IEMOCAP_full_release`` is the user's.

Of a session ``N`` are read ``dialog/EmoEvaluation/<dialogue>.txt`` (labels),
``dialog/transcriptions/<dialogue>.txt`` (words) and ``sentences/wav/<dialogue>/<turn>.wav``.  A
turn is named as in ``Ses01F_impro01_M003``: the session, who of the two wore markers, the dialogue,
who speaks.  No letter of it is read outside this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd
from pydantic import Field, field_validator

from mmer.corpora.base import Corpus, CorpusSettings
from mmer.items import Items, items_table
from mmer.runtime.errors import UserError
from mmer.settings import decided, from_source
from mmer.tasks import Classes

EMOTIONS = ("angry", "happy", "sad", "neutral")
CODES = {"ang": "angry", "hap": "happy", "sad": "sad", "neu": "neutral"}
EXCITED = "exc"
OTHER_CODES = frozenset({"fru", "sur", "fea", "dis", "oth", "xxx"})
"""Labels of utterances that are left out; ``xxx`` is where raters agree on none."""

SESSIONS = (1, 2, 3, 4, 5)
UTTERANCES = 5531
SEXES = {"F": "female", "M": "male"}
STYLES = {"impro": "improvised", "script": "scripted"}
COLUMNS = ("emotion", "sex", "session", "style", "text")
"""Of the item table, beside item and speaker."""

_TURN = re.compile(r"(Ses0([1-5]))[FM]_(impro|script)[0-9a-z]+(?:_[0-9a-z]+)?_([FM])[0-9]{3}")
_HEAD = re.compile(r"\[[0-9.]+ - [0-9.]+\]\t(\S+)\t(\S+)\t\[.*\]\s*")
_SAID = re.compile(r"(Ses\S+) \[[0-9.]+-[0-9.]+\]:(.*)")


class IemocapSettings(CorpusSettings):
    """Which utterances of IEMOCAP, and what they are called."""

    label: str = Field("IEMOCAP", description="What every table, figure and page calls the data.")
    sessions: tuple[int, ...] = from_source(
        SESSIONS, "Sessions to use.", "IEMOCAP has five", min_length=2
    )
    excited_is_happy: bool = decided(
        True,
        "Whether excitement counts as happiness; else its utterances are left out.",
        "Most work on four classes joins them, which makes happiness as frequent as the others.",
    )
    utterances: int = from_source(
        UTTERANCES,
        "Utterances of the four classes that must be there.",
        "IEMOCAP's labels: 1103 angry, 595 happy and 1041 excited, 1084 sad, 1708 neutral",
        gt=0,
    )

    @field_validator("sessions")
    @classmethod
    def _known_once(cls, sessions: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(sessions)) != len(sessions) or not set(sessions) <= set(SESSIONS):
            raise ValueError("sessions are numbers from 1 to 5, each once")
        return tuple(sorted(sessions))


class Iemocap(Corpus):
    """IEMOCAP's utterances of four emotions: voices and their words."""

    name = "iemocap"
    Settings = IemocapSettings
    recordings = "voice"
    words = "text"
    media_settings = frozenset()

    @property
    def tasks(self) -> Mapping[str, Classes]:
        """Which of four emotions most raters heard and saw."""
        return {"emotion": Classes(names=EMOTIONS, column="emotion")}

    @property
    def speakers(self) -> tuple[str, ...]:
        """Two a session."""
        return tuple(speaker for fold in self.folds for speaker in fold)

    @property
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """Sessions: who plays together is held out together."""
        return tuple((f"Ses0{n}F", f"Ses0{n}M") for n in self.settings.sessions)

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """Improvised and scripted dialogues do not hold the same emotions equally often."""
        return {"sex": tuple(SEXES.values()), "style": tuple(STYLES.values())}

    @property
    def sources(self) -> tuple[str, ...]:
        """Labels and words."""
        kinds = ("EmoEvaluation", "transcriptions")
        return tuple(str(path) for kind in kinds for path in self._of_dialogues(kind))

    def check(self) -> None:
        """Look whether every utterance has its label and its sound."""
        if len(self._table) != self.settings.utterances:
            counts = self._table["emotion"].value_counts()
            found = ", ".join(f"{counts.get(name, 0)} {name}" for name in EMOTIONS)
            raise UserError(
                f"{self.folder} has {len(self._table)} utterances of the four classes ({found}) "
                f"instead of {self.settings.utterances}: complete the folder, or set "
                "corpora.iemocap.utterances"
            )
        super().check()

    def files(self, speaker: str) -> list[str]:
        """A speaker's utterances that have one of the four emotions."""
        rows = self._table[self._table["speaker"] == speaker]
        files = [
            self._session(session) / "sentences" / "wav" / turn.rpartition("_")[0] / f"{turn}.wav"
            for turn, session in zip(rows["item"], rows["session"], strict=True)
        ]
        lacking = [file for file in files if not file.is_file()]
        if lacking:
            raise UserError(
                f"{lacking[0]} is labelled and not there, like {len(lacking) - 1} others of "
                f"{speaker}: complete the folder"
            )
        return [str(file) for file in files]

    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """The utterances of the four emotions, with the words where there are any."""
        return items_table(self._table.to_dict("records"), COLUMNS)

    def missing_folder(self) -> UserError:
        """Where a licence is to be had."""
        return UserError(
            "data.iemocap names no folder, and IEMOCAP is not downloaded: ask the University of "
            "Southern California for its licence, which is for academic research, and set it to "
            "the folder IEMOCAP_full_release"
        )

    @cached_property
    def _table(self) -> pd.DataFrame:
        codes = dict(CODES, **({EXCITED: "happy"} if self.settings.excited_is_happy else {}))
        words = dict(said for path in self._of_dialogues("transcriptions") for said in _said(path))
        rows = [
            {"item": turn, "emotion": codes[code], "text": words.get(turn, ""), **_speaker(turn)}
            for path in self._of_dialogues("EmoEvaluation")
            for turn, code in _labels(path)
            if code in codes
        ]
        return pd.DataFrame(rows, columns=["item", "speaker", *COLUMNS]).sort_values("item")

    def _of_dialogues(self, kind: str) -> list[Path]:
        """The files of a kind, one per dialogue; not what other systems leave beside them."""
        found = []
        for session in self.settings.sessions:
            folder = self._session(session) / "dialog" / kind
            files = sorted(folder.glob("[!.]*.txt"))
            if not files:
                raise UserError(
                    f"{folder} holds no dialogue: set data.iemocap to the folder "
                    "IEMOCAP_full_release, or complete it"
                )
            found += files
        return found

    def _session(self, session: int | str) -> Path:
        if self.folder is None:
            raise self.missing_folder()
        return self.folder / f"Session{session}"


def _labels(path: Path) -> list[tuple[str, str]]:
    """Turns of a dialogue and the codes of what most raters said, in order of time."""
    found = []
    for number, line in enumerate(_read(path).split("\n"), 1):
        if not line.startswith("["):
            continue
        head = _HEAD.fullmatch(line)
        turn, code = head.groups() if head else ("", "")
        known = code in {*CODES, EXCITED, *OTHER_CODES}
        if not known or not _TURN.fullmatch(turn) or turn.rpartition("_")[0] != path.stem:
            raise UserError(
                f"{path}, line {number} is no label of one of its turns ({line.strip()!r}): get "
                "the file again"
            )
        found.append((turn, code))
    return found


def _said(path: Path) -> list[tuple[str, str]]:
    """Turns of a dialogue and their words; other lines, such as the actors' asides, are skipped."""
    said = map(_SAID.match, _read(path).split("\n"))
    return [(each[1], each[2].strip()) for each in said if each]


def _speaker(turn: str) -> dict[str, str]:
    """What a turn's name says: its last letter is who speaks, not who wears the markers."""
    session, number, style, sex = _TURN.fullmatch(turn).groups()
    return {"speaker": session + sex, "sex": SEXES[sex], "session": number, "style": STYLES[style]}


def _read(path: Path) -> str:
    """A file's text; a few are not in UTF-8 but in what Windows wrote."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): mend it") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
