"""RAVDESS's voices: RAVDESS's items by other files, one archive for everybody, and sound alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmer.corpora.ravdess import Clip, Ravdess, RavdessSettings
from mmer.corpora.ravdess_voices import RavdessVoices, RavdessVoicesSettings
from mmer.media.preparation import PreparationJob, prepare_media
from mmer.media.recordings import ExtractionJob, extract_speaker
from mmer.models.majority import majority_posteriors
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

TWO = ("03-01-02-01-01-01-07", "03-01-03-01-01-01-07")
OTHER = "03-01-02-01-01-01-08"
SETTINGS = {"actors": [7, 8], "clips_per_actor": 2}


def _corpus(folder: Path | None = None, **settings) -> RavdessVoices:
    return RavdessVoices(RavdessVoicesSettings(**settings), folder, seed=0)


def _tone(seconds: float = 0.5, rate: int = 48000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def _voice(path: Path, seconds: float = 0.5, rate: int = 48000, **how) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, _tone(seconds, rate), rate, **how)
    return path


# What it shares with the films


def test_it_is_ravdess_under_other_names():
    voices, films = _corpus(), Ravdess(RavdessSettings(), None, seed=0)
    assert voices.title == "RAVDESS voices"
    assert (voices.folds, voices.tasks, voices.groups) == (films.folds, films.tasks, films.groups)
    assert voices.paper == films.paper
    heard, seen = voices.items({}).table, films.items({}).table
    assert list(heard["item"]) == [f"03{name[2:]}" for name in seen["item"]]
    assert heard.drop(columns="item").equals(seen.drop(columns="item"))
    assert voices.media == ("audio",)


def test_zero_rule_has_the_papers_accuracy_in_every_fold(real_voices):
    corpus = _corpus(real_voices)
    items = corpus.items({s: [Path(file) for file in corpus.files(s)] for s in corpus.speakers})
    assert items.table.equals(_corpus().items({}).table)
    task = corpus.tasks["emotion"]
    for split in corpus.splits("emotion", None).values():
        tested = majority_posteriors(items, split, task).only("test")
        said = tested.probabilities.argmax(axis=1)
        accuracy = 100 * (said == task.labels(items.of(tested.names))).mean()
        assert round(accuracy, 2) == 13.33  # paper, table 1


# The archive


def test_one_archive_for_everybody_is_downloaded():
    archives = {_corpus().archive(speaker) for speaker in _corpus().speakers}
    assert [archive.place for archive in archives if archive] == [
        "zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip"
    ]


def _extract(members: list[str], folder: Path, speaker: str = "07") -> list[str]:
    archive = folder / "Audio_Speech_Actors_01-24.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for name in members:
            content.writestr(name, name)
    told = {"corpus": "ravdess_voices", "settings": SETTINGS, "speaker": speaker}
    extract_speaker(ExtractionJob(**told, archive=archive, out=folder / "out"))
    return sorted(file.name for file in (folder / "out").iterdir())


WHOLE = ["Actor_07/", "Actor_08/", *(f"Actor_07/{name}.wav" for name in TWO)]


def test_an_actors_recordings_are_taken_from_among_all(tmp_path):
    members = [*WHOLE, f"Actor_08/{OTHER}.wav", "Actor_08/not of ravdess.wav"]
    assert _extract(members, tmp_path) == [f"{name}.wav" for name in TWO]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (WHOLE[:-1], r"24\.zip holds 1 of the recordings that are used instead of 2"),
        ([*WHOLE, f"Actor_07/{OTHER}.wav"], "is of actor 08 instead of 07"),
        ([*WHOLE, "Actor_07/03-01-09-01-01-01-07.wav"], "has emotion 09"),
        ([*WHOLE, "Actor_07/holiday.wav"], "seven two-digit numbers"),
        ([*WHOLE, f"Actor_08/{TWO[0]}.wav"], f"holds {TWO[0]} twice"),
        ([*WHOLE, f"Actor_08/{OTHER}.mp4"], "which the published archive does not"),
        ([*WHOLE, f"../{OTHER}.wav"], "which the published archive does not"),
    ],
)
def test_an_archive_that_is_not_right_is_told_in_words(tmp_path, members, reason):
    with pytest.raises(UserError, match=reason):
        _extract(members, tmp_path)
    assert not (tmp_path / "out").exists()


# A folder


@pytest.mark.parametrize("ending", ["wav", "flac", "WAV"])
def test_loose_recordings_need_no_archive(tmp_path, ending):
    folder = tmp_path / "Actor_07"
    folder.mkdir()
    # A song, and what some systems leave behind, are no business of the corpus's.
    for name in (*TWO, "03-02-03-01-01-01-07", "._03-01-03-01-01-01-07"):
        (folder / f"{name}.{ending}").touch()
    corpus = _corpus(tmp_path, **SETTINGS)
    assert corpus.archive("07") is None
    assert [Path(file).name for file in corpus.files("07")] == [f"{n}.{ending}" for n in TWO]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([f"{TWO[0]}.wav"], r"Actor_07 holds 1 clips of modality 03 .* instead of 2: complete"),
        (
            [f"{TWO[0]}.wav", f"{TWO[0]}.flac"],
            rf"holds {TWO[0]} twice, as {TWO[0]}\.flac and {TWO[0]}\.wav: remove one",
        ),
        ([f"{TWO[0]}.wav", "03-01-09-01-01-01-07.wav"], "has emotion 09"),
        ([f"{TWO[0]}.wav", "happy.flac"], "seven two-digit numbers"),
        ([f"{TWO[0]}.wav", f"{OTHER}.wav"], "is of actor 08 instead of 07"),
    ],
)
def test_a_folder_that_is_not_right_is_told_in_words(tmp_path, names, reason):
    (tmp_path / "Actor_07").mkdir()
    for name in names:
        (tmp_path / "Actor_07" / name).touch()
    with pytest.raises(UserError, match=reason):
        _corpus(tmp_path, **SETTINGS).check()


def test_missing_recordings_are_named_where_all_are_wanted(tmp_path):
    corpus = _corpus(tmp_path, actors=[7, 8])
    (tmp_path / "Actor_07").mkdir()
    for row in _corpus(actors=[7, 8]).items({}).table["item"]:
        if Clip.parse(row).actor == 7:
            (tmp_path / "Actor_07" / f"{row}.wav").touch()
    assert len(corpus.files("07")) == 60
    (tmp_path / "Actor_07" / f"{TWO[1]}.wav").unlink()
    with pytest.raises(UserError, match=f"59 clips .* of 60 and lacks {TWO[1]}: complete"):
        corpus.files("07")
    (tmp_path / "Actor_07" / f"{TWO[0]}.wav").unlink()
    with pytest.raises(UserError, match=f"58 clips .* lacks {TWO[0]} and one other: complete"):
        corpus.files("07")


# What is prepared


def _prepared(file: Path) -> np.ndarray:
    told = {"corpus": "ravdess_voices", "settings": SETTINGS, "speaker": "07", "files": (file,)}
    out = file.with_suffix(".npz")
    prepare_media(PreparationJob(**told, preparation={}, outputs={"audio": out}))
    prepared = read_ragged([out])
    assert prepared.items == (file.stem,) and prepared.rate == 16000
    return prepared.values


@pytest.mark.parametrize(
    ("ending", "rate", "subtype"),
    [
        ("wav", 48000, "PCM_16"),
        ("wav", 44100, "PCM_24"),
        ("wav", 8000, "FLOAT"),
        ("flac", 48000, "PCM_16"),
        ("flac", 22050, "PCM_24"),
    ],
)
def test_any_rate_and_depth_becomes_the_same_tone(tmp_path, ending, rate, subtype):
    heard = _prepared(_voice(tmp_path / f"{TWO[0]}.{ending}", rate=rate, subtype=subtype))
    assert len(heard) == pytest.approx(8000, abs=8)
    inner = slice(800, 7200)  # away from the edges, where a resampler knows half of the sound
    expected = 32768 * _tone(rate=16000)[inner]
    assert np.abs(heard[inner] - expected).max() < 0.01 * 32768


def test_two_channels_are_mixed_to_their_mean(tmp_path):
    both = np.stack([_tone(rate=16000), np.zeros(8000)], axis=1)
    soundfile.write(tmp_path / f"{TWO[0]}.wav", both, 16000)
    heard = _prepared(tmp_path / f"{TWO[0]}.wav")
    assert np.abs(heard - 32768 * both.mean(axis=1)).max() <= 1


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:30000])


def _blot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("ending", "spoil", "reason"),
    [
        ("wav", _cut, r"wav is cut off: 18044 bytes of its sound are missing: get it again"),
        ("flac", _cut, r"flac cannot be decoded"),
        ("flac", _blot, r"flac is damaged: its header promises 0\.50 s of sound, and 0\."),
        ("wav", lambda path: path.write_bytes(b""), "wav cannot be decoded"),
        ("wav", lambda path: path.write_text("no sound"), "wav cannot be decoded"),
        ("wav", lambda path: _voice(path, seconds=0.2), r"has 0\.20 s .* need at least 0\.35 s"),
    ],
)
def test_a_recording_that_is_not_right_is_told_in_words(tmp_path, ending, spoil, reason):
    path = tmp_path / f"{TWO[0]}.{ending}"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 24000)
    soundfile.write(path, noise, 48000)
    spoil(path)
    with pytest.raises(UserError, match=reason):
        _prepared(path)


def test_a_wav_of_a_program_that_did_not_know_its_length_is_whole(tmp_path):
    path = _voice(tmp_path / f"{TWO[0]}.wav")
    data = bytearray(path.read_bytes())
    place = data.index(b"data") + 4
    data[4:8] = data[place : place + 4] = b"\xff" * 4
    path.write_bytes(data)
    assert len(_prepared(path)) == pytest.approx(8000, abs=8)
