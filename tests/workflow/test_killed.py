"""Killed is not lost (contract 5): the same command finishes, with the same numbers."""

from __future__ import annotations

import copy
import os
import random
import re
import shutil
import signal
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from demo.affectnet import IMAGES

from mmer.ragged import read_ragged

from .killing import (
    Moment,
    kill_group,
    read_all_files,
    run_and_kill,
    standing_still_at,
    start,
    wait_for,
)
from .planned_jobs import read_plan
from .project import Project
from .tiny import TINY

pytestmark = [pytest.mark.slow, pytest.mark.long]

TINY_RUN = ("--configfile", "tiny.yaml")


def configure(project: Project, tiny: dict, name: str = "tiny.yaml") -> None:
    """Write a configuration that keeps a checkpoint after every evaluation."""
    compute = {**tiny["compute"], "checkpoint_seconds": 0}
    (project.folder / name).write_text(yaml.safe_dump({**tiny, "compute": compute}))


def moments(project: Project, seed: int, count: int) -> list[Moment]:
    """Seeded moments of runs that follow each other, spread over all jobs from first to last."""
    jobs = sum(map(len, read_plan(project.dry_run()).values()))
    draw = random.Random(seed)
    places = [
        draw.randrange(part * jobs // count, (part + 1) * jobs // count) for part in range(count)
    ]
    return [
        Moment(place - before, draw.uniform(0, 1.5)) for before, place in pairwise([0, *places])
    ]


def kill_again_and_again(project: Project, planned: list[Moment]) -> str:
    """Kill at every moment, then let the run end; the log of it all."""
    told = []
    for moment in planned:
        killed = run_and_kill(project, moment, *TINY_RUN)
        told.append(f"{killed or 'ended before'}; {read_all_files(project)} whole files")
    done = project.snakemake(*TINY_RUN)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-4000:]
    assert "unlock" not in text
    told.append("the same command finished")
    return "\n".join(told)


def results_of(project: Project, *parts: str) -> dict[str, bytes]:
    """The tables under some folders of the results, by path."""
    return {
        str(file.relative_to(project.results)): file.read_bytes()
        for part in parts
        for file in sorted((project.results / part).rglob("*.csv"))
    }


def has_ended_like(project: Project, finished: Project, parts: tuple[str, ...]) -> None:
    """The same numbers as the uninterrupted run, nothing left to do, nothing left behind."""
    found, expected = results_of(project, *parts), results_of(finished, *parts)
    assert found
    assert found.items() <= expected.items()
    assert read_plan(project.dry_run()) == {}
    assert not list(project.folder.rglob("*.unfinished"))
    assert not list(project.folder.glob("results/tiny/checkpoints/*"))


@pytest.mark.parametrize(("seed", "count"), [(2020, 3), (1, 20), (2, 20)])
def test_a_run_killed_again_and_again_ends_like_an_uninterrupted_one(
    project, finished, seed, count, kills_log
):
    configure(project, TINY)
    told = kill_again_and_again(project, moments(project, seed, count))
    kills_log(f"seed {seed}\n{told}\n")
    has_ended_like(project, finished, ("predictions", "fusion", "evaluation"))


def test_a_killed_training_goes_on_from_its_checkpoint(finished, tmp_path):
    project = finished.copied_to(tmp_path / "project")
    models = copy.deepcopy(TINY["models"])
    models["cnn14_fine_tuned"]["settings"] |= {"max_iterations": 400, "evaluate_every": 2}
    configure(project, {**TINY, "models": models})
    place = "cnn14_fine_tuned/full/fold0"
    trained = [
        project.results / "predictions" / f"{place}.csv",
        project.results / "models" / place / "history.csv",
    ]
    command = [str(trained[0].relative_to(project.folder)), *TINY_RUN]
    process = start(project, *command)
    wait_for(lambda: bool(list(project.results.glob("checkpoints/*.safetensors"))))
    kill_group(process)
    assert not trained[0].exists()
    assert project.snakemake(*command).returncode == 0
    log = project.results / "logs" / "train_cnn14" / f"{place.replace('/', '_')}.log"
    goes_on = re.search(r"training goes on from step (\d+)", log.read_text())
    assert goes_on and 0 < int(goes_on[1]) < 400
    resumed = [file.read_bytes() for file in trained]
    for file in trained:
        file.unlink()
    done = project.snakemake(*command, "--forcerun", "train_cnn14")
    assert done.returncode == 0
    assert [file.read_bytes() for file in trained] == resumed


