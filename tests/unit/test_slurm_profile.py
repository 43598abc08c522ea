"""The SLURM profile fits the rules: what it names exists, and what it asks for can be had."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from snakemake_executor_plugin_slurm.partitions import read_partition_file

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "profiles" / "slurm"
PROFILE = yaml.safe_load((FOLDER / "config.yaml").read_text())
RULES = {
    name: text
    for file in REPOSITORY.glob("rules/*.smk")
    for name, text in re.findall(r"(?ms)^rule (\w+):\n(.*?)(?=^\S|\Z)", file.read_text())
}
ALONE = {"prepare_affectnet", "convert_msi_net", "import_spatial_transformer"}
"""Steps that a run has once, before anything that they could share a job with."""


@pytest.fixture(scope="module")
def partitions():
    return read_partition_file(FOLDER / "partitions.yaml")


def asked(rule: str, resource: str, attempt: int) -> int:
    """What the profile asks for a rule at an attempt."""
    own = PROFILE["set-resources"].get(rule, {})
    amount, _, factor = str(own.get(resource, PROFILE["default-resources"][resource])).partition(
        "*"
    )
    assert factor.strip() in ("", "attempt")
    return int(amount) * (attempt if factor else 1)


def test_rules_are_found():
    assert {"download_record", "prepare_media", "train_cnn14", "write_landing"} <= set(RULES)
    assert RULES["train_cnn14"].startswith("    input:")


def test_every_rule_that_the_profile_names_exists():
    assert set(PROFILE["set-resources"]) <= set(RULES)
    assert set(PROFILE["groups"]) <= set(RULES)
    assert set(PROFILE["group-components"]) == set(PROFILE["groups"].values())


def test_only_trainings_and_downloads_are_not_grouped():
    apart = {rule for rule in RULES if rule not in PROFILE["groups"]}
    local = {rule for rule in apart if "localrule: True" in RULES[rule]}
    assert local == {rule for rule in apart if rule.startswith("download")}
    assert {rule for rule in apart - local if not rule.startswith("train")} == ALONE


def test_trainings_ask_for_memory_and_time_of_their_own():
    for rule in RULES:
        if rule.startswith("train"):
            assert set(PROFILE["set-resources"][rule]) == {"mem_mb", "runtime"}


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_some_partition_has_what_each_rule_asks_for(partitions, attempt):
    for rule, text in RULES.items():
        assert [
            partition
            for partition in partitions
            if asked(rule, "mem_mb", attempt) <= partition.limits.max_mem_mb
            and asked(rule, "runtime", attempt) <= partition.limits.max_runtime
            and (partition.limits.max_gpu >= 1 or "gpu=" not in text)
        ], rule


def test_the_last_attempt_of_the_largest_group_fits_a_day(partitions):
    """The published posteriors have 20 tables to import before the evaluation."""
    steps = [rule for rule, group in PROFILE["groups"].items() if group == "results"]
    steps += ["import_posteriors"] * 19
    longest = max(partition.limits.max_runtime for partition in partitions)
    assert sum(asked(rule, "runtime", PROFILE["retries"] + 1) for rule in steps) <= longest
