"""An exported folder from anywhere is read with suspicion."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmer.prediction.manifest import MANIFEST, read_manifest
from mmer.prediction.networks import Networks
from mmer.registry import read_registry
from mmer.runtime.errors import UserError
from tests.exported_network import relisted, write_export

WEIGHTS = "models/small/full/fold0.safetensors"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A good one."""
    return write_export(tmp_path / "export")


def networks(folder: Path) -> Networks:
    """Everything of it, loaded."""
    return Networks.read(folder, read_registry())


def test_a_good_folder_is_read(folder):
    assert networks(folder).manifest.run == "small"


def test_a_package_that_is_not_there_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "mmer.training.new_recordings", None)
    with pytest.raises(UserError, match=r"needs the package mmer\.training\.new_rec.*install"):
        networks(folder)


def told(folder: Path, **changes: object) -> None:
    """Change some keys of the manifest."""
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def with_model(folder: Path, **changes: object) -> None:
    """Change some keys of the only model."""
    (model,) = json.loads((folder / MANIFEST).read_text())["models"]
    told(folder, models=[{**model, **changes}])


def renamed(folder: Path, name: str) -> None:
    """Call a file of weights otherwise."""
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace(WEIGHTS, name))


def linked(folder: Path) -> None:
    """Put a link in the place of a folder."""
    (folder / "models").rename(folder.parent / "elsewhere")
    (folder / "models").symlink_to(folder.parent / "elsewhere")


MANIFESTS = {
    "no manifest": (lambda f: (f / MANIFEST).unlink(), "is no manifest"),
    "half a manifest": (
        lambda f: (f / MANIFEST).write_text((f / MANIFEST).read_text()[:300]),
        "is no manifest",
    ),
    "a list": (lambda f: (f / MANIFEST).write_text("[]"), "names no format"),
    "deep brackets": (lambda f: (f / MANIFEST).write_text("[" * 100_000), "is no manifest"),
    "a huge one": (lambda f: (f / MANIFEST).write_text(" " * 5_000_000), "far too large"),
    "no format": (lambda f: told(f, format=None), "has the format"),
    "a later format": (lambda f: told(f, format=2), "has the format '2'"),
    "a key more": (lambda f: told(f, more=1), "is not understood"),
    "a caution that is no text": (lambda f: told(f, caution=[]), "caution"),
    "no system": (lambda f: told(f, systems=[]), "systems"),
    "a split that has no weights": (lambda f: told(f, splits=["fold0"]), "no weights"),
    "a model that reads itself": (lambda f: with_model(f, of="small"), "reads itself"),
    "a model that reads nothing": (lambda f: with_model(f, of="other"), "which is not there"),
    "a parent's folder": (lambda f: renamed(f, "../x.safetensors"), "no plain name"),
    "an absolute path": (lambda f: renamed(f, "/etc/passwd"), "no plain name"),
    "a hidden file": (lambda f: renamed(f, ".x.safetensors"), "no plain name"),
    "a backslash": (lambda f: renamed(f, "..\\\\x.safetensors"), "no plain name"),
    "a link": (linked, "is a link"),
    "a missing file": (lambda f: (f / WEIGHTS).unlink(), "is missing"),
    "another file": (lambda f: (f / WEIGHTS).write_bytes(b"x" * 10), "not as it was written"),
    "a truncated file": (
        lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-8]),
        "not as it was written",
    ),
}


@pytest.mark.parametrize(("damage", "words"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_folder_that_is_not_as_it_was_written_is_refused(folder, damage, words):
    damage(folder)
    with pytest.raises(UserError, match=words) as refusal:
        read_manifest(folder)
    assert str(refusal.value).count("\n") == 0 and len(str(refusal.value)) < 700


def with_tensors(change) -> object:
    """A damage that changes the tensors of the first split."""

    def damage(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS)

    return damage


def first(tensors: dict[str, torch.Tensor]) -> str:
    return min(name for name in tensors if tensors[name].ndim > 1)


FORGED = {
    "a tensor more": (
        with_tensors(lambda t: t.update(more=torch.ones(1))),
        "which the network does not have",
    ),
    "a tensor less": (with_tensors(lambda t: t.pop(first(t))), "lacks"),
    "a wrong shape": (
        with_tensors(lambda t: t.update({first(t): torch.ones(3, 3)})),
        "instead of",
    ),
    "another type": (
        with_tensors(lambda t: t.update({first(t): t[first(t)].double()})),
        "instead of",
    ),
    "a value that is not finite": (
        with_tensors(lambda t: t[first(t)].view(-1).__setitem__(0, torch.nan)),
        "not finite",
    ),
    "no tensors at all": (lambda f: (f / WEIGHTS).write_bytes(b"pickle me"), "holds no tensors"),
    "a header that promises too much": (
        lambda f: (f / WEIGHTS).write_bytes((1 << 60).to_bytes(8, "little") + b"{}"),
        "holds no tensors",
    ),
    "an unknown family": (lambda f: with_model(f, family="evil"), "is not known here"),
    "a setting of another kind": (
        lambda f: with_model(f, options={"settings": {"channels": "many"}}),
        "does not fit its settings",
    ),
    "no settings": (lambda f: with_model(f, options={}), "does not fit its settings"),
    "a network of any size": (
        lambda f: with_model(f, options={"settings": {"channels": [10**7, 10**7]}}),
        "does not fit its settings",
    ),
}


@pytest.mark.parametrize(("damage", "words"), FORGED.values(), ids=FORGED)
def test_a_forged_folder_with_right_checksums_is_refused_too(folder, damage, words):
    damage(folder)
    relisted(folder)
    with pytest.raises(UserError, match=words) as refusal:
        networks(folder)
    assert str(refusal.value).count("\n") == 0
