"""Files and folders: whole or not there, and plain words where they cannot be written."""

from __future__ import annotations

import errno

import pytest

from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing


@pytest.mark.parametrize("is_folder", [False, True])
def test_an_interrupted_write_leaves_the_old_content_and_no_rest(tmp_path, is_folder):
    path = tmp_path / "content"

    def write(unfinished, content):
        if is_folder:
            unfinished.mkdir()
            (unfinished / content).touch()
        else:
            unfinished.write_text(content)

    for content in ("old", "new"):
        with writing(path) as unfinished:
            write(unfinished, content)
    with pytest.raises(RuntimeError), writing(path) as unfinished:
        write(unfinished, "half")
        raise RuntimeError
    assert ([file.name for file in path.iterdir()] if is_folder else [path.read_text()]) == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "table.csv"
    (tmp_path / ".table.csv.0123abcd.unfinished").write_text("half")
    of_others = {".other.csv.0123abcd.unfinished", ".table.csv.gz.0123abcd.unfinished"}
    for name in of_others:
        (tmp_path / name).write_text("half")
    with writing(path) as unfinished:
        unfinished.write_text("whole")
    assert {file.name for file in tmp_path.iterdir()} == {"table.csv", *of_others}


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(FileNotFoundError), writing(path) as first:
        first.write_text("first, which is longer")
        with writing(path) as second:
            second.write_text("second")
    assert path.read_text() == "second"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_told_in_one_sentence(tmp_path, error):
    with (
        pytest.raises(UserError, match=r"a\.csv cannot be written \(No space left on device\)"),
        writing(tmp_path / "a.csv"),
    ):
        raise error


def test_a_file_that_cannot_be_read_meanwhile_is_another_error(tmp_path):
    unreadable = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "source"))
    with pytest.raises(PermissionError), writing(tmp_path / "a.csv"):
        raise unreadable
