"""Downloads: the published bytes whole, or one sentence and nothing left behind."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mmer.media.download import download, mirrored_path
from mmer.runtime.errors import UserError

CONTENT = b"archive" * 1000
ADDRESS = "https://zenodo.org/records/1/files/a.zip?download=1"
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


@pytest.fixture
def mirror(tmp_path):
    file = tmp_path / "mirror" / "zenodo.org" / "records" / "1" / "files" / "a.zip"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return tmp_path / "mirror"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "downloads" / "a.zip"


BROKEN = 0
"""Stands for an answer that breaks off in the middle."""


class Flaky(BaseHTTPRequestHandler):
    """Answers with the given statuses one after the other, then with the content."""

    def __init__(self, statuses, paths, *arguments):
        self.statuses, self.paths = statuses, paths
        super().__init__(*arguments)

    def do_GET(self):
        self.paths.append(self.path)
        status = self.statuses.pop(0) if self.statuses else 200
        self.send_response(status or 200)
        body = CONTENT if status in (200, BROKEN) else b""
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/elsewhere")  # read of a redirection only
        self.end_headers()
        self.wfile.write(body if status else body[:100])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def serve():
    """Start a server on this machine that fails with some statuses first."""
    servers = []

    def start(*statuses):
        paths: list[str] = []
        handler = partial(Flaky, list(statuses), paths)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/mirror", paths

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("checksum", [SHA256, MD5, None])
def test_a_mirror_folder_serves_host_and_path(mirror, target, checksum):
    download(ADDRESS, target, checksum, size=len(CONTENT), mirror=str(mirror))
    assert target.read_bytes() == CONTENT


def test_a_mirror_address_serves_host_and_path(serve, target):
    prefix, paths = serve()
    download(ADDRESS, target, SHA256, mirror=prefix)
    assert target.read_bytes() == CONTENT
    assert paths == ["/mirror/zenodo.org/records/1/files/a.zip"]


def test_a_server_that_fails_is_asked_again_but_not_for_what_is_not_there(serve, target):
    prefix, paths = serve(503, 429)
    download(ADDRESS, target, SHA256, mirror=prefix, first_pause_s=0.01)
    assert len(paths) == 3
    target.unlink()
    prefix, paths = serve(404, 404)
    with pytest.raises(UserError, match=r"could not be downloaded .* set data\.mirror"):
        download(ADDRESS, target, SHA256, mirror=prefix, first_pause_s=0.01)
    assert len(paths) == 1
    assert not target.exists()


def test_an_answer_that_breaks_off_is_asked_for_again(serve, target):
    prefix, paths = serve(BROKEN, BROKEN)
    download(ADDRESS, target, None, mirror=prefix, first_pause_s=0.01)
    assert target.read_bytes() == CONTENT and len(paths) == 3


def test_a_server_may_say_where_else_the_file_lies(serve, target):
    prefix, paths = serve(302)
    download(ADDRESS, target, SHA256, mirror=prefix)
    assert target.read_bytes() == CONTENT and paths[1:] == ["/elsewhere"]


@pytest.mark.parametrize(
    ("checksum", "size", "reason"),
    [
        ("sha256:" + "0" * 64, None, "its bytes are not the published ones"),
        (SHA256, len(CONTENT) - 1, "truncated or another file"),
    ],
)
def test_wrong_bytes_leave_nothing_behind(mirror, target, checksum, size, reason):
    with pytest.raises(UserError, match=reason) as error:
        download(ADDRESS, target, checksum, size=size, mirror=str(mirror))
    assert "unfinished" not in str(error.value)
    assert list(target.parent.iterdir()) == []


def test_a_file_that_the_mirror_lacks_is_named(tmp_path, target):
    with pytest.raises(UserError, match=r"mirror lacks .*zenodo\.org/records/1/files/a\.zip"):
        download(ADDRESS, target, SHA256, mirror=str(tmp_path))


def test_what_no_second_attempt_mends_is_tried_once(target, no_waiting):
    with pytest.raises(UserError, match="could not be downloaded"):
        download(ADDRESS, target, SHA256, mirror="ftp://127.0.0.1/mirror")


@pytest.mark.parametrize("from_folder", [False, True])
def test_a_full_disk_is_told_at_once(serve, mirror, target, no_waiting, from_folder):
    prefix, paths = serve()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))  # as full as a disk can be
    try:
        with pytest.raises(UserError, match=r"a\.zip cannot be written .* make room"):
            download(ADDRESS, target, SHA256, mirror=str(mirror) if from_folder else prefix)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert len(paths) == (not from_folder) and list(target.parent.iterdir()) == []


@pytest.fixture
def no_waiting(monkeypatch):
    """A pause fails the test."""
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("waits for nothing"))


def test_a_download_is_as_new_as_it_is_and_its_owner_may_write_it(mirror, target):
    """Whatever was made from an older one is then stale, and the next one may replace it."""
    source = mirror / "zenodo.org/records/1/files/a.zip"
    os.utime(source, (0, 0))
    source.chmod(0o444)
    download(ADDRESS, target, SHA256, mirror=str(mirror))
    assert target.stat().st_mtime > 0 and target.stat().st_mode & stat.S_IWUSR


def test_letters_that_mean_something_in_an_address_reach_a_mirror_as_they_are(serve, target):
    prefix, paths = serve()
    download("https://a.org/one%23two%3F.zip", target, SHA256, mirror=prefix)
    assert paths == ["/mirror/a.org/one%23two%3F.zip"]


@pytest.mark.parametrize(
    "address",
    [
        *("http://a.org/b", "https://a.org/../b", "https://a.org/%2e%2e/b", "https://../b"),
        *("https://a.org", "https://a.org/", "https://a.org/b%00", "https://a.org\\..\\c/b"),
        *("https://[a.org/b", "https:///b"),
    ],
)
def test_only_plain_https_addresses_have_a_place(address):
    with pytest.raises(UserError, match="not a plain https address"):
        mirrored_path(address)


def test_the_query_and_escapes_do_not_reach_the_place():
    place = mirrored_path("https://zenodo.org/records/1/files/Cnn14_mAP%3D0.438.pth?download=1")
    assert str(place) == "zenodo.org/records/1/files/Cnn14_mAP=0.438.pth"
