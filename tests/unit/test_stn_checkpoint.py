"""The published spatial transformer: what is taken from it, and what is refused."""

from __future__ import annotations

import hashlib
import logging
import pickle
from pathlib import Path

import pytest
import torch

from mmer.errors import UserError
from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.face.stn_checkpoint import load_spatial_transformer


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


def test_everything_is_taken_but_the_last_layer(tmp_path, published, network):
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    load_spatial_transformer(network, _saved(tmp_path, published), None)
    for name, tensor in network.state_dict().items():
        expected = own if name.startswith("fc2.") else published
        assert torch.equal(tensor, expected[name]), name


def test_the_last_layer_keeps_its_own_weights_at_equal_class_counts_too(tmp_path, published):
    torch.manual_seed(3)
    three = GuidedSpatialTransformer(classes=3)
    own = three.fc2.weight.clone()
    load_spatial_transformer(three, _saved(tmp_path, published), None)
    assert torch.equal(three.fc2.weight, own)


def test_a_file_without_a_published_checksum_is_loaded_with_a_warning(
    tmp_path, published, network, caplog
):
    with caplog.at_level(logging.WARNING):
        load_spatial_transformer(network, _saved(tmp_path, published), None)
    assert "not verified" in caplog.text


def test_the_right_checksum_is_accepted_and_another_refused(tmp_path, published, network):
    path = _saved(tmp_path, published)
    load_spatial_transformer(network, path, hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(UserError, match="sha256"):
        load_spatial_transformer(network, path, "0" * 64)


def test_a_missing_file_is_told(tmp_path, network):
    with pytest.raises(UserError, match="missing"):
        load_spatial_transformer(network, tmp_path / "nowhere.pt", None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("conv3.weight", None, "lacks conv3.weight"),
        ("fc2.bias", None, "lacks fc2.bias"),
        ("conv5.weight", torch.zeros(1), "conv5.weight, which the network does not have"),
        ("fc1.weight", torch.zeros(50, 800), r"fc1.weight is \(50, 800\)"),
        ("fc2.weight", torch.zeros(3, 40), r"fc2.weight is \(3, 40\)"),
        ("conv1.bias", torch.zeros(10, dtype=torch.float64), "float64 instead of"),
        ("norm.running_var", torch.full((10,), torch.nan), "not finite"),
        ("fc2.weight", torch.full((3, 50), torch.inf), "not finite"),
    ],
)
def test_another_network_is_refused_by_name(tmp_path, published, network, name, value, message):
    changed = {**published, name: value}
    if value is None:
        del changed[name]
    with pytest.raises(UserError, match=message):
        load_spatial_transformer(network, _saved(tmp_path, changed), None)


def test_a_refused_file_leaves_the_network_as_it_was(tmp_path, published, network):
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    del published["fc_loc.2.bias"]
    with pytest.raises(UserError):
        load_spatial_transformer(network, _saved(tmp_path, published), None)
    assert all(torch.equal(own[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"conv1.weight": 3.0}, {1: torch.zeros(2)}])
def test_anything_but_named_tensors_is_refused(tmp_path, network, content):
    with pytest.raises(UserError, match="not a dictionary of named tensors"):
        load_spatial_transformer(network, _saved(tmp_path, content), None)


class Touch:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_code_in_the_file_is_not_run(tmp_path, network, writer):
    path, trace = tmp_path / "hostile.pt", tmp_path / "was_run"
    if writer == "torch":
        torch.save({"conv1.weight": Touch(trace)}, path)
    else:
        path.write_bytes(pickle.dumps({"conv1.weight": Touch(trace)}, protocol=2))
    with pytest.raises(UserError, match="not a checkpoint of plain tensors"):
        load_spatial_transformer(network, path, None)
    assert not trace.exists()


def test_a_truncated_file_is_refused(tmp_path, published, network):
    path = _saved(tmp_path, published)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match="not a checkpoint of plain tensors"):
        load_spatial_transformer(network, path, None)