def test_a_kill_inside_a_block_of_pictures_loses_only_the_blocks_that_are_not_done(project):
    corpora = {**TINY["corpora"], "affectnet": {"blocks": 6, "held_out": "published_list"}}
    project.configure(corpora=corpora)
    learned = "models/affectnet_emotion/model.safetensors"
    command = [f"results/tiny/{learned}", *TINY_RUN]
    undisturbed = project.copied_to(project.folder.with_name("undisturbed"))
    assert undisturbed.snakemake(*command).returncode == 0
    every_block = blocks_done(undisturbed)
    assert len(every_block) == 12
    inside = read_ragged([undisturbed.results / "prepared/affectnet/frames/block03.npz"]).items[5]

    with standing_still_at(project.folder / "affectnet" / IMAGES / inside) as is_reached:
        process = start(project, *command, "--cores", "3")  # its pictures and its maps, and others
        wait_for(lambda: len(blocks_done(project)) >= 3 and is_reached())
        kill_group(process)
    kept = blocks_done(project)
    lost = every_block.keys() - kept.keys()
    assert kept and lost & {("frames", "block03"), ("saliency", "block03")}

    planned = read_plan(project.dry_run(*command))
    again = {("frames", block) for _, block in planned["prepare_pictures"]}
    again |= {("saliency", block) for _, block in planned["map_saliency"]}
    assert lost <= again
    assert len(again - lost) <= 1  # written so late that the engine did not know
    assert project.snakemake(*command).returncode == 0
    written = blocks_done(project)
    assert {block for block in kept if written[block] != kept[block]} <= again - lost
    for made in ["models", "prepared"]:
        files = [file for file in (undisturbed.results / made).rglob("*") if file.is_file()]
        for file in files:
            other = project.results / file.relative_to(undisturbed.results)
            assert other.read_bytes() == file.read_bytes(), other


def blocks_done(project: Project) -> dict[tuple[str, str], int]:
    """When the pictures and the maps of each block were written, in nanoseconds."""
    files = (project.results / "prepared" / "affectnet").glob("*/block*.npz")
    return {(file.parent.name, file.stem): file.stat().st_mtime_ns for file in files}


def test_a_second_run_beside_a_living_one_is_refused_and_harms_nothing(project):
    targets = [f"results/tiny/prepared/audio/{speaker}.npz" for speaker in ("01", "02")]
    first = start(project, *targets, *TINY_RUN)
    wait_for(lambda: (project.results / ".lock").exists())
    os.killpg(first.pid, signal.SIGSTOP)  # so that it does not end before it is met
    second = project.snakemake(*targets, *TINY_RUN)
    text = second.stdout + second.stderr
    os.killpg(first.pid, signal.SIGCONT)
    assert second.returncode != 0
    assert f"is in use by another run (process {first.pid} on" in text
    assert "Traceback" not in text
    output, _ = first.communicate()
    assert first.returncode == 0, output
    assert read_all_files(project) > 0
    assert project.snakemake(*targets, *TINY_RUN).returncode == 0


def test_another_run_of_the_same_project_may_go_on_beside_it(project):
    """It has a folder of its own; what it reads of the downloads nobody writes meanwhile."""
    target = "prepared/audio/01.npz"
    assert project.snakemake(f"results/tiny/{target}", *TINY_RUN).returncode == 0
    project.configure("other.yaml", run="other")
    shutil.rmtree(project.folder / "results")
    first = start(project, f"results/tiny/{target}", *TINY_RUN)
    wait_for(lambda: (project.results / ".lock").exists())
    second = project.snakemake(f"results/other/{target}", "--configfile", "other.yaml")
    assert second.returncode == 0, second.stdout + second.stderr
    first.communicate()
    assert first.returncode == 0


@pytest.fixture
def kills_log(tmp_path_factory):
    """A function that keeps what the kills met in one file and prints it."""

    def keep(text: str) -> None:
        path = Path(tmp_path_factory.getbasetemp()) / "kills.log"
        with path.open("a") as log:
            log.write(text)
        print(f"\n{text}also in {path}")  # noqa: T201

    return keep
