"""A tiny folder in the layout of IEMOCAP's release, with what readers of it stumble over."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.own_recordings import noisy_tone, write_wav

CODES = ("ang", "hap", "exc", "sad", "neu", "xxx", "fru")
USED = 5
"""Of those in each dialogue and for each of its speakers, where excitement is happiness."""

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
RATERS = (
    "C-E2:\tNeutral;\t()\nC-F1:\tAnger;\t()\n"
    "A-E3:\tval 3; act 2; dom  2;\t()\nA-M1:\tval 3; act  2; dom  2;\t()\n\n"
)


def write_dialogue(session: Path, dialogue: str, codes: tuple[str, ...] = CODES) -> None:
    """Labels, words and sound of a dialogue in which both say one utterance of every code."""
    drawn = np.random.default_rng(sum(map(ord, dialogue)))
    turns = [f"{dialogue}_{who}{number:03d}" for number in range(len(codes)) for who in "FM"]
    labels, words = HEADER, ""
    for place, turn in enumerate(turns):
        code, start = codes[place // 2], 3 * place
        time = f"{start}.0000 - {start + 1}.5000"
        labels += f"[{time}]\t{turn}\t{code}\t[2.5000, 2.5000, 2.5000]\n{RATERS}"
        words += f"{turn} [{start:08.4f}-{start + 1.5:08.4f}]: It is {code}, isn't it?\n"
        words += "M: [LAUGHTER]\n" if place == 1 else ""
        pitch = np.full(8000, 200.0 + 40 * CODES.index(code))
        write_wav(
            session / "sentences" / "wav" / dialogue / f"{turn}.wav", noisy_tone(pitch, drawn)
        )
    words += f"{dialogue}_MXX0 [050.0000-051.0000]: Hm.\n"
    for kind, text, encoding in (
        ("EmoEvaluation", labels, "utf-8"),
        ("transcriptions", words.replace("isn't", "isn\xb4t"), "latin-1"),
    ):
        folder = session / "dialog" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{dialogue}.txt").write_bytes(text.encode(encoding))
        (folder / f"._{dialogue}.txt").write_bytes(b"\x00\x05\x16\x07")
    categorical = session / "dialog" / "EmoEvaluation" / "Categorical"
    categorical.mkdir(exist_ok=True)
    (categorical / f"{dialogue}_e2_cat.txt").write_text(f"{turns[0]} :Anger; ()\n")


def write_release(folder: Path, sessions: int = 5) -> Path:
    """Sessions of an improvised and a scripted dialogue; in the second the man wears markers."""
    for number in range(1, sessions + 1):
        session = folder / f"Session{number}"
        write_dialogue(session, f"Ses0{number}F_impro01")
        write_dialogue(session, f"Ses0{number}M_script01_1b")
    return folder
