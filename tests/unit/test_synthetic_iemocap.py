"""The synthetic IEMOCAP is read as the real one is, and voices and words tell its emotions."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from demo.iemocap import SAID, SyntheticIemocapSettings, write_iemocap
from tests.plans import ROOT, SHIPPED, merge, planned, read

from mmer.corpora.iemocap import Iemocap, IemocapSettings

SMALL = SyntheticIemocapSettings(sessions=2, takes=1)
USED = 2 * 2 * 2 * 4
"""Sessions, dialogues, speakers, classes."""
TWO = {"sessions": (1, 2), "utterances": USED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two sessions in which both say an utterance of each class in each dialogue."""
    folder = tmp_path_factory.mktemp("synthetic") / "IEMOCAP_full_release"
    write_iemocap(folder, SMALL)
    return folder


def corpus(folder: Path) -> Iemocap:
    return Iemocap(IemocapSettings(**TWO), folder, 0)


def test_it_is_read_as_the_real_folder(folder):
    corpus(folder).check()
    table = corpus(folder).items({}).table
    assert table["emotion"].value_counts().to_dict() == dict.fromkeys(SAID, USED // 4)
    assert set(table["style"]) == {"improvised", "scripted"}
    assert table["speaker"].nunique() == 4
    (file, *_) = corpus(folder).files("Ses02M")
    with wave.open(file) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2)
        assert sound.getnframes() > 8000


def test_it_has_what_readers_stumble_over(folder):
    dialog = folder / "Session1" / "dialog"
    labels = (dialog / "EmoEvaluation" / "Ses01F_impro01.txt").read_text("latin-1")
    assert labels.startswith("% [START_TIME") and "\txxx\t" in labels and "dom  2" in labels
    words = (dialog / "transcriptions" / "Ses01F_impro01.txt").read_text("latin-1")
    assert "Ses01F_impro01_MXX0" in words and "\nF: [LAUGHTER]" in words
    assert (dialog / "EmoEvaluation" / "._Ses01F_impro01.txt").is_file()
    assert (dialog / "EmoEvaluation" / "Categorical").is_dir()
    with pytest.raises(UnicodeDecodeError):
        for file in folder.rglob("transcriptions/Ses*.txt"):
            file.read_text("utf-8")


def test_words_carry_some_of_the_emotion(folder):
    table = corpus(folder).items({}).table
    heard = [text.lower().replace("\xb4", "'") for text in table["text"]]
    tells = {
        emotion: [any(phrase.lower() in text for phrase in phrases) for text in heard]
        for emotion, phrases in SAID.items()
    }
    own = sum(tells[emotion][row] for row, emotion in enumerate(table["emotion"]))
    assert 0.45 < own / len(table) < 0.85
    assert 0 < sum(map(sum, tells.values())) - own < len(table) / 3


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    write_iemocap(tmp_path, SMALL)
    for file in folder.rglob("*.*"):
        if file.is_file():
            assert file.read_bytes() == (tmp_path / file.relative_to(folder)).read_bytes()


@pytest.mark.parametrize("overlays", [["iemocap.yaml"], ["iemocap.yaml", "demo_iemocap.yaml"]])
def test_the_configurations_plan_voice_words_and_both(overlays, folder):
    values = read(SHIPPED)
    for overlay in overlays:
        merge(values, read(ROOT / "config" / overlay))
    merge(values, {"data": {"iemocap": str(folder), "mirror": None}})
    merge(values, {"corpora": {"iemocap": TWO}})
    plan = planned(**values)
    plan.corpora.check()
    run = [system["name"] for system in plan.systems.systems if "predictions" in system]
    voices = ["functionals_svm", "speaker_svm", "speaker_fine_tuned", "resnet_fine_tuned"]
    assert run[1:] == [f"{model}/full" for model in (*voices, "small_network", "words")]
    assert [fused["variant"] for fused in plan.systems.fusions if "predictions" in fused] == [
        "resnet_and_words", "voice_and_words", "two_voices_and_words",
    ]  # fmt: skip
