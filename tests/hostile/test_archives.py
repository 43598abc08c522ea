"""Archives: every wanted clip with its own bytes and nothing else, or no file at all."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmer.media.archive import LARGEST_FILE
from mmer.media.recordings import ExtractionJob, extract_speaker

from .tries import attempt, hostile

CLIPS = [f"01-01-0{emotion}-01-01-01-07" for emotion in (1, 2, 3)]
GOOD = {f"Actor_07/{clip}.mp4": clip.encode() * 9 for clip in CLIPS}
NAME = "Video_Speech_Actor_07.zip"


@dataclass(frozen=True)
class Member:
    """One more member of an archive."""

    name: str
    mode: int = stat.S_IFREG | 0o644
    compression: int = zipfile.ZIP_DEFLATED
    data: bytes = b"more"


PLACES = st.sampled_from(
    [
        *("", "Actor_07/", "actor_07/", "../", "../../", "/", "//host/", "C:/", "C:", "a/b/"),
        *("Actor_07/../", "./", "..\\", "\\", "Actor_07/./", "~/", "Actor_07\n/", "\u2025/"),
        *("__MACOSX/", "__MACOSX/../", "../__MACOSX/", "/__MACOSX/"),
    ]
)
STEMS = st.one_of(
    st.sampled_from(CLIPS),
    st.sampled_from([*(f"02{clip[2:]}" for clip in CLIPS), "01-01-04-01-01-01-08", "con", ".."]),
    st.sampled_from([".DS_Store", "Thumbs.db", "desktop.ini", f"._{CLIPS[0]}"]),
    st.text(max_size=12),
)
ENDINGS = st.sampled_from([".mp4", ".MP4", ".Mp4", ".mp4/", ".sh", "", ".mp4\n", ".mp4\0.sh", "/"])
MODES = st.sampled_from([stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
COMPRESSIONS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
MEMBERS = st.builds(
    lambda place, stem, ending, mode, compression: Member(
        f"{place}{stem}{ending}", mode | 0o755, compression
    ),
    *(PLACES, STEMS, ENDINGS, MODES, COMPRESSIONS),
)


def packed(*more: Member) -> bytes:
    """The three good clips and more members, as zipfile writes them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in GOOD.items():
            info = zipfile.ZipInfo(name)  # of a fixed date, so that the bytes are always the same
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
        for member in more:
            info = zipfile.ZipInfo("placeholder")
            # Set afterwards: the constructor would take slashes and NUL out of the name.
            info.filename = member.name
            info.external_attr = member.mode << 16
            info.compress_type = member.compression
            archive.writestr(info, member.data)
    return stream.getvalue()


def extracted(content: bytes, expected: int = len(CLIPS)) -> dict[str, bytes] | str:
    """What lies in the folder afterwards, or the refusal; nothing ever lies elsewhere."""
    top = Path(tempfile.mkdtemp())
    try:
        inner = top / "a" / "b"
        inner.mkdir(parents=True)
        (inner / NAME).write_bytes(content)
        outcome = attempt(
            lambda: extract_speaker(
                ExtractionJob(
                    corpus="ravdess",
                    settings={"clips_per_actor": expected},
                    archive=inner / NAME,
                    speaker="07",
                    out=inner / "out",
                )
            ),
            named=str(inner / NAME),
        )
        files = [path for path in top.rglob("*") if not path.is_dir() or path.is_symlink()]
        made = {path for path in files if path != inner / NAME}
        assert all(path.parent == inner / "out" and path.is_file() for path in made)
        assert not any(path.is_symlink() for path in made)
        if outcome.refusal is not None:
            assert not (inner / "out").exists()
            return outcome.refusal
        return {path.name: path.read_bytes() for path in made}
    finally:
        shutil.rmtree(top)


WHOLE = {f"{clip}.mp4": GOOD[f"Actor_07/{clip}.mp4"] for clip in CLIPS}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@hostile(2)
@given(st.lists(MEMBERS, min_size=1, max_size=2))
def test_more_members_change_no_clip_and_leave_no_file(more):
    found = extracted(packed(*more))
    if isinstance(found, dict):
        assert found == WHOLE
        links = [member for member in more if stat.S_ISLNK(member.mode)]
        assert all(member.name.split("\0")[0].endswith("/") for member in links)
        for member in more:
            name = member.name.split("\0")[0]
            assert ".." not in name.split("/") and not name.startswith("/")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "name",
    [
        *(f"Actor_07/{CLIPS[0]}.mp4", f"Actor_07/{CLIPS[0]}.MP4", f"ACTOR_07/{CLIPS[0]}.mp4"),
        *(f"../{CLIPS[0]}.mp4", f"/tmp/{CLIPS[0]}.mp4", "../", "/etc/"),
        *("../.DS_Store", "/tmp/Thumbs.db", "__MACOSX/../../desktop.ini", "C:desktop.ini"),
    ],
)
def test_doubled_clashing_and_escaping_names_are_refused(name):
    assert isinstance(extracted(packed(Member(name))), str)


@hostile(3)
@given(st.data())
def test_changed_bytes_give_the_right_clips_or_none(data):
    content = bytearray(packed())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    found = extracted(bytes(content))
    assert isinstance(found, str) or found == WHOLE


@hostile()
@given(st.integers(0, len(packed()) - 1), st.binary(max_size=40))
def test_an_archive_that_ends_early_is_refused(kept, after):
    found = extracted(packed()[:kept] + after)
    assert isinstance(found, str) or found == WHOLE  # what follows may be what was cut off


@hostile()
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(content):
    assert isinstance(extracted(content), str)


@hostile(0.5)
@given(st.sampled_from([0, 1, 4, LARGEST_FILE, LARGEST_FILE + 1, 0xFFFFFFFE, 0xFFFFFFFF]))
def test_a_size_declared_wrongly_is_refused(size):
    content = bytearray(packed())
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", size)
    assert isinstance(extracted(bytes(content)), str)


def test_a_bomb_by_declared_size_is_refused():
    bomb = Member("Actor_07/01-01-04-01-01-01-07.mp4", data=bytes(LARGEST_FILE + 1))
    assert "more than any recording" in extracted(packed(bomb), expected=4)


@pytest.mark.parametrize(
    ("compression", "reason"),
    [
        # A small size is declared, but these two unpack all that they were given at once.
        (zipfile.ZIP_BZIP2, "compressed in another way"),
        (zipfile.ZIP_LZMA, "compressed in another way"),
        (zipfile.ZIP_DEFLATED, "not a whole zip archive"),
    ],
)
def test_a_bomb_by_real_size_is_refused(compression, reason):
    bomb = Member("Actor_07/01-01-04-01-01-01-07.mp4", data=bytes(1 << 20), compression=compression)
    content = bytearray(packed(bomb))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 10)
    assert reason in extracted(bytes(content), expected=4)
