"""The authors' published posteriors through the very rules that our own models pass."""

from __future__ import annotations

import json
import re

import pytest

from .project import copy_project

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def printed(tmp_path_factory, published_mirror):
    """What the run prints."""
    project = copy_project(tmp_path_factory.mktemp("published") / "project")
    done = project.snakemake(
        "--configfile",
        "config/published.yaml",
        "--config",
        f"data={json.dumps({'mirror': str(published_mirror)})}",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize(
    ("system", "accuracy"),
    [
        (r"wav2vec2 \(published", "81.82"),
        (r"action units, bi-LSTM", "62.13"),
        (r"action units, MLP", "60.22"),
        (r"late fusion \(published", "86.70"),
        (r"late fusion, three systems, minmax inputs", "86.70"),
    ],
)
def test_the_published_accuracies_are_printed_beside_the_later_papers(printed, system, accuracy):
    row = re.search(rf"^\| {system}.*$", printed, re.MULTILINE)
    assert row is not None
    cells = [cell.strip(" *").partition(" ")[0] for cell in row[0].split("|")]
    assert cells[2:6] == [accuracy, accuracy, cells[4], "reproduced"]
    assert abs(float(cells[4].replace("\N{MINUS SIGN}", "-"))) < 0.005


def test_cochrans_q_and_the_pairwise_tests_are_printed(printed):
    # The best fusion is the whole grid's, which those who are tested chose.
    best = "wav2vec2/full, au_bilstm/full, three_systems_whole_grid/unscaled"
    assert re.search(rf"Cochran's Q \| {best}", printed)
    assert len(re.findall(r"^\| McNemar .*< 0\.001 \|$", printed, re.MULTILINE)) == 3


def test_the_source_is_named(printed):
    assert "posteriors published by the paper's authors" in printed
