"""One run at a time in a folder, and nothing to mend after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmer.runtime.errors import UserError
from mmer.runtime.run_lock import hold_folders

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
HOLDER = """
import sys, time
from pathlib import Path
from mmer.runtime.run_lock import hold_folders
locks = hold_folders(written=[Path(sys.argv[1])])
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_folder_in_use_is_refused_and_its_holder_named(holder, tmp_path):
    with pytest.raises(UserError, match=rf"in use by another run \(process {holder.pid} on "):
        hold_folders(written=[tmp_path / "run"])


def test_a_folder_that_another_writes_cannot_be_read(holder, tmp_path):
    with pytest.raises(UserError, match="in use"):
        hold_folders(written=[], read=[tmp_path / "run"])


def test_the_lock_of_a_killed_process_is_gone(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert hold_folders(written=[tmp_path / "run"])


def test_readers_share_a_folder_that_no_one_writes(tmp_path):
    readers = [hold_folders(written=[], read=[tmp_path]) for _ in range(2)]
    assert all(readers)
    with pytest.raises(UserError, match="in use"):
        hold_folders(written=[tmp_path])


def test_closed_files_hold_nothing(tmp_path):
    for file in hold_folders(written=[tmp_path]):
        file.close()
    assert hold_folders(written=[tmp_path])


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be written \(Not a directory\)"):
        hold_folders(written=[tmp_path / "file" / "run"])
