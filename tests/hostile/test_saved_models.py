"""MSI-Net's SavedModel: refused unless it is the published file; never more than one line."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
import torch
from benchmarks import reference_msi_net as reference
from hypothesis import given
from hypothesis import strategies as st

from mmer.media.msi_net import MsiNet
from mmer.media.msi_net_checkpoint import convert

from .tries import Outcome, attempt, hostile

NARROW = 1 / 32
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> bytes:
    """A narrow network in the published layout."""
    folder = tmp_path_factory.mktemp("saved")
    reference.save_constants(folder, reference.random_weights(NARROW))
    return (folder / "saved_model.pb").read_bytes()


def converted(content: bytes, sha256: str | None = None) -> Outcome:
    """Convert a file; without a checksum it is trusted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved_model.pb"
        path.write_bytes(content)
        trusted = hashlib.sha256(content).hexdigest()
        return attempt(lambda: convert(path, sha256 or trusted, NARROW), named=str(path))


def changed(content: bytes, changes: list[tuple[float, int]]) -> bytes:
    data = bytearray(content)
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    return bytes(data)


@hostile()
@given(CHANGES, st.floats(0, 1))
def test_changed_or_cut_off_it_is_refused_by_its_checksum(published, changes, kept):
    sha256 = hashlib.sha256(published).hexdigest()
    cut = published[: int(kept * (len(published) - 1))]
    assert converted(cut, sha256).refusal is not None
    spoilt = changed(published, changes)
    if spoilt != published:
        assert converted(spoilt, sha256).refusal is not None


@hostile(0.2)
@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_whatever_their_checksum(content):
    assert converted(content).refusal is not None


@hostile(0.2)
@given(CHANGES)
def test_a_trusted_file_is_refused_or_gives_finite_weights_of_the_network(published, changes):
    found = converted(changed(published, changes))
    if found.refusal is None:
        MsiNet(NARROW).load_state_dict(found.value)
        assert all(torch.isfinite(tensor).all() for tensor in found.value.values())
