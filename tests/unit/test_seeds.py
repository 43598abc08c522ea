"""Several seeds: what is repeated, where it lies, and how far apart it is."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from tests.plans import checked, planned

from mmer.evaluation.seeds import SeedsJob, compare_seeds, components
from mmer.evaluation.settings import EvaluationSettings
from mmer.items import items_table, write_items
from mmer.plan.rules import model_rules
from mmer.report.evaluation_folder import read_table
from mmer.report.seeds_table import seeds_table
from mmer.runtime.errors import UserError

FUSED = {"pairings": {"vad": ["cnn14_fine_tuned/vad", "stn_bilstm_flatten810/vad"]}}
SYSTEMS = ["zero_rule", "panns_svc", "cnn14_fine_tuned", "stn_bilstm_flatten810", "stn_max_voting"]
ONE = planned(systems=SYSTEMS, fusion=FUSED)
SEVERAL = planned(systems=SYSTEMS, fusion=FUSED, seeds=[2020, 2021, 7])


# Plan


def test_the_first_seed_is_told_and_written_as_if_it_were_the_only_one():
    for model in ("cnn14_fine_tuned", "stn_fine_tuned"):
        assert SEVERAL.models.told(model, "train", "vad", "fold1") == ONE.models.told(
            model, "train", "vad", "fold1"
        )
    for told in ("told_of_evaluation", "told_of_fusion"):
        given = (None, "paper") if told == "told_of_evaluation" else ("vad", "minmax", "paper")
        assert getattr(SEVERAL.systems, told)(*given) == getattr(ONE.systems, told)(*given)
    assert SEVERAL.systems.evaluation_tables("paper") == ONE.systems.evaluation_tables("paper")


def test_another_seed_is_another_training_in_files_of_its_own():
    told = json.loads(
        SEVERAL.models.told("cnn14_fine_tuned", "train", "vad", "fold1", repeat="seed7/")
    )
    first = json.loads(SEVERAL.models.told("cnn14_fine_tuned", "train", "vad", "fold1"))
    assert (first["seed"], told["seed"]) == (2020, 7)
    assert told["outputs"]["predictions"] == {
        "fold1": "results/paper/predictions/cnn14_fine_tuned/vad/seed7/fold1.csv"
    }
    assert told["outputs"]["model"]["fold1"].endswith("fold1/seed7/model.safetensors")
    assert told["checkpoint"] != first["checkpoint"]
    assert told["inputs"] == first["inputs"]


def test_what_reads_a_training_reads_that_of_its_own_seed():
    voted = SEVERAL.models.inputs("stn_max_voting", "vote", "vad", repeat="seed7/")
    assert voted["frame_logits"] and all("/seed7/" in path for path in voted["frame_logits"])
    fused = SEVERAL.systems.pairing_inputs("vad", "paper", "seed7/")
    assert all("/seed7/" in path for by_split in fused.values() for path in by_split.values())
    told = json.loads(SEVERAL.systems.told_of_fusion("vad", "minmax", "paper", "seed7/"))
    assert told["predictions"] == "results/paper/fusion/vad/minmax/seed7/predictions.csv"


def test_what_has_nothing_random_is_made_once():
    systems = {s["name"]: s for s in SEVERAL.systems.systems_under("paper", "seed7/")}
    first = {s["name"]: s for s in SEVERAL.systems.systems_under("paper")}
    alike = {name for name in systems if systems[name] == first[name]}
    assert alike == {"zero_rule/full", "panns_svc/full", "panns_svc/vad"}
    told = json.loads(SEVERAL.seeds.told("paper"))
    assert set(told["random"]) == {*systems, "vad/minmax", "vad/unscaled"} - alike
    assert told["predictions"]["7"] == "results/paper/evaluation/seed7/predictions.csv"


def test_rules_know_seeds_only_where_there_are_several():
    patterns = {rule.name: rule.outputs for rule in model_rules(SEVERAL.models)}
    assert all("{repeat}" in path for path in patterns["train_cnn14"])
    assert not any("{repeat}" in path for path in patterns["classify_support_vector"])
    single = [path for rule in model_rules(ONE.models) for path in rule.outputs]
    assert not any("{repeat}" in path for path in single)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [([1, 2], "begins with 1, but seed is 2020"), ([2020, 5, 5], "names a seed twice")],
)
def test_seeds_that_do_not_fit_are_refused(seeds, said):
    with pytest.raises((UserError, ValidationError), match=said):
        checked({"seeds": seeds})


# Comparison


def test_components_of_a_table_without_a_rest_are_those_it_was_made_of():
    """Seeds at −1, 0 and 1 points, speakers at −3 and 3: variances 1 and 18."""
    table = 50 + np.array([[-1], [0], [1]]) + np.array([-3, 3])
    found = components(table.astype(float))
    assert found == pytest.approx((1, np.sqrt(18), 0), abs=1e-9)


def test_a_rest_is_taken_out_of_both():
    """By hand: means of seeds alike, means of speakers alike, all of it interaction."""
    found = components(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert found == pytest.approx((0, 0, 2))


@pytest.fixture
def job(tmp_path):
    """Two speakers of four items: seed 1 recognises 3 of a and 1 of b, seed 2 one more of b."""
    rows = [{"item": f"{who}{n}", "speaker": who} for who in "ab" for n in range(4)]
    write_items(tmp_path / "items.csv", items_table(rows, []))
    summary = [{"system": s, "title": s, "modality": "speech", "variant": "full", "fed": ""}
               for s in ("network", "vectors", "absent")]  # fmt: skip
    pd.DataFrame(summary).to_csv(tmp_path / "summary.csv", index=False)
    right = {1: ("a0", "a1", "a2", "b0"), 2: ("a0", "a1", "a2", "b0", "b1")}
    for seed, known in right.items():
        said = [
            {
                "system": system,
                "item": row["item"],
                "split": "fold0",
                "true": "low",
                "predicted": "low" if row["item"] in known else "high",
            }
            for system in ("network", "vectors")
            for row in rows
        ]
        pd.DataFrame(said).to_csv(tmp_path / f"{seed}.csv", index=False)
    return SeedsJob(
        summary=tmp_path / "summary.csv",
        predictions={seed: tmp_path / f"{seed}.csv" for seed in right},
        items=tmp_path / "items.csv",
        random=("network",),
        settings=EvaluationSettings(resamples=1000),
        seed=1,
        out=tmp_path / "seeds.csv",
    )


def test_the_mean_over_seeds_stands_beside_its_interval_over_speakers(job):
    compare_seeds(job)
    table = pd.read_csv(job.out, index_col="system")
    network = table.loc["network"]
    assert (network["seeds"], network["items"], network["speakers"]) == (2, 8, 2)
    assert network["accuracy"] == pytest.approx(56.25)
    assert (network["lowest"], network["highest"]) == (50, 62.5)
    assert network["seed_deviation"] == pytest.approx(12.5 / np.sqrt(2))
    assert (network["speaker_low"], network["speaker_high"]) == (37.5, 75)
    assert network[["seeds_share", "speakers_share", "rest_share"]].sum() == pytest.approx(100)


def test_a_system_without_anything_random_has_one_seed_and_one_that_was_not_run_no_row(job):
    compare_seeds(job)
    table = pd.read_csv(job.out, index_col="system")
    assert list(table.index) == ["network", "vectors"]
    assert table.loc["vectors", "seeds"] == 1
    assert table.loc["vectors"][["seed_deviation", "between_seeds"]].isna().all()
    shown = seeds_table(read_table(job.out), "a label", ())
    cells = [column.text(shown.rows.iloc[0]) for column in shown.columns]
    assert cells[:4] == ["network", "whole clip", "2", "56.25 ± 8.84"]


def test_a_fusion_is_not_called_by_the_classifier_that_one_seed_chose(job):
    fused = SEVERAL.systems.fusions_under("paper")
    told = json.loads(SEVERAL.seeds.told("paper"))["titles"]
    assert told == {each["name"]: each["title"] for each in fused} != {}
    compare_seeds(job.model_copy(update={"titles": {"network": "both together"}}))
    titles = pd.read_csv(job.out, index_col="system")["title"]
    assert titles.to_dict() == {"network": "both together", "vectors": "vectors"}


def test_seeds_that_were_tested_on_other_items_are_refused(job):
    path = job.predictions[2]
    text = path.read_text().splitlines(keepends=True)
    path.write_text("".join(row for row in text if ",b3," not in row))
    with pytest.raises(UserError, match="seed 2 was not tested on the items of the others"):
        compare_seeds(job)
