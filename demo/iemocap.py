"""A synthetic IEMOCAP: the folder of its release, with voices and words that tell the emotion.

Voice and words of an utterance are drawn apart, so that each can help the other out.  Labels and
transcriptions have what readers of the real files stumble over.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from pydantic import Field
from scipy.signal import resample_poly

from demo.acting import VOICE_CONFUSIONS, perform, random_source
from demo.settings import AUDIO_RATE, Difficulty
from demo.voice import Timbre, timbre_of, utter
from mmer.corpora.ravdess import AUDIO_ONLY, EMOTIONS, NORMAL, SPEECH, STRONG, Clip
from mmer.settings import Settings, decided

RATE = 16_000
"""Samples per second of IEMOCAP's utterances."""

ACTED = {
    "ang": ("angry", STRONG),
    "hap": ("happy", NORMAL),
    "exc": ("happy", STRONG),
    "sad": ("sad", STRONG),
    "neu": ("neutral", NORMAL),
    "fru": ("angry", NORMAL),
    "sur": ("surprised", NORMAL),
    "xxx": ("disgust", NORMAL),
}
"""How each code is spoken."""

SAID: dict[str, tuple[str, ...]] = {
    "angry": (
        "I am sick of this",
        "how dare you talk to me like that",
        "this is an outrage",
        "get out of my way",
        "you never listen to me",
        "I want my money back",
    ),
    "happy": (
        "I am so glad",
        "that is wonderful news",
        "we won the whole thing",
        "I can't wait to tell everybody",
        "oh my god we are getting married",
        "it is beautiful here",
    ),
    "sad": (
        "I miss her every day",
        "there is nothing left for me",
        "he is never coming back",
        "I lost everything",
        "I don't know how to go on",
        "it hurts so much",
    ),
    "neutral": (
        "the office opens at nine",
        "you need to fill in the form",
        "the second door on the left",
        "I moved here two years ago",
        "they sell tickets at the counter",
        "it takes about twenty minutes",
    ),
}
"""Words that tell an emotion."""

FILLERS = ("well", "you know", "I mean", "so", "look", "yeah", "okay", "what", "and then", "right")
NOTES = ("[LAUGHTER]", "[BREATHING]", "[GARBAGE]")

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
RATERS = (
    "C-E2:\tNeutral; Anger;\t()\nC-E3:\tOther;\t(hm)\nC-F1:\tNeutral state;\t()\n"
    "A-E3:\tval 3; act 2; dom  2;\t()\nA-E4:\tval 2; act 3; dom  3;\t(tired)\n"
    "A-F1:\tval 3; act  2; dom  2;\t()\n\n"
)


class SyntheticIemocapSettings(Settings):
    """What it holds; the same settings give the same bytes on one machine."""

    sessions: int = Field(5, description="sessions, from the first on", ge=2, le=5)
    takes: int = decided(
        3,
        "utterances of each of the four classes that each speaker has in each dialogue",
        "two cores are to need minutes for all",
        ge=1,
    )
    telling_percent: int = decided(
        60,
        "share of the utterances whose words tell their own emotion; a third of the others tell "
        "another one, and the rest tell none",
        "leaves words alone between chance and perfection",
        ge=0,
        le=100,
    )
    seed: int = 2008
    difficulty: Difficulty = Field(default=Difficulty(), description="how hard the voices are")


