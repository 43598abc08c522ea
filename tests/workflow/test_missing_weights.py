"""Weights that cannot be had: their rows stay in the tables and say why; the rest completes."""

from __future__ import annotations

import pandas as pd
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bad input")]


def test_rows_without_weights_are_not_run_and_the_rest_is(project):
    project.configure(
        models={
            "cnn14_fine_tuned": {"settings": {"weights": "panns_cnn14_16k"}},
            "stn_fine_tuned": {"of": None, "settings": {"max_epochs": 1}},
        },
        data={"mirror": "mirror", "downloads": "downloads"},
        systems=["cnn14_fine_tuned/full", "affectnet_max_voting/full", "stn_max_voting/full"],
        fusion={
            "pairings": {
                "full": ["cnn14_fine_tuned/full", "stn_max_voting/full"],
                "vad": None,
                "mixed": None,
            }
        },
    )
    project.run()
    verdicts = pd.read_csv(
        project.folder / "results" / "tiny" / "evaluation" / "summary.csv", index_col="system"
    )["verdict"]
    assert verdicts["cnn14_fine_tuned/full"].startswith("not run: weights missing (panns_cnn14_16k")
    assert verdicts["affectnet_max_voting/full"].startswith(
        "not run: weights missing (affectnet_emotion: no network of AffectNet's emotion"
    )
    assert verdicts["full"].startswith("not run: weights missing (panns_cnn14_16k")
    assert "not run" not in str(verdicts["stn_max_voting/full"])
    page = (project.folder / "results" / "tiny" / "tables" / "speech.html").read_text("utf-8")
    assert "not run: weights missing" in page
