"""Zenodo's metadata, in the form of today and the older one."""

import json

import pytest

from mmer.acquire.record import RecordFile, read_record
from mmer.errors import UserError

MD5 = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    "entry",
    [
        {"key": "a.zip", "size": 12, "checksum": f"md5:{MD5}"},
        {"filename": "a.zip", "filesize": 12, "checksum": MD5},
    ],
)
def test_both_forms_of_the_file_list_are_read(tmp_path, entry):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"metadata": {"title": "RAVDESS"}, "files": [entry]}))
    record = read_record(path)
    assert record.title == "RAVDESS"
    assert record.file("a.zip") == RecordFile("a.zip", 12, f"md5:{MD5}")


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
