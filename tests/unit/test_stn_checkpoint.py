"""The published three-class checkpoint: all but its last layer is taken, or it is refused."""

import hashlib

import pytest
import torch

from mmer.errors import UserError
from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.face.stn_checkpoint import load_spatial_transformer


@pytest.fixture
def published(tmp_path):
    """A function that saves a three-class state dictionary, spoilt as asked; gives path, sha256."""

    def save(spoil=lambda state: state):
        torch.manual_seed(1)
        path = tmp_path / "saliency.pt"
        torch.save(spoil(GuidedSpatialTransformer(classes=3).state_dict()), path)
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    return save


def test_all_layers_but_the_last_are_taken(published):
    network = GuidedSpatialTransformer(classes=8)
    before = network.fc2.weight.clone()
    path, sha256 = published()
    load_spatial_transformer(network, path, sha256)
    saved = torch.load(path, weights_only=True)
    assert torch.equal(network.conv1.weight, saved["conv1.weight"])
    assert torch.equal(network.fc1.bias, saved["fc1.bias"])
    assert torch.equal(network.fc2.weight, before)


def test_a_file_without_published_checksum_is_taken_with_a_warning(published, caplog):
    path, _ = published()
    load_spatial_transformer(GuidedSpatialTransformer(), path, None)
    assert "no published checksum" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda s: {k: v for k, v in s.items() if k != "conv3.bias"}, r"lacks conv3\.bias"),
        (lambda s: {**s, "conv5.bias": torch.zeros(1)}, r"holds conv5\.bias"),
        (lambda s: {**s, "conv1.weight": torch.zeros(10, 1, 5, 5)}, r"conv1\.weight is \(10, 1, 5"),
        (lambda s: {**s, "fc1.bias": torch.zeros(50, dtype=torch.float64)}, "float64"),
        (lambda s: {**s, "fc1.bias": torch.full((50,), torch.nan)}, "not finite"),
        (lambda s: [1, 2], "not a dictionary of named tensors"),
        (lambda s: {**s, "run": print}, "not a checkpoint of plain tensors"),
    ],
)
def test_a_spoilt_file_is_refused(published, spoil, reason):
    path, sha256 = published(spoil)
    with pytest.raises(UserError, match=reason):
        load_spatial_transformer(GuidedSpatialTransformer(), path, sha256)


def test_a_tampered_file_is_refused_before_it_is_opened(published):
    path, sha256 = published()
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(UserError, match="not the published ones"):
        load_spatial_transformer(GuidedSpatialTransformer(), path, sha256)
