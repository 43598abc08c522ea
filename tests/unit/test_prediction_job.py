"""What is said of recordings by a small exported folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from tests.exported_network import SPLITS, relisted, write_export

from mmer.items import items_table
from mmer.media.decoding import decode_voice
from mmer.media.settings import PreparationSettings
from mmer.media.speech_spans import SpeechSpan
from mmer.prediction.figure import Map
from mmer.prediction.job import PredictionJob, predict_recordings
from mmer.prediction.manifest import MANIFEST, RECORDINGS
from mmer.prediction.named import named, recordings_in
from mmer.prediction.recordings_table import known_recordings
from mmer.protocol import Split
from mmer.ragged import Ragged, write_ragged


def write_tone(path: Path, seconds: float = 1.0, rate: int = 44_100) -> Path:
    """A stereo recording at another rate than the networks hear."""
    tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * rate)) / rate)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.stack([tone, tone], axis=1), rate)
    return path


@pytest.fixture
def said(tmp_path):
    """A function that asks the folder of some recordings, and gives what was said of each."""
    export = write_export(tmp_path / "export")

    def ask(*recordings: Path) -> dict[str, dict]:
        job = PredictionJob(export=export, recordings=recordings, out=tmp_path / "said")
        predict_recordings(job)
        found = (tmp_path / "said").glob("*/prediction.json")
        return {path.parent.name: json.loads(path.read_text()) for path in found}

    return ask


def test_posteriors_are_the_mean_of_the_splits_probabilities(said, tmp_path):
    (piece,) = said(write_tone(tmp_path / "a.wav"))["a_wav"]["pieces"]
    (system,) = piece["systems"]
    of_splits = [list(each.values()) for each in system["of_splits"].values()]
    assert list(system["of_splits"]) == [*SPLITS] and of_splits[0] != of_splits[1]
    assert list(system["posteriors"].values()) == pytest.approx(np.mean(of_splits, axis=0))
    table = pd.read_csv(tmp_path / "said" / "a_wav" / "prediction.csv")
    assert table[["p_low", "p_high"]].to_numpy().tolist() == [[*system["posteriors"].values()]]


def test_a_long_recording_is_told_piece_by_piece(said, tmp_path):
    told = said(write_tone(tmp_path / "long.flac", seconds=12))["long_flac"]
    times = [(piece["start_s"], piece["stop_s"]) for piece in told["pieces"]]
    assert len(times) > 2 and times[0][0] == 0 and times[-1][1] == pytest.approx(12, abs=0.01)
    assert "voice activity detection is not here" in told["speech_by"]


def test_every_bad_file_gets_a_sentence_and_the_others_go_on(said, tmp_path):
    good = write_tone(tmp_path / "in" / "good.wav")
    (good.parent / "empty.mp4").write_bytes(b"")
    (good.parent / "noise.mp3").write_bytes(bytes(range(256)) * 40)
    (good.parent / "cut.wav").write_bytes(good.read_bytes()[:20_000])
    write_tone(good.parent / "short.wav", seconds=0.1)
    Path(os.fsdecode(os.fsencode(good.parent) + b"/odd \xff\n.wav")).write_bytes(b"RIFF")
    told = said(good.parent, tmp_path / "nowhere.wav")
    refused = {name: each["refused"] for name, each in told.items() if each["refused"]}
    assert {*told} - {*refused} == {"good_wav"}
    assert len(refused) == 6
    assert all(0 < len(sentence) < 500 for sentence in refused.values())
    assert "is cut off" in refused["cut_wav"] and "0.10 s of audio" in refused["short_wav"]
    page = (tmp_path / "said" / "index.html").read_text()
    assert page.count("Nothing can be said") == 6 and "Tones are no voices." in page


def test_only_what_changed_is_asked_again(said, tmp_path):
    first, second = (write_tone(tmp_path / "in" / f"{name}.wav") for name in "ab")
    said(first.parent)
    pictures = [tmp_path / "said" / f"{name}_wav" / "prediction.png" for name in "ab"]
    before = [picture.stat().st_mtime_ns for picture in pictures]
    write_tone(second, seconds=1.5)
    said(first.parent)
    after = [picture.stat().st_mtime_ns for picture in pictures]
    assert after[0] == before[0] and after[1] > before[1]


def test_a_recording_of_the_corpus_is_told_by_the_split_that_tested_it(said, tmp_path):
    path = write_tone(tmp_path / "mine.wav")
    samples = decode_voice(path, PreparationSettings())
    write_ragged(tmp_path / "audio.npz", Ragged.join(["item1"], [samples], 16_000))
    rows = [{"item": f"item{n}", "speaker": f"s{n}", "pitch": "low"} for n in (1, 2)]
    splits = {
        "fold0": Split(name="fold0", train=("s1",), choose=("s2",), test=("s2",)),
        "fold1": Split(name="fold1", train=("s2",), choose=("s1",), test=("s1",)),
    }
    table = known_recordings(
        [tmp_path / "audio.npz"],
        items_table(rows, ["pitch"]),
        splits,
        {"item1": SpeechSpan(0.25, 0.75, True)},
    )
    export = tmp_path / "export"
    (export / RECORDINGS).write_bytes(table)
    told = json.loads((export / MANIFEST).read_text())
    told["files"][RECORDINGS] = {"sha256": "0" * 64, "size": 0}
    (export / MANIFEST).write_text(json.dumps(told))
    relisted(export)
    told = said(path)["mine_wav"]
    assert told["known_as"] == "item1" and told["splits"] == ["fold1"]
    (piece,) = told["pieces"]
    assert (piece["speech_start_s"], piece["speech_stop_s"]) == (0.25, 0.75)


def test_names_are_plain_and_none_hides_another(tmp_path):
    paths = [
        Path("a/x.wav"),
        Path("b/x.wav"),
        Path("a/X.WAV"),
        Path("../;rm *.mp4"),
        Path("ä.flac"),
    ]
    found = named(paths)
    assert list(found.values()) == paths and len({name.lower() for name in found}) == 5
    assert all(name.replace("_", "").isalnum() and name.isascii() for name in found)
    assert recordings_in([tmp_path / "nowhere.wav"]) == [tmp_path / "nowhere.wav"]


def test_a_pipe_that_never_ends_is_not_read(said, tmp_path):
    os.mkfifo(tmp_path / "endless.wav")
    assert "it is no file" in said(tmp_path / "endless.wav")["endless_wav"]["refused"]


def test_a_map_over_time_is_empty_between_its_parts():
    parts = [(0.0, 2.0, np.array([[1.0, 0.0], [0.0, 1.0]])), (3.0, 4.0, np.array([[0.5, 0.5]]))]
    steps = Map("title", parts).sampled(0.0, 4.0)
    seen = steps[len(steps) // 8 :: len(steps) // 4]  # at half past each second
    np.testing.assert_array_equal(seen, [[1, 0], [0, 1], [np.nan, np.nan], [0.5, 0.5]])
