"""The grid of architectures: each training stands alone, and the best mean score wins."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import subprocess
import sys
import threading
import time
from multiprocessing.context import SpawnProcess
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.pictured_items import TASK, item_table, load

from mmer.models.networks.bilstm_grid import (
    ATTENTION,
    POSTERIORS,
    WEIGHTS,
    TrainedArchitecture,
    architectures_table,
    best_architecture,
    chosen_for_other,
    train_architectures,
)
from mmer.models.networks.bilstm_training import StoredSequences, store_sequences
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.sequence_settings import Architecture, BiLstmSettings
from mmer.protocol import Split
from mmer.runtime.errors import UserError
from mmer.training.workers import grid_workers

REPOSITORY = Path(__file__).parents[2]
SMALL = Architecture(layers=1, units=3, attention_layers=1)
LARGE = Architecture(layers=2, units=4, attention_layers=2)
LEFT = (WEIGHTS, ATTENTION, POSTERIORS)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch) -> None:
    monkeypatch.setenv("MMER_DEVICE", "cpu")


@pytest.fixture(scope="module")
def sequences(tmp_path_factory) -> StoredSequences:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("features") / "features"
    return store_sequences(GuidedSpatialTransformer(8), load(), "fc50", file)


def _train(sequences: StoredSequences, folder: Path, *sizes: Architecture, workers=None):
    settings = BiLstmSettings(layer="fc50", architectures=sizes, batch_size=4, max_epochs=3)
    return train_architectures(sequences, settings, 1, folder, workers)


def _left_by(by_part: dict[str, TrainedArchitecture]) -> list[bytes]:
    (trained,) = by_part.values()
    return [(trained.folder / file).read_bytes() for file in LEFT]


def test_an_architecture_does_not_depend_on_what_is_trained_beside_it(sequences, tmp_path):
    (alone,) = _train(sequences, tmp_path / "alone", LARGE)
    _, beside = _train(sequences, tmp_path / "beside", SMALL, LARGE)
    assert _left_by(alone) == _left_by(beside)


@pytest.mark.slow
def test_side_by_side_gives_the_numbers_of_one_after_the_other(sequences, tmp_path):
    one_by_one = _train(sequences, tmp_path / "one", SMALL, LARGE)
    with grid_workers(2) as workers:
        together = _train(sequences, tmp_path / "two", SMALL, LARGE, workers=workers)
    assert [_left_by(each) for each in one_by_one] == [_left_by(each) for each in together]
    assert [each["test"].history for each in one_by_one] == [
        each["test"].history for each in together
    ]


def test_a_finished_training_is_not_repeated(sequences, tmp_path, caplog):
    (first,) = _train(sequences, tmp_path, SMALL)
    with caplog.at_level("INFO"):
        (again,) = _train(sequences, tmp_path, SMALL)
    assert "training goes on from step 6, epoch 3" in caplog.text
    assert again["test"].history == first["test"].history


# Workers


def train_much(folder: Path) -> None:
    """Train two architectures side by side on 65 MiB of features."""
    names = [f"{place}_{speaker}" for place in "ab" for speaker in ("s1", "s2", "s3")]
    frames, width = 3_600, 810
    file = folder / "features"
    random = np.random.default_rng(0)
    file.write_bytes(random.random((len(names) * frames, width), np.float32).tobytes())
    sequences = StoredSequences(
        task=TASK,
        items=item_table(names),
        part=np.array(["train", "train", "test"] * 2),
        choosing_parts=("test",),
        offsets=np.arange(len(names) + 1) * frames,
        rate=30.0,
        file=file,
    )
    settings = BiLstmSettings(architectures=(SMALL, LARGE), max_epochs=1)
    with grid_workers(2) as workers:
        assert len(train_architectures(sequences, settings, 1, folder, workers)) == 2


def sleep_side_by_side() -> None:
    """Tell the process of a worker that sleeps."""
    with grid_workers(2) as workers:
        process = workers.submit(os.getpid).result()
        sleeping = [workers.submit(time.sleep, 60) for _ in range(2)]
        while not all(each.running() for each in sleeping):
            time.sleep(0.1)
        os.write(1, f"{process}\n".encode())


def _started(*command: object) -> subprocess.Popen:
    """A process of its own, which can be limited or killed."""
    paths = f"{REPOSITORY}:{REPOSITORY / 'workflow_scripts'}"
    return subprocess.Popen(
        [str(word) for word in command],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.long
def test_a_grid_needs_little_shared_memory_and_few_descriptors(tmp_path):
    """As little as a container gives."""
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("this system lets no user have mounts of his own")
    limits = "mount -t tmpfs -o size=64m tmpfs /dev/shm && ulimit -n 128"
    program = f"from tests.unit.{Path(__file__).stem} import *; train_much(Path({str(tmp_path)!r}))"
    limited = f"{limits} && {shlex.join([sys.executable, '-c', program])}"
    run = _started(*namespace, "bash", "-c", limited)
    said, _ = run.communicate()
    assert run.returncode == 0, said[-3000:]


def test_a_killed_worker_ends_the_grid_in_one_sentence(sequences, tmp_path):
    def kill_one() -> None:
        while not multiprocessing.active_children():
            time.sleep(0.01)
        multiprocessing.active_children()[0].kill()

    threading.Thread(target=kill_one, daemon=True).start()
    told = "was killed, most likely for want of memory"
    with pytest.raises(UserError, match=told), grid_workers(2) as workers:
        _train(sequences, tmp_path, SMALL, LARGE, workers=workers)


def test_a_worker_that_starts_while_another_is_killed_does_not_stay(
    sequences, tmp_path, monkeypatch
):
    start = SpawnProcess.start

    def start_and_kill_the_others(self: SpawnProcess) -> None:
        others = multiprocessing.active_children()
        start(self)
        for other in others:
            other.kill()
            time.sleep(1)  # the pool ends the workers that it knows, and this one is not told yet

    monkeypatch.setattr(SpawnProcess, "start", start_and_kill_the_others)
    with pytest.raises(UserError, match="was killed"), grid_workers(2) as workers:
        _train(sequences, tmp_path, SMALL, LARGE, workers=workers)
    for process in multiprocessing.active_children():
        process.join(timeout=5)
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them():
    program = f"from tests.unit.{Path(__file__).stem} import sleep_side_by_side as s; s()"
    run = _started(sys.executable, "-c", program)
    worker = Path("/proc") / run.stdout.readline().strip()
    assert worker.is_dir()
    run.kill()
    run.wait()
    ends = time.monotonic() + 20
    while worker.is_dir() and time.monotonic() < ends:
        time.sleep(0.1)
    assert not worker.is_dir()


def _scored(size: Architecture, accuracy: float) -> TrainedArchitecture:
    """A training with a made-up score."""
    history = [{"epoch": 1, "accuracy": accuracy, "f1": 1 - accuracy, "kept": 1.0}]
    return TrainedArchitecture(size, history, test_items=3, folder=Path())


@pytest.mark.parametrize(("choose_by", "winner"), [("accuracy", LARGE), ("f1", SMALL)])
def test_the_best_mean_over_the_splits_is_chosen(choose_by, winner):
    grid = {
        "a": [_scored(SMALL, 0.6), _scored(LARGE, 0.5)],
        "b": [_scored(SMALL, 0.2), _scored(LARGE, 0.4)],
    }
    assert best_architecture(grid, choose_by) == winner
    equals = {"a": [_scored(LARGE, 0.5), _scored(SMALL, 0.5)]}
    assert best_architecture(equals, choose_by) == LARGE


def test_the_table_has_a_row_per_training():
    grid = {split: [_scored(SMALL, score)] for split, score in (("a", 0.25), ("b", 1))}
    table = architectures_table(grid)
    assert table["accuracy"].tolist() == [25, 100]
    assert table["architecture"].tolist() == ["1x3_attention1"] * 2
    assert table["test_items"].tolist() == [3, 3]


def test_the_two_splits_of_a_nested_training_exchange_what_was_chosen_for_them():
    parts = {"by": "speaker", "train": ("c", "d")}
    splits = {
        "pair0_1_a": Split(name="pair0_1_a", test=("a",), choose=("b",), **parts),
        "pair0_1_b": Split(name="pair0_1_b", test=("b",), choose=("a",), **parts),
    }
    chosen = {"pair0_1_a": SMALL, "pair0_1_b": LARGE}
    assert chosen_for_other(chosen, splits) == {"pair0_1_a": LARGE, "pair0_1_b": SMALL}
    alone = {"fold0": Split(name="fold0", test=("a",), choose=("a",), **parts)}
    assert chosen_for_other({"fold0": SMALL}, alone) == {"fold0": SMALL}
