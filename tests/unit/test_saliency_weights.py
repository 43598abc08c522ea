"""The plan of saliency weights: needed by the face models, and only for MSI-Net."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mmer.acquire.registry import read_registry
from mmer.configuration_check import check_configuration
from mmer.plan import Plan

REPOSITORY = Path(__file__).parents[2]
REGISTRY = read_registry(REPOSITORY / "resources" / "weights.yaml")
FACE = ["stn_fine_tuned", "stn_max_voting", "stn_bilstm_flatten810"]


@pytest.fixture
def plan(tmp_path):
    """A function that plans the paper's protocol with a mirror and a saliency method."""

    def build(method: str, mirror: str | None) -> Plan:
        values = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))
        values["data"] = {"mirror": mirror, "downloads": str(tmp_path / "downloads")}
        values["saliency"] = {"method": method}
        values["models"]["stn_fine_tuned"]["of"] = None
        configuration = check_configuration(values, [REPOSITORY / "config.yaml"])
        return Plan(configuration, REGISTRY, REPOSITORY / "workflow_scripts")

    return build


@pytest.mark.parametrize("model", FACE)
def test_face_models_miss_what_the_mirror_lacks(plan, tmp_path, model):
    reason = plan("msi_net", str(tmp_path)).missing_weights(model)
    assert reason == (
        "weights missing (msi_net: the mirror lacks "
        "huggingface.co/alexanderkroner/MSI-Net/resolve/main/saved_model.pb)"
    )
    assert plan("spectral_residual", str(tmp_path)).missing_weights(model) is None
    assert plan("msi_net", None).missing_weights(model) is None


def test_weights_in_the_mirror_or_downloaded_before_are_not_missing(plan, tmp_path):
    place = REGISTRY["msi_net"].place
    (tmp_path / "mirror").mkdir()
    for folder in (tmp_path / "mirror", tmp_path / "downloads"):
        assert plan("msi_net", str(tmp_path / "mirror")).missing_weights(FACE[0])
        (folder / place).parent.mkdir(parents=True)
        (folder / place).touch()
        assert plan("msi_net", str(tmp_path / "mirror")).missing_weights(FACE[0]) is None
        (folder / place).unlink()


def test_speech_models_need_no_saliency(plan, tmp_path):
    reason = plan("msi_net", str(tmp_path)).missing_weights("cnn14_fine_tuned")
    assert reason is not None and "panns_cnn14_16k" in reason


def test_weights_are_converted_once_for_all_runs(plan, tmp_path):
    converted = str(tmp_path / "downloads" / "converted" / "msi_net.safetensors")
    assert plan("msi_net", None).saliency_weights == [converted]
    assert plan("spectral_residual", None).saliency_weights == []


def test_their_origin_is_told_where_they_are_used(plan):
    origins = {o["name"]: o for o in json.loads(plan("msi_net", None).origins())}
    assert origins["saliency, MSI-Net"]["sha256"] == REGISTRY["msi_net"].sha256
    assert origins["saliency, MSI-Net"]["licence"] == "MIT"
    assert "saliency, MSI-Net" not in plan("spectral_residual", None).origins()
