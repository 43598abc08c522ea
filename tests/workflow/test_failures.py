"""What fails around a run: a plain message, the rest goes on, a later run makes what is missing."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import pytest

from .conftest import Project
from .planned_jobs import jobs, read_plan, together
from .test_bad_input import ARCHIVE, AUDIO, spoil_archive

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bad input")]

RUN = shlex.join(
    [sys.executable, "-m", "snakemake", "--cores", "2", *AUDIO, "--configfile", "tiny.yaml"]
)
CLIPS = "results/tiny/clips"
ROOM = "1400k"
"""Enough for the clips of one actor or two, not of three."""


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


def planned(project: Project) -> dict[str, set[tuple[str, ...]]]:
    """What the next run would do for the audio of three actors."""
    done = project.snakemake("-n", *AUDIO, "--configfile", "tiny.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return read_plan(done.stdout + done.stderr)


def test_a_full_disk(project):
    """One that holds the clips of some actors; once it has room, the others' are made."""
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
    made = full.count("(Rule: extract_actor)")
    assert 0 < made < 3
    assert room.count("(Rule: extract_actor)") == 3 - made, room[-4000:]
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
    assert "rule extract_actor" not in text
    assert list((project.folder / "results" / "tiny").iterdir()) == []
    assert "extract_actor" in planned(project)


def test_a_mirror_that_vanished(project):
    """What was downloaded goes on; what was not says so, and is fetched when it is back."""
    mirror = project.folder / "mirror"
    project.run(ARCHIVE.replace("mirror/", "downloads/"))
    shutil.move(mirror, project.folder / "elsewhere")
    text = project.run(*AUDIO)
    assert text.count("the mirror lacks mirror/zenodo.org") == 2
    assert "Traceback" not in text
    assert (project.folder / AUDIO[1]).exists()
    assert not (project.folder / AUDIO[0]).exists()
    shutil.move(project.folder / "elsewhere", mirror)
    missing = ["01", "03"]
    assert planned(project) == together(
        *(jobs(rule, missing) for rule in ("download_actor", "extract_actor", "prepare_media"))
    )


def test_a_vanished_mirror_makes_no_rows_without_weights(project):
    """A row says that weights are missing where a mirror lacks them, not where there is none."""
    project.configure(models={"cnn14_fine_tuned": {"settings": {"weights": "panns_cnn14_16k"}}})
    shutil.rmtree(project.folder / "mirror")
    done = project.snakemake("-n", "--configfile", "tiny.yaml")
    plan = read_plan(done.stdout + done.stderr)
    assert len(plan["train_cnn14"]) == 4


def test_a_clip_in_the_middle_of_an_actor_that_breaks_off(project):
    def break_off(members):
        names = sorted(name for name in members if "/01-01-" in name)
        middle = names[len(names) // 2]
        return {**members, middle: members[middle][: len(members[middle]) // 2]}

    spoil_archive(project, break_off)
    text = project.run(*AUDIO)
    assert "cannot be decoded as a video" in text
    assert "Traceback" not in text
    assert [path for path in AUDIO if (project.folder / path).exists()] == [AUDIO[0], AUDIO[2]]
    assert planned(project) == jobs("prepare_media", "02")
    clips = (project.folder / CLIPS / "Actor_02").glob("*.mp4")
    broken, *_, whole = sorted(clips, key=lambda clip: clip.stat().st_size)
    shutil.copy(whole, broken)
    project.run(*AUDIO)
    assert (project.folder / AUDIO[1]).exists()
    assert planned(project) == {}
