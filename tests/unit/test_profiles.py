"""What holds on every machine stands in every profile: one profile replaces another."""

from pathlib import Path

import pytest
import yaml

PROFILES = Path(__file__).parents[2] / "profiles"
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
    default, other = read("default"), read(profile)
    assert {key: other.get(key) for key in EVERYWHERE} == {key: default[key] for key in EVERYWHERE}
