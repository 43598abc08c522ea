"""Importing the published spatial transformer: all layers, and where they come from."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from safetensors import safe_open

import import_spatial_transformer
from mmer.errors import UserError
from mmer.face.spatial_transformer import GuidedSpatialTransformer
from mmer.face.stn_checkpoint import start_from
from mmer.training.checkpoint import read_model

CPU = torch.device("cpu")


@pytest.fixture
def published(tmp_path):
    """A file like the published one."""
    torch.manual_seed(4)
    torch.save(GuidedSpatialTransformer(classes=3).state_dict(), tmp_path / "valence.pt")
    return tmp_path / "valence.pt"


def _import(path, *options):
    model = path.parent / "imported" / "model.safetensors"
    words = ["--weights", str(path), "--model", str(model), *options]
    import_spatial_transformer.main(import_spatial_transformer.command_line().parse_args(words))
    return model


def test_every_layer_is_imported_bit_for_bit(published):
    state, imported = torch.load(published), read_model(_import(published), CPU)
    assert imported.keys() == state.keys()
    assert all(torch.equal(imported[name], state[name]) for name in state)
    assert imported["fc2.weight"].shape == (3, 50)


def test_the_header_names_the_file_and_its_checksum(published):
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    with safe_open(_import(published, "--weights-sha256", digest), framework="pt") as stream:
        origin = json.loads(stream.metadata()["provenance"])
    assert (origin["published_checkpoint"], origin["sha256"]) == ("valence.pt", digest)
    assert origin["classes"] == ["neutral", "positive", "negative"]


def test_a_training_can_start_from_what_was_imported(published):
    network = GuidedSpatialTransformer(classes=8)
    start_from(network, _import(published))
    assert torch.equal(network.conv1.weight, torch.load(published)["conv1.weight"])


def test_a_wrong_checksum_is_refused_and_nothing_written(published):
    with pytest.raises(UserError, match="sha256"):
        _import(published, "--weights-sha256", "0" * 64)
    assert not (published.parent / "imported").exists()
