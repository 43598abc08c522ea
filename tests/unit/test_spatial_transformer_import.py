"""A published spatial transformer is imported as it is; a trained one is begun from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from tests.pictured_items import TASK

from mmer.models.base import ModelJob
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.networks.spatial_transformer_checkpoint import read_published, start_from
from mmer.models.spatial_transformer import SpatialTransformer
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model, write_model
from mmer.weights import Weights


def _import(folder: Path, sha256: str | None, classes: int = 3) -> Path:
    weights = Weights(name="faces_published", path=folder / "faces.pt", sha256=sha256)
    job = ModelJob(
        family="spatial_transformer",
        step="import_published",
        model="face",
        task=TASK.model_copy(update={"names": TASK.names[:classes]}),
        weights=weights,
        options={"corpus": "faces", "target": "valence"},
        outputs={"model": {"": folder / "imported" / "model.safetensors"}},
    )
    SpatialTransformer().run(job)
    return job.output("model")


def test_published_weights_are_imported_bit_for_bit_and_say_where_they_come_from(tmp_path):
    torch.manual_seed(4)
    state = GuidedSpatialTransformer(classes=3).state_dict()
    torch.save(state, tmp_path / "faces.pt")
    with pytest.raises(UserError, match="sha256"):
        _import(tmp_path, "0" * 64)
    with pytest.raises(UserError, match="tells 3 classes apart, but faces's valence has 7"):
        _import(tmp_path, None, classes=7)
    assert not (tmp_path / "imported").exists()
    digest = hashlib.sha256((tmp_path / "faces.pt").read_bytes()).hexdigest()
    model = _import(tmp_path, digest)
    imported = read_model(model, torch.device("cpu"))
    assert imported.keys() == state.keys()
    assert all(torch.equal(imported[name], state[name]) for name in state)
    with safe_open(model, framework="pt") as stream:
        origin = json.loads(stream.metadata()["provenance"])
    assert (origin["published_checkpoint"], origin["sha256"]) == ("faces.pt", digest)


def trained(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    write_model(folder / "trained.safetensors", state, {"provenance": "{}"})
    return folder / "trained.safetensors"


@pytest.mark.parametrize("classes", [3, 8])
def test_everything_is_taken_from_a_trained_network_but_the_last_layer(tmp_path, classes):
    network = GuidedSpatialTransformer(classes=8)
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = GuidedSpatialTransformer(classes=classes).state_dict()
    start_from(network, trained(tmp_path, state))
    for name, tensor in network.state_dict().items():
        assert tensor.equal((own if name.startswith("fc2.") else state)[name]), name


def test_only_a_network_in_the_workflows_own_form_is_started_from(tmp_path):
    network = GuidedSpatialTransformer(classes=8)
    state = network.state_dict()
    torch.save(state, tmp_path / "faces.pt")
    for path in (tmp_path / "faces.pt", tmp_path / "nowhere.safetensors"):
        with pytest.raises(UserError, match="holds no trained network"):
            start_from(network, path)
    del state["fc_loc.2.bias"]
    with pytest.raises(UserError, match=r"lacks fc_loc\.2\.bias"):
        start_from(network, trained(tmp_path, state))


def test_without_a_published_checksum_a_warning_is_logged(tmp_path, caplog):
    torch.save(GuidedSpatialTransformer(classes=8).state_dict(), tmp_path / "faces.pt")
    assert not read_published(tmp_path / "faces.pt", None).training
    assert "not verified" in caplog.text