def write_iemocap(folder: Path, settings: SyntheticIemocapSettings) -> None:
    """Write labels, words and sound of an improvised and a scripted dialogue of each session.

    In the second the man wears the markers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text("Made up: no person was recorded.\n", "utf-8")
    for number in range(1, settings.sessions + 1):
        voices = {"F": timbre_of(2 * number, settings), "M": timbre_of(2 * number - 1, settings)}
        for dialogue in (f"Ses0{number}F_impro01", f"Ses0{number}M_script01_1b"):
            _write_dialogue(folder / f"Session{number}", dialogue, voices, settings)


def _write_dialogue(
    session: Path, dialogue: str, voices: dict[str, Timbre], settings: SyntheticIemocapSettings
) -> None:
    random = random_source(settings.seed, dialogue)
    takes = settings.takes
    joyful = ["hap", "exc"] * takes
    codes = [*("ang", "sad", "neu") * takes, *joyful[:takes], "fru", "sur", "xxx"]
    labels, words, start = HEADER, "", 6.29
    for number, place in enumerate(random.permutation(len(codes))):
        for who, timbre in voices.items():
            code, turn = codes[place], f"{dialogue}_{who}{number:03d}"
            acted, intensity = ACTED[code]
            said = _words(acted, settings.telling_percent / 100, random)
            clip = Clip(AUDIO_ONLY, SPEECH, EMOTIONS.index(acted) + 1, intensity, 1, 1, 1)
            difficulty = settings.difficulty
            performance = perform(
                clip, VOICE_CONFUSIONS, difficulty.voice_blend, difficulty.weak_share, random
            )
            sound = utter(said, performance, timbre, difficulty, random)
            _write_wav(session / "sentences" / "wav" / dialogue / f"{turn}.wav", sound, random)
            stop = start + len(sound) / AUDIO_RATE
            labels += f"[{start:.4f} - {stop:.4f}]\t{turn}\t{code}\t[2.5000, 3.0000, 2.5000]\n"
            labels += RATERS
            note = f" {random.choice(NOTES)}" if random.random() < 0.1 else ""
            words += f"{turn} [{start:08.4f}-{stop:08.4f}]: {_written(said)}{note}\n"
            start = stop + 0.5
        if number == 1:
            words += f"F: {NOTES[0]}\n{dialogue}_MXX0 [{start:08.4f}-{start:08.4f}]: I\xb4m off.\n"
    _write_text(session, dialogue, labels, words)


def _words(emotion: str, telling: float, random: np.random.Generator) -> str:
    """What is said: words of the emotion, of another one, or none that tell; fillers around."""
    drawn, tells = random.random(), None
    if drawn < telling:
        tells = emotion if emotion in SAID else "neutral"
    elif drawn < telling + (1 - telling) / 3:
        tells = str(random.choice(list(SAID)))
    fillers = [str(filler) for filler in random.choice(FILLERS, size=2, replace=False)]
    phrase = str(random.choice(SAID[tells])) if tells else "I was going to say something"
    return f"{fillers[0]} {phrase} {fillers[1]}"


def _written(said: str) -> str:
    """The words with a capital, a full stop, and an apostrophe that is not in UTF-8."""
    return f"{said[0].upper()}{said[1:]}.".replace("'", "\xb4")


def _write_text(session: Path, dialogue: str, labels: str, words: str) -> None:
    """Labels and words, and beside them what is no dialogue's."""
    for kind, text in (("EmoEvaluation", labels), ("transcriptions", words)):
        folder = session / "dialog" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{dialogue}.txt").write_bytes(text.encode("latin-1"))
        (folder / f"._{dialogue}.txt").write_bytes(b"\x00\x05\x16\x07")
    for kind in ("Attribute", "Categorical", "Self-evaluation"):
        folder = session / "dialog" / "EmoEvaluation" / kind
        folder.mkdir(exist_ok=True)
        (folder / f"{dialogue}_e2.txt").write_text(f"{dialogue}_F000 :Anger; ()\n", "utf-8")
    aligned = session / "sentences" / "ForcedAlignment" / dialogue
    aligned.mkdir(parents=True, exist_ok=True)


def _write_wav(path: Path, sound: np.ndarray, random: np.random.Generator) -> None:
    """16 kHz, mono, 16 bit, with a little silence around and the faint noise of a room."""
    around = [np.zeros(round(AUDIO_RATE * seconds)) for seconds in random.uniform(0.1, 0.3, size=2)]
    spoken = np.concatenate([around[0], sound, around[1]])
    samples = resample_poly(spoken, RATE, AUDIO_RATE)
    samples = np.clip(samples + 1e-4 * random.standard_normal(len(samples)), -1, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE)
        stream.writeframes((samples * 32767).astype("<i2").tobytes())
