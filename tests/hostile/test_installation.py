"""The environment is installed from exactly the files that the lock names, or not at all.

A small package of our own stands on the shelf, so that no index is needed; the commands are the
Makefile's.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
WHEEL = "pinned_thing-1.0-py3-none-any.whl"
CODE = b"MARK = 'as it was published'\n"


def write_wheel(path: Path, code: bytes) -> None:
    """A package of one module."""
    info = "pinned_thing-1.0.dist-info"
    files = {
        "pinned_thing.py": code,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: pinned-thing\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD"
    files[record] = "".join(map(recorded, files.items())).encode() + f"{record},,\n".encode()
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


def recorded(file: tuple[str, bytes]) -> str:
    """A file's line in the wheel's own list."""
    name, text = file
    digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(text)}\n"


@pytest.fixture
def project(tmp_path) -> Path:
    """A clone whose lock names the one package, which lies on a shelf instead of an index."""
    (tmp_path / "shelf").mkdir()
    write_wheel(tmp_path / "shelf" / WHEEL, CODE)
    (tmp_path / "envs").mkdir()
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    return tmp_path


def install(project: Path, lock: str) -> subprocess.CompletedProcess[str]:
    """``make environment`` from that lock, the shelf being all that pip may look at."""
    (project / "envs" / "requirements.lock").write_text(lock)
    return subprocess.run(
        ["make", "environment", f"PYTHON={sys.executable}"],
        cwd=project,
        env={
            **os.environ,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(project / "shelf"),
        },
        capture_output=True,
        text=True,
    )


def installed(project: Path) -> bool:
    """Whether the package is there, or the environment counts as made."""
    ready = (project / ".venv" / ".ready").exists()
    there = any((project / ".venv").glob("lib/*/site-packages/pinned_thing.py"))
    assert ready == there
    return ready


def locked(project: Path) -> str:
    """The lock's line for the package on the shelf as it is now."""
    digest = hashlib.sha256((project / "shelf" / WHEEL).read_bytes()).hexdigest()
    return f"pinned-thing==1.0 --hash=sha256:{digest}\n"


def test_a_package_exchanged_after_it_was_locked_is_refused_and_the_locked_one_installed(project):
    lock = locked(project)
    wheel = project / "shelf" / WHEEL
    published = wheel.read_bytes()
    write_wheel(wheel, CODE + b"# and something else\n")
    done = install(project, lock)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not installed(project)
    wheel.write_bytes(published)
    done = install(project, lock)
    assert done.returncode == 0, done.stdout + done.stderr
    assert installed(project)
