"""Whether a file of sound holds all that its header promises.

FFmpeg's readers take what is there of a WAV that was cut off, and leave out damaged blocks of a
FLAC, without a word.
"""

from __future__ import annotations

from pathlib import Path

from mmer.runtime.errors import UserError

_UNKNOWN = 0xFFFF_FF00
"""Sizes from here on are written by programs that do not know the length beforehand."""

_BLOCK = 0.02
"""Seconds; less than the shortest block that a reader leaves out."""


def check_whole(path: Path, promised: float | None, heard: float) -> None:
    """Compare the seconds that the header of a FLAC promises, if any, with those decoded.

    A UserError if a WAV ends before its samples do, or a FLAC gave less than it promises.
    """
    missing = _cut_from_wav(path)
    if missing:
        raise UserError(
            f"{path} is cut off: {missing} bytes of its sound are missing: get it again and "
            "replace it"
        )
    if promised is not None and heard < promised - _BLOCK:
        raise UserError(
            f"{path} is damaged: its header promises {promised:.2f} s of sound, and {heard:.2f} s "
            "can be decoded: get it again and replace it"
        )


def _cut_from_wav(path: Path) -> int:
    """Bytes by which the samples of a WAV go beyond its end; 0 for every other file."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        while len(chunk := stream.read(8)) == 8:
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                end = stream.tell() + length
                return 0 if length >= _UNKNOWN else max(end - size, 0)
            stream.seek(length + length % 2, 1)
    return 0
