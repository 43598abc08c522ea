"""Trained spatial transformers: what is taken from them, and what is refused."""

from __future__ import annotations

import hashlib
import logging
import pickle
from pathlib import Path

import pytest
import torch

from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.networks.spatial_transformer_checkpoint import read_published, start_from
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import write_model


@pytest.fixture
def published() -> dict[str, torch.Tensor]:
    """A state dictionary like the published one: three classes of valence."""
    torch.manual_seed(1)
    return GuidedSpatialTransformer(classes=3).state_dict()


@pytest.fixture
def network() -> GuidedSpatialTransformer:
    torch.manual_seed(2)
    return GuidedSpatialTransformer(classes=8)


def _saved(folder: Path, content: object) -> Path:
    torch.save(content, folder / "valence.pt")
    return folder / "valence.pt"


def _trained(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    write_model(folder / "trained.safetensors", state, {"provenance": "{}"})
    return folder / "trained.safetensors"


# Starting from a trained network


@pytest.mark.parametrize("classes", [3, 7, 8])
def test_everything_is_taken_but_the_last_layer(tmp_path, network, classes):
    trained = GuidedSpatialTransformer(classes=classes).state_dict()
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    start_from(network, _trained(tmp_path, trained))
    for name, tensor in network.state_dict().items():
        expected = own if name.startswith("fc2.") else trained
        assert torch.equal(tensor, expected[name]), name


def test_another_trained_network_is_refused_and_nothing_is_taken(tmp_path, network, published):
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    del published["fc_loc.2.bias"]
    with pytest.raises(UserError, match=r"lacks fc_loc\.2\.bias"):
        start_from(network, _trained(tmp_path, published))
    assert all(torch.equal(own[name], tensor) for name, tensor in network.state_dict().items())


def test_only_the_workflows_own_form_is_started_from(tmp_path, network, published):
    with pytest.raises(UserError, match="holds no trained network"):
        start_from(network, _saved(tmp_path, published))
    with pytest.raises(UserError, match="holds no trained network"):
        start_from(network, tmp_path / "nowhere.safetensors")


# The published checkpoint


def test_the_published_network_is_read_whole(tmp_path, published):
    network = read_published(_saved(tmp_path, published), None)
    assert not network.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, published[name]), name


def test_a_file_without_a_published_checksum_is_loaded_with_a_warning(tmp_path, published, caplog):
    with caplog.at_level(logging.WARNING):
        read_published(_saved(tmp_path, published), None)
    assert "not verified" in caplog.text


def test_the_right_checksum_is_accepted_and_another_refused(tmp_path, published):
    path = _saved(tmp_path, published)
    read_published(path, hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(UserError, match="sha256"):
        read_published(path, "0" * 64)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match="missing"):
        read_published(tmp_path / "nowhere.pt", None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("conv3.weight", None, "lacks conv3.weight"),
        ("fc2.bias", None, "no layer fc2 of classes"),
        ("conv5.weight", torch.zeros(1), "conv5.weight, which the network does not have"),
        ("fc1.weight", torch.zeros(50, 800), r"fc1.weight is \(50, 800\)"),
        ("fc2.weight", torch.zeros(3, 40), r"fc2.weight is \(3, 40\)"),
        ("conv1.bias", torch.zeros(10, dtype=torch.float64), "float64 instead of"),
        ("norm.running_var", torch.full((10,), torch.nan), "not finite"),
        ("fc2.weight", torch.full((3, 50), torch.inf), "not finite"),
        ("fc2.bias", torch.zeros(8), r"fc2.weight is \(3, 50\) torch.float32 instead of \(8, 50\)"),
    ],
)
def test_another_network_is_refused_by_name(tmp_path, published, name, value, message):
    changed = {**published, name: value}
    if value is None:
        del changed[name]
    with pytest.raises(UserError, match=message):
        read_published(_saved(tmp_path, changed), None)


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"conv1.weight": 3.0}, {1: torch.zeros(2)}])
def test_anything_but_named_tensors_is_refused(tmp_path, content):
    with pytest.raises(UserError, match="not a dictionary of named tensors"):
        read_published(_saved(tmp_path, content), None)


class Touch:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_code_in_the_file_is_not_run(tmp_path, writer):
    path, trace = tmp_path / "hostile.pt", tmp_path / "was_run"
    if writer == "torch":
        torch.save({"conv1.weight": Touch(trace)}, path)
    else:
        path.write_bytes(pickle.dumps({"conv1.weight": Touch(trace)}, protocol=2))
    with pytest.raises(UserError, match="not a checkpoint of plain tensors"):
        read_published(path, None)
    assert not trace.exists()


def test_a_truncated_file_is_refused(tmp_path, published):
    path = _saved(tmp_path, published)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match="not a checkpoint of plain tensors"):
        read_published(path, None)
