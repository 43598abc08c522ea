"""Zenodo's metadata, in the form of today and the older one, and downloads by them."""

import hashlib
import json

import pytest

from mmer.media.record import (
    ArchiveJob,
    RecordFile,
    RecordJob,
    download_archive,
    download_record,
    metadata_place,
    read_record,
)
from mmer.runtime.errors import UserError

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
    with pytest.raises(UserError, match=r"does not list b\.zip"):
        record.file("b.zip")


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror folder of a synthetic record with one file, named by the environment."""
    folder = tmp_path / "mirror"
    (folder / "zenodo.org/api/records").mkdir(parents=True)
    (folder / "zenodo.org/records/3/files").mkdir(parents=True)
    (folder / "zenodo.org/records/3/files/a.zip").write_bytes(b"archive")
    entry = {"key": "a.zip", "size": 7, "checksum": hashlib.md5(b"archive").hexdigest()}
    record = {"title": "A synthetic corpus", "files": [entry]}
    (folder / "zenodo.org/api/records/3").write_text(json.dumps(record))
    monkeypatch.setenv("MMER_MIRROR", str(folder))
    return folder


def test_a_file_of_a_record_is_checked_by_the_records_metadata(tmp_path, mirror):
    metadata, archive = tmp_path / metadata_place(3), tmp_path / "a.zip"
    download_record(RecordJob(record=3, label="synthetic demo", out=metadata))
    job = ArchiveJob(record=3, metadata=metadata, out=archive)
    download_archive(job)
    assert archive.read_bytes() == b"archive"
    (mirror / "zenodo.org/records/3/files/a.zip").write_bytes(b"another")
    with pytest.raises(UserError, match="not the published ones"):
        download_archive(job)


def test_archives_of_another_mirror_do_not_pass_as_the_records(tmp_path, mirror):
    place = "zenodo.org/records/3/files/a.zip"
    metadata, archive = tmp_path / "downloads" / metadata_place(3), tmp_path / "downloads" / place
    job = RecordJob(record=3, label="synthetic demo", out=metadata)
    download_record(job)
    download_archive(ArchiveJob(record=3, metadata=metadata, out=archive))
    download_record(job)
    archive.write_bytes(b"another")
    with pytest.raises(UserError, match=r"a\.zip .* not the published ones"):
        download_record(job)
    assert not metadata.exists()


def test_a_synthetic_corpus_never_passes_as_a_real_one(tmp_path, mirror):
    job = RecordJob(record=3, label="RAVDESS", out=tmp_path / "3.json")
    with pytest.raises(UserError, match="must carry that word"):
        download_record(job)
    assert not job.out.exists()
