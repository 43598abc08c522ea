"""Checkpoints: exactly the tensors of the network, loaded without running code, or refused."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mmer.models.networks.alexnet import build_alexnet, load_alexnet
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.panns_checkpoint import load_panns
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.networks.spatial_transformer_checkpoint import (
    read_published,
    read_spatial_transformer,
    start_from,
)
from mmer.training.checkpoint import read_checkpoint, write_checkpoint, write_model
from mmer.training.job import file_sha256

from .tries import Outcome, attempt, hostile

pytestmark = pytest.mark.filterwarnings(
    "ignore:Detected pickle protocol", "ignore:Sparse invariant"
)

CPU = torch.device("cpu")
torch.manual_seed(11)
GOOD = GuidedSpatialTransformer(classes=3).state_dict()
NAMES = st.sampled_from(sorted(GOOD))


def read(write: Callable[[Path], Any], load: Callable[[Path], Any]) -> Outcome:
    """Write a file in a folder of its own and load it; no other file may come to be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pt"
        write(path)
        outcome = attempt(lambda: load(path), named=str(path))
        assert list(Path(folder).iterdir()) == [path]
        return outcome


def published(content: object) -> Outcome:
    return read(lambda path: torch.save(content, path), lambda path: read_published(path, None))


def assert_state(network: torch.nn.Module, state: dict[str, Tensor]) -> None:
    """The network has exactly these values, all of them finite."""
    own = network.state_dict()
    assert own.keys() == state.keys()
    assert all(torch.equal(own[name], state[name]) for name in own)
    assert all(torch.isfinite(tensor).all() for tensor in own.values())


def transposed_or_longer(tensor: Tensor) -> Tensor:
    return torch.cat([tensor.reshape(-1), tensor.reshape(-1)[:1]])


WRONG: dict[str, Callable[[Tensor], Any]] = {
    "shape": transposed_or_longer,
    "empty": lambda tensor: tensor.new_zeros(0),
    "scalar": lambda tensor: torch.tensor(1.0).to(tensor.dtype) if tensor.ndim else tensor[None],
    "float64": lambda tensor: tensor.double(),
    "half": lambda tensor: tensor.half(),
    "complex": lambda tensor: tensor.to(torch.complex64),
    "bytes": lambda tensor: tensor.to(torch.uint8),
    "nan": lambda tensor: torch.full(tensor.shape, torch.nan),
    "inf": lambda tensor: torch.full(tensor.shape, torch.inf),
    "sparse": lambda tensor: tensor.clone().to_sparse(),
    "meta": lambda tensor: tensor.to("meta"),
    "huge": lambda tensor: torch.zeros(1).expand(1 << 20, 1 << 20),
    "number": lambda tensor: 1.0,
    "text": lambda tensor: "1.0",
    "nothing": lambda tensor: None,
}


@hostile(1.5)
@given(NAMES, st.sampled_from(sorted(WRONG)))
def test_one_wrong_tensor_is_refused(name, wrong):
    assert published({**GOOD, name: WRONG[wrong](GOOD[name])}).refusal is not None


@hostile()
@given(st.sets(NAMES), st.dictionaries(st.text(max_size=12), st.just(torch.zeros(2)), max_size=2))
def test_missing_and_extra_tensors_are_refused(missing, extra):
    state = {name: tensor for name, tensor in GOOD.items() if name not in missing} | extra
    found = published(state)
    assert (found.refusal is None) == (state.keys() == GOOD.keys())
    if found.refusal is None:
        assert_state(found.value, GOOD)


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@hostile()
@given(PLAIN)
def test_any_other_plain_content_is_refused(content):
    assert published(content).refusal is not None


def changed(content: bytes, changes: list[tuple[float, int]], kept: float) -> bytes:
    data = bytearray(content)
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    return bytes(data[: int(kept * len(data))])


CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4)
KEPT = st.one_of(st.just(1.0), st.floats(0, 1))


@hostile()
@given(CHANGES, KEPT)
def test_changed_bytes_of_a_file_with_a_checksum_are_refused(changes, kept):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pt"
        torch.save(GOOD, path)
        content, sha256 = path.read_bytes(), file_sha256(path)
    spoilt = changed(content, changes, kept)
    found = read(lambda p: p.write_bytes(spoilt), lambda p: read_published(p, sha256))
    assert (found.refusal is None) == (spoilt == content)
    # Without a checksum values may differ, but they are finite and of the right shapes.
    found = read(lambda p: p.write_bytes(spoilt), lambda p: read_published(p, None))
    if found.refusal is None:
        assert all(torch.isfinite(t).all() for t in found.value.state_dict().values())


@hostile()
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content):
    for load in (
        lambda path: read_published(path, None),
        lambda path: read_spatial_transformer(path, CPU),
        read_checkpoint,
    ):
        assert read(lambda path: path.write_bytes(content), load).refusal is not None


DENSE = sorted(set(WRONG) - {"sparse", "meta", "huge", "number", "text", "nothing"})


@hostile(0.4)
@given(NAMES, st.sampled_from(DENSE), st.booleans())
def test_a_wrong_network_of_the_workflows_own_form_is_refused(name, wrong, extra):
    tensors = {**GOOD, "more": torch.zeros(1)} if extra else dict(GOOD)
    if not extra:
        tensors[name] = WRONG[wrong](GOOD[name])
    write = lambda path: write_model(path, tensors, {"provenance": "{}"})  # noqa: E731
    assert read(write, lambda path: read_spatial_transformer(path, CPU)).refusal is not None
    network = GuidedSpatialTransformer(classes=8)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    assert read(write, lambda path: start_from(network, path)).refusal is not None
    assert_state(network, before)


@pytest.mark.parametrize("wrong", sorted(set(WRONG) - {"huge"}))
def test_one_wrong_tensor_of_alexnet_is_refused(wrong):
    network = build_alexnet(8, 0.0625)
    state = network.state_dict()
    state["features.0.bias"] = WRONG[wrong](state["features.0.bias"])
    found = read(
        lambda path: torch.save(state, path),
        lambda path: load_alexnet(network, path, file_sha256(path)),
    )
    assert found.refusal is not None


@hostile(0.4)
@given(PLAIN, st.sampled_from(["model", "model.x", ""]))
def test_any_other_content_of_panns_is_refused(content, place):
    network = Cnn14(classes=8, width=0.03125)
    nested = {"iteration": 1, "model": content} if place else content
    found = read(
        lambda path: torch.save(nested, path),
        lambda path: load_panns(network, path, file_sha256(path)),
    )
    assert found.refusal is not None


TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=4), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)


@hostile()
@given(st.dictionaries(st.one_of(st.text(max_size=4), st.integers()), TREES, max_size=4))
def test_a_trainings_checkpoint_is_read_back(tree):
    assert read(lambda path: write_checkpoint(path, tree), read_checkpoint).value == tree


@hostile()
@given(CHANGES, KEPT)
def test_a_damaged_checkpoint_of_a_training_is_read_or_refused(changes, kept):
    tree = {"network": {"weight": torch.arange(4.0)}, "progress": {"step": 3}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.safetensors"
        write_checkpoint(path, tree)
        content = path.read_bytes()
    found = read(lambda p: p.write_bytes(changed(content, changes, kept)), read_checkpoint)
    assert found.refusal is not None or isinstance(found.value, dict)
