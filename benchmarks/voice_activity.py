"""Line of the voice activity detection: an actor's clips in one process, against one each."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.demo_speech import speech_of
from benchmarks.measure import Contest, Line, NotMeasured
from benchmarks.workflow import REPOSITORY
from mmer.acquire.checksums import verify
from mmer.acquire.registry import read_registry
from mmer.prepare.settings import VoiceActivitySettings
from mmer.store import Ragged, write_ragged

CLIPS = 4


def lines() -> Iterator[Line]:
    """The line."""
    yield Line(
        work=f"voice activity of {CLIPS} clips in one job",
        against="one job per clip, each with the library's start",
        device="CPU",
        goal=None,
        repetitions=1,
        prepare=contest,
    )


def verified_weights() -> Path | None:
    """The weights in the demo's mirror; None where they are not there."""
    entry = read_registry(REPOSITORY / "resources" / "weights.yaml")["speech_music_noise_vad"]
    path = REPOSITORY / "results" / "demo" / "mirror" / entry.place
    if not path.is_file():
        return None
    verify(path, f"sha256:{entry.sha256}", entry.size)
    return path


def contest() -> Contest:
    """The step itself on all clips at once and clip by clip."""
    weights = verified_weights()
    if weights is None:
        raise NotMeasured("not measured: the weights are not here; make demo brings them")
    checksum = read_registry(REPOSITORY / "resources" / "weights.yaml")[
        "speech_music_noise_vad"
    ].sha256
    folder = tempfile.TemporaryDirectory()
    place, speech = Path(folder.name), speech_of(1, CLIPS)
    write_ragged(place / "all.npz", speech)
    for row, name in enumerate(speech.clips):
        write_ragged(place / f"{row}.npz", Ragged.join([name], [speech.of(row)], speech.rate))

    def detect(file: str, kept: tempfile.TemporaryDirectory = folder) -> None:
        assert kept.name  # the folder lives as long as the contest
        command = [sys.executable, str(REPOSITORY / "workflow_scripts" / "detect_speech.py")]
        command += ["--audio", str(place / f"{file}.npz"), "--weights", str(weights)]
        command += ["--weights-sha256", str(checksum), "--spans", str(place / f"{file}.csv")]
        command += ["--settings", VoiceActivitySettings().model_dump_json()]
        subprocess.run(command, check=True, capture_output=True)

    def theirs() -> None:
        for row in range(CLIPS):
            detect(str(row))

    agreement = "the same program; peaks are of the processes that wait"
    return Contest(lambda: detect("all"), theirs, agreement, torch.device("cpu"))
