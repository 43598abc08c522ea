"""RAVDESS's real voices, packed as they are published: WAV in one zip, beside a Zenodo record."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

import soundfile

RECORD = 1188976
ARCHIVE = "Audio_Speech_Actors_01-24.zip"
TITLE = "The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS)"


def write_published(mirror: Path, recordings: Iterable[Path]) -> None:
    """Write archive and record of recordings ``Actor_NN/<name>.flac`` into a mirror."""
    archive = mirror / "zenodo.org" / "records" / str(RECORD) / "files" / ARCHIVE
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as packed:
        for recording in sorted(recordings):
            samples, rate = soundfile.read(recording, dtype="int16")
            voice = io.BytesIO()
            soundfile.write(voice, samples, rate, subtype="PCM_16", format="WAV")
            packed.writestr(f"{recording.parent.name}/{recording.stem}.wav", voice.getvalue())
    with archive.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "md5").hexdigest()
    described = {"key": ARCHIVE, "size": archive.stat().st_size, "checksum": f"md5:{checksum}"}
    record = mirror / "zenodo.org" / "api" / "records" / str(RECORD)
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"metadata": {"title": TITLE}, "files": [described]}))
