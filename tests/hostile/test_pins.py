"""What is installed: pinned, hashed, from no named registry, and looked up among known faults."""

from __future__ import annotations

import json
import logging
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

import scan_pins
from mmer.acquire.advisories import Pin, read_pins
from mmer.errors import UserError

REPOSITORY = Path(__file__).parents[2]
LOCKS = sorted((REPOSITORY / "envs").glob("*.lock"))
SHA256 = re.compile(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)")


def entries(lock: Path) -> list[str]:
    """The requirements of a lock, continued lines joined, without comments."""
    text = re.sub(r"\s*#.*", "", lock.read_text("utf-8")).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_there_are_locks():
    assert REPOSITORY / "envs" / "requirements.lock" in LOCKS


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_entry_is_one_version_with_its_hashes(lock):
    assert entries(lock)
    for entry in entries(lock):
        assert re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*==[^\s;*]+(\s|$)", entry), entry
        assert SHA256.search(entry), entry
        assert entry.count("--hash=") == len(SHA256.findall(entry)), entry


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_an_address(lock):
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert not re.search(
        r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)", text, re.M
    )


def test_every_installation_enforces_the_hashes():
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    installs = re.findall(r"^.*\bpip (?:install|download)\b.*$", makefile, re.MULTILINE)
    assert len(installs) == 3
    assert all("--require-hashes" in line and "--no-deps" in line for line in installs)
    environment = yaml.safe_load((REPOSITORY / "envs" / "workflow.yaml").read_text("utf-8"))
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    assert "--require-hashes" in pip and "-r requirements.lock" in pip


def test_the_scan_is_part_of_lint():
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert "scan_pins.py --locks envs/*.lock" in lint[1]


def test_all_pins_of_all_locks_are_scanned():
    assert all(len(read_pins(lock)) == len(entries(lock)) for lock in LOCKS)


def test_a_lock_without_pins_is_refused(tmp_path):
    (tmp_path / "empty.lock").write_text("# nothing\n")
    with pytest.raises(UserError, match="pins nothing"):
        read_pins(tmp_path / "empty.lock")


@pytest.fixture
def database():
    """A database on this machine that answers with ``answer`` and keeps what it was asked."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked = [(q["package"]["name"], q["version"]) for q in asked["queries"]]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(server.answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def scan(tmp_path, address, *options):
    lock = tmp_path / "two.lock"
    lock.write_text(f"alpha==1.0 --hash=sha256:{'0' * 64}\nbeta==2.0 --hash=sha256:{'0' * 64}\n")
    told = ["--locks", str(lock), "--database", address, *options]
    scan_pins.main(scan_pins.parser.parse_args(told))
    return read_pins(lock)


def test_a_vulnerable_pin_is_named(tmp_path, database, caplog):
    database.answer = b'{"results": [{}, {"vulns": [{"id": "PYSEC-1"}]}]}'
    address = f"http://127.0.0.1:{database.server_port}"
    with caplog.at_level(logging.INFO):
        assert scan(tmp_path, address) == [Pin("alpha", "1.0"), Pin("beta", "2.0")]
    assert database.asked == [("alpha", "1.0"), ("beta", "2.0")]
    assert "beta 2.0: 'PYSEC-1'" in caplog.text
    assert "1 of 2 pins" in caplog.text
    with pytest.raises(UserError, match="1 pins have known"):
        scan(tmp_path, address, "--strict")


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"results": []}', b'{"results": [1, 2]}'])
def test_a_strange_answer_is_told_as_no_scan(tmp_path, database, caplog, answer):
    database.answer = answer
    scan(tmp_path, f"http://127.0.0.1:{database.server_port}", "--strict")
    assert "were NOT scanned" in caplog.text


def test_a_database_out_of_reach_is_told_and_fails_nothing(tmp_path, caplog):
    scan(tmp_path, "http://127.0.0.1:9", "--strict")
    assert "2 pins were NOT scanned for known vulnerabilities" in caplog.text
