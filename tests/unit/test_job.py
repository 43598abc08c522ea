"""What a job is told, and that its log says it in a form that can be told again."""

from __future__ import annotations

import logging

import pytest

from mmer.models.job import ModelJob
from mmer.runtime.job import read_job, run_job

TOLD = """{"version": "1", "family": "own", "step": "train", "model": "mine", "variant": "full",
 "task": {"kind": "classes", "names": ["calm", "wild"], "column": "mood"}, "seed": 7,
 "splits": {"fold0": {"name": "fold0", "train": ["a"], "choose": ["b"], "test": ["b"]}},
 "inputs": {"items": ["items.csv"]}, "outputs": {"model": {"fold0": "model.safetensors"}}}"""


@pytest.mark.parametrize("in_a_file", [False, True])
def test_what_a_log_begins_with_is_the_job_again(in_a_file, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    (tmp_path / "job.json").write_text(TOLD)
    given = str(tmp_path / "job.json") if in_a_file else TOLD
    monkeypatch.setattr("sys.argv", ["run_model", given])
    done: list[ModelJob] = []
    run_job(ModelJob, done.append, None)
    _, _, logged = caplog.messages[0].partition("told: ")
    assert done == [read_job(ModelJob, TOLD)] == [read_job(ModelJob, logged)]
