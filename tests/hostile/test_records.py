"""What a server says of its files: sizes and checksums of the right form, or refused."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmer.media.record import read_record

from .tries import Outcome, attempt, hostile

SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    st.sampled_from(["md5:" + "0" * 32, "0" * 32, "md5:12", "sha256:" + "g" * 64, "crc:12345678"]),
)
KEYS = st.sampled_from(["key", "filename", "size", "filesize", "checksum", "title", "files"])
ENTRIES = st.dictionaries(KEYS, SCALARS, max_size=5)
RECORDS = st.fixed_dictionaries({"files": st.lists(st.one_of(ENTRIES, SCALARS), max_size=2)})
ANY = st.recursive(
    SCALARS, lambda i: st.one_of(st.lists(i, max_size=2), st.dictionaries(KEYS, i)), max_leaves=4
)


def outcome(content: bytes) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1188976.json"
        path.write_bytes(content)
        return attempt(lambda: read_record(path), named=str(path))


@hostile(4)
@given(st.one_of(RECORDS, ANY))
def test_any_metadata_is_of_the_right_form_or_refused(metadata):
    found = outcome(json.dumps(metadata).encode())
    if found.refusal is None:
        for file in found.value.files.values():
            assert file.size >= 0
            assert re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", file.checksum)


@pytest.mark.parametrize("size", ["Infinity", "NaN", "-1", '"many"', "null", "1e999"])
def test_a_size_that_is_none_is_refused(size):
    entry = f'{{"key": "a.zip", "size": {size}, "checksum": "md5:{"0" * 32}"}}'
    assert outcome(f'{{"files": [{entry}]}}'.encode()).refusal is not None


@hostile()
@given(st.one_of(st.binary(max_size=100), st.just(b"[" * 5000)))
def test_any_bytes_are_refused(content):
    assert outcome(content).refusal is not None
