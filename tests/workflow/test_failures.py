"""What fails around a run: a plain message, the rest goes on, a later run makes what is missing."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import pytest

from .planned_jobs import Jobs, jobs, read_plan, together
from .project import Project
from .test_bad_input import AUDIO as AUDIO_OF
from .test_bad_input import archive

pytestmark = pytest.mark.slow

AUDIO = [AUDIO_OF[speaker] for speaker in ("01", "02", "03")]
RUN = shlex.join(
    [sys.executable, "-m", "snakemake", "--cores", "2", *AUDIO, "--configfile", "tiny.yaml"]
)
ROOM = "1400k"
"""Enough for the clips of one speaker or two, not of three."""


def in_own_mounts(project: Project, script: str) -> str:
    """Run a script that may mount; what it mounts is its own and goes with it; its output.

    A user needs no rights for that where the kernel allows user namespaces.
    """
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        allowed = subprocess.run([*namespace, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("this system lets no user have mounts of his own")
    done = project.command(*namespace, "bash", "-c", script)
    return done.stdout + done.stderr


def planned(project: Project) -> Jobs:
    """What the next run would do for the audio of three speakers."""
    return read_plan(project.dry_run(*AUDIO))


@pytest.mark.long
def test_a_full_disk(project):
    """One that holds the clips of some speakers; once it has room, the others' are made."""
    text = in_own_mounts(
        project,
        f"exec 2>&1; mkdir -p results/tiny && mount -t tmpfs -o size={ROOM} tmpfs results/tiny; "
        f"{RUN}; echo '# more room'; mount -o remount,size=1g results/tiny; {RUN}; "
        f"echo '# and again'; {RUN}; ls {' '.join(AUDIO)}",
    )
    full, _, rest = text.partition("# more room")
    room, _, again = rest.partition("# and again")
    assert "cannot be written (No space left on device): make room" in full, full[-4000:]
    assert "Traceback" not in full
    made = full.count("(Rule: extract_speaker)")
    assert 0 < made < 3
    assert room.count("(Rule: extract_speaker)") == 3 - made, room[-4000:]
    assert "Nothing to be done" in again
    assert all(path in again for path in AUDIO)


def test_a_read_only_folder_of_results(project):
    """Refused before any job is started."""
    text = in_own_mounts(
        project,
        "mkdir -p results/tiny && mount --bind results/tiny results/tiny "
        f"&& mount -o remount,ro,bind results/tiny; {RUN}",
    )
    assert "results/tiny cannot be written (Read-only file system)" in text, text[-3000:]
    assert "Traceback" not in text
    assert "rule extract_speaker" not in text
    assert list(project.results.iterdir()) == []


@pytest.mark.long
def test_a_mirror_that_vanished(project):
    """What was downloaded goes on; what was not says so, and is fetched when it is back."""
    mirror = project.folder / "mirror"
    project.run(archive("02").replace("mirror/", "downloads/"))
    shutil.move(mirror, project.folder / "elsewhere")
    text = project.run(*AUDIO)
    assert text.count("the mirror lacks mirror/zenodo.org") == 2
    assert "Traceback" not in text
    assert (project.folder / AUDIO[1]).exists()
    assert not (project.folder / AUDIO[0]).exists()
    shutil.move(project.folder / "elsewhere", mirror)
    missing = ["01", "03"]
    archives = [f"Video_Speech_Actor_{speaker}.zip" for speaker in missing]
    assert planned(project) == together(
        jobs("download_archive", "1188976", archives),
        *(jobs(rule, missing) for rule in ("extract_speaker", "prepare_films")),
    )
