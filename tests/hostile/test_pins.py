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
    assert len(installs) == 4
    assert all("--require-hashes" in line and "--no-deps" in line for line in installs)
    environment = yaml.safe_load((REPOSITORY / "envs" / "workflow.yaml").read_text("utf-8"))
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    assert "--require-hashes" in pip and "-r requirements.lock" in pip


def test_the_scan_is_part_of_lint():
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert "scan_pins.py envs/*.lock" in lint[1]


@pytest.fixture
def database():
    """A database on this machine that knows ``answers`` by package and keeps what it was asked."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            pin = (asked["package"]["name"], asked["version"])
            server.asked.add(pin)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(server.answers.get(pin[0], b"{}"))

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    server.asked, server.answers = set(), {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def scan(tmp_path, port: int) -> int:
    """The status of a scan of two pins."""
    lock = tmp_path / "two.lock"
    lock.write_text(f"alpha==1.0 --hash=sha256:{'0' * 64}\nbeta==2.0 --hash=sha256:{'0' * 64}\n")
    told = [str(lock), "--database", f"http://127.0.0.1:{port}"]
    return scan_pins.main(scan_pins.parser.parse_args(told))


def test_a_vulnerable_pin_is_named_and_fails(tmp_path, database, caplog):
    affected = {"package": {"name": "beta", "ecosystem": "PyPI"}, "versions": ["2.0"]}
    known = {"id": "PYSEC-1", "summary": "bad", "affected": [affected]}
    database.answers["beta"] = json.dumps({"vulns": [known]}).encode()
    with caplog.at_level(logging.INFO):
        assert scan(tmp_path, database.server_port) == 1
    assert database.asked == {("alpha", "1.0"), ("beta", "2.0")}
    assert "beta 2.0: 'PYSEC-1'" in caplog.text
    assert "1 of 2 pins" in caplog.text


def test_pins_of_which_nothing_is_known_pass(tmp_path, database, caplog):
    with caplog.at_level(logging.INFO):
        assert scan(tmp_path, database.server_port) == 0
    assert "0 of 2 pins" in caplog.text


def test_a_strange_answer_is_told_as_no_scan(tmp_path, database, caplog):
    database.answers["beta"] = b"[1, 2"
    assert scan(tmp_path, database.server_port) == 0
    assert "were NOT scanned" in caplog.text


def test_a_database_out_of_reach_is_told_and_fails_nothing(tmp_path, caplog):
    assert scan(tmp_path, 9) == 0
    assert "were NOT scanned for known vulnerabilities" in caplog.text
