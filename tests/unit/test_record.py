"""Zenodo's metadata, in the form of today and the older one."""

import json

import pytest

from mmer.acquire.record import RecordFile, read_record
from mmer.errors import UserError


@pytest.mark.parametrize(
    "entry",
    [
        {"key": "a.zip", "size": 12, "checksum": "md5:ab"},
        {"filename": "a.zip", "filesize": 12, "checksum": "ab"},
    ],
)
def test_both_forms_of_the_file_list_are_read(tmp_path, entry):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"metadata": {"title": "RAVDESS"}, "files": [entry]}))
    record = read_record(path)
    assert record.title == "RAVDESS"
    assert record.file("a.zip") == RecordFile("a.zip", 12, "md5:ab")


def test_a_file_that_is_not_listed_is_named(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"title": "RAVDESS", "files": []}))
    with pytest.raises(UserError, match=r"does not list b\.zip"):
        read_record(path).file("b.zip")


@pytest.mark.parametrize("content", ["<html>", "[]", '{"files": [{"size": 3}]}', '{"files": 3}'])
def test_anything_else_is_refused(tmp_path, content):
    path = tmp_path / "record.json"
    path.write_text(content)
    with pytest.raises(UserError, match="not the metadata of a Zenodo record"):
        read_record(path)
