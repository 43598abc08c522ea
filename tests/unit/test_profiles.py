"""Profiles: settings that must hold everywhere, and SLURM's fits what the steps ask for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from snakemake_executor_plugin_slurm.partitions import read_partition_file
from tests.plans import planned

from mmer.plan.rules import ModelRule, model_rules

REPOSITORY = Path(__file__).parents[2]
PROFILES = REPOSITORY / "profiles"
EVERYWHERE = (
    "keep-going",
    "max-checksum-file-size",
    "nolock",
    "report-stylesheet",
    "rerun-incomplete",
    "rerun-triggers",
    "scheduler",
    "show-failed-logs",
)


def read(name: str) -> dict:
    return yaml.safe_load((PROFILES / name / "config.yaml").read_text("utf-8"))


@pytest.mark.parametrize("profile", sorted({p.name for p in PROFILES.iterdir()} - {"default"}))
def test_profiles_agree_with_the_default_one(profile):
    """One profile replaces another, so each says everything."""
    default, other = read("default"), read(profile)
    assert {key: other.get(key) for key in EVERYWHERE} == {key: default[key] for key in EVERYWHERE}


# SLURM's

SLURM = read("slurm")
EVALUATING = ("fuse_predictions", "evaluate_systems", "compare_seeds")
"""Steps that have a rule for every protocol."""
PLANS = [
    planned(protocol={"kind": "all"}, seeds=[2020, 7]),
    planned(data={"affectnet": "somewhere"}),
]
MODEL_RULES: dict[str, ModelRule] = {
    rule.name: rule for plan in PLANS for rule in model_rules(plan.models)
}
WRITTEN = {
    name: text
    for file in REPOSITORY.glob("rules/*.smk")
    if file.stem != "predict"  # a workflow of its own, after the run
    for name, text in re.findall(r"(?ms)^rule (\w+):\n(.*?)(?=^\S|\Z)", file.read_text())
}
REPORT = {step.name for plan in PLANS for step in plan.report.steps}
RULES = {*MODEL_RULES, *WRITTEN, *REPORT, "prepare_films", "prepare_pictures", "assemble_external"}
RULES |= {f"{name}{end}" for name in EVALUATING for end in ("", "_nested", "_by_recording")}
ALONE = {
    *("write_configuration", "list_items", "prepare_pictures", "convert_msi_net"),
    "compare_recordings",
    "import_published_spatial_transformer",
}
"""Steps that a run has once or twice, before anything that they could share a job with."""


@pytest.fixture(scope="module")
def partitions():
    return read_partition_file(PROFILES / "slurm" / "partitions.yaml")


def asked(rule: str, resource: str, attempt: int) -> int:
    """What is asked for a rule at an attempt: the profile wins over the rule."""
    own = SLURM["set-resources"].get(rule, {}).get(resource)
    if own is None and rule in MODEL_RULES:
        family = {"mem_mb": MODEL_RULES[rule].memory, "runtime": MODEL_RULES[rule].minutes}
        return family[resource](None, attempt)
    written = re.search(rf"{resource}=lambda w, attempt: (.*),", WRITTEN.get(rule, ""))
    text = own or (written and written[1]) or SLURM["default-resources"][resource]
    amount, _, factor = str(text).partition("*")
    assert factor.strip() in ("", "attempt")
    return int(amount) * (attempt if factor else 1)


def test_every_rule_that_the_profile_names_exists():
    assert set(SLURM["set-resources"]) <= RULES
    assert set(SLURM["groups"]) <= RULES
    assert set(SLURM["group-components"]) == set(SLURM["groups"].values())


def test_only_trainings_and_downloads_are_not_grouped():
    apart = RULES - set(SLURM["groups"])
    local = {rule for rule in apart if "localrule: True" in WRITTEN.get(rule, "")}
    assert local == {rule for rule in apart if rule.startswith(("download", "tell"))}
    assert {rule for rule in apart - local if not rule.startswith(("train", "validate"))} == ALONE


def test_trainings_ask_for_memory_and_time_of_their_own():
    for name, rule in MODEL_RULES.items():
        if rule.step.verb == "train":
            assert rule.step.resources.gpu != "none", name
            assert asked(name, "runtime", 1) > asked("evaluate_systems", "runtime", 1), name


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_some_partition_has_what_each_rule_asks_for(partitions, attempt):
    for name in sorted(RULES):
        gpu = name in MODEL_RULES and MODEL_RULES[name].step.resources.gpu != "none"
        gpu = gpu or "gpu=" in WRITTEN.get(name, "")
        assert [
            partition
            for partition in partitions
            if asked(name, "mem_mb", attempt) <= partition.limits.max_mem_mb
            and asked(name, "runtime", attempt) <= partition.limits.max_runtime
            and (partition.limits.max_gpu >= 1 or not gpu)
        ], name


@pytest.mark.parametrize("group", ["results", "nested", "by_recording", "seeds"])
def test_the_last_attempt_of_the_largest_group_fits_a_day(partitions, group):
    """The paper with three seeds has 18 fusions and 3 evaluations under each protocol."""
    steps = [rule for rule, of in SLURM["groups"].items() if of == group]
    steps += [rule for rule in steps if rule.startswith("fuse")] * 17
    steps += [rule for rule in steps if rule.startswith("evaluate")] * 2
    longest = max(partition.limits.max_runtime for partition in partitions)
    assert sum(asked(rule, "runtime", SLURM["retries"] + 1) for rule in steps) <= longest
