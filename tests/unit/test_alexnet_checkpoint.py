"""torchvision's AlexNet file is read; everything else is refused in one sentence."""

import hashlib
import pickle
from pathlib import Path

import pytest
import torch
from torchvision.models import AlexNet

from mmer.models.networks.alexnet import build_alexnet
from mmer.models.networks.alexnet_checkpoint import initial_alexnet, load_alexnet
from mmer.runtime.errors import UserError
from mmer.weights import Weights

TINY = 0.02
HIDDEN = round(TINY * 4096)


def _network(seed: int = 0) -> AlexNet:
    torch.manual_seed(seed)
    return build_alexnet(8, TINY)


def _published(seed: int = 7) -> dict[str, torch.Tensor]:
    """A state of the published names and of 1000 classes, at small width."""
    torch.manual_seed(seed)
    return dict(build_alexnet(1000, TINY).state_dict())


def _write(path: Path, content: object, **options) -> str:
    """Save as torch does; the checksum of the file."""
    torch.save(content, path, **options)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("digits", [8, 64])
def test_published_layout_is_loaded_and_the_last_layer_stays(tmp_path, zipped, digits):
    path, published = tmp_path / "alexnet.pth", _published()
    sha256 = _write(path, published, _use_new_zipfile_serialization=zipped)
    network, fresh = _network(), _network().state_dict()
    load_alexnet(network, path, sha256[:digits])
    for name, tensor in network.state_dict().items():
        source = fresh if name.startswith("classifier.6") else published
        assert torch.equal(tensor, source[name]), name


@pytest.mark.slow
def test_file_of_the_published_size_is_loaded(tmp_path):
    path = tmp_path / "alexnet-owt.pth"
    torch.manual_seed(3)
    published = AlexNet().state_dict()
    sha256 = _write(path, published, _use_new_zipfile_serialization=False)
    assert 244_000_000 < path.stat().st_size < 245_000_000
    network = initial_alexnet(
        "alexnet_imagenet", 1.0, 8, Weights(name="alexnet", path=path, sha256=sha256[:8])
    )
    loaded = network.state_dict()
    assert loaded["classifier.6.weight"].shape == (8, 4096)
    for name in published.keys() - {"classifier.6.weight", "classifier.6.bias"}:
        assert torch.equal(loaded[name], published[name]), name


def _refusal(path: Path, sha256: str) -> str:
    network = _network()
    with pytest.raises(UserError) as caught:
        load_alexnet(network, path, sha256)
    untouched = _network().state_dict()
    assert all(torch.equal(t, untouched[name]) for name, t in network.state_dict().items())
    return str(caught.value)


def test_one_changed_byte_is_refused_before_opening(tmp_path, monkeypatch):
    path = tmp_path / "alexnet.pth"
    sha256 = _write(path, _published())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened before verified"))
    for digits in (8, 64):
        assert f"not {sha256[:digits]}" in _refusal(path, sha256[:digits])


@pytest.mark.parametrize("digits", [0, 7])
def test_too_few_digits_verify_nothing(tmp_path, digits):
    path = tmp_path / "alexnet.pth"
    assert "too short" in _refusal(path, _write(path, _published())[:digits])


def test_truncated_file_is_refused_whatever_its_checksum(tmp_path):
    path = tmp_path / "alexnet.pth"
    _write(path, _published())
    path.write_bytes(path.read_bytes()[:-5000])
    refusal = _refusal(path, hashlib.sha256(path.read_bytes()).hexdigest())
    assert "not a checkpoint of plain tensors" in refusal


class _TouchesAFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("writer", ["zip", "legacy", "pickle"])
def test_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path, writer):
    path, touched = tmp_path / "alexnet.pth", tmp_path / "touched"
    content = {**_published(), "features.0.bias": _TouchesAFile(touched)}
    if writer == "pickle":
        path.write_bytes(pickle.dumps({"features.0.bias": _TouchesAFile(touched)}, protocol=2))
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    else:
        sha256 = _write(path, content, _use_new_zipfile_serialization=writer == "zip")
    assert "not a checkpoint of plain tensors" in _refusal(path, sha256)
    assert not touched.exists()


@pytest.mark.parametrize("content", [[1, 2], {"features.0.bias": 3}, {1: torch.zeros(2)}])
def test_other_content_is_refused(tmp_path, content):
    path = tmp_path / "alexnet.pth"
    assert "not a dictionary of named tensors" in _refusal(path, _write(path, content))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("features.3.weight", None, "lacks features.3.weight"),
        ("classifier.6.bias", None, "lacks classifier.6.bias"),
        ("features.13.weight", torch.zeros(1), "holds features.13.weight"),
        ("classifier.1.bias", torch.zeros(9), "classifier.1.bias is (9,)"),
        ("classifier.6.weight", torch.zeros(1000, 9), "classifier.6.weight is (1000, 9)"),
        ("classifier.4.bias", torch.zeros(HIDDEN).double(), "float64 instead of"),
        ("classifier.4.bias", torch.full((HIDDEN,), torch.nan), "not finite"),
        ("classifier.6.bias", torch.full((1000,), torch.inf), "not finite"),
    ],
)
def test_another_network_is_refused_by_name(tmp_path, name, value, message):
    changed = {**_published(), name: value}
    if value is None:
        del changed[name]
    path = tmp_path / "alexnet.pth"
    assert message in _refusal(path, _write(path, changed))


def test_absent_file_is_told(tmp_path):
    assert "missing or cannot be opened" in _refusal(tmp_path / "nowhere.pth", "7be5be79")


def test_random_weights_need_no_file_and_published_ones_do():
    assert initial_alexnet("random", TINY, 5, None).classifier[6].out_features == 5
    for given in (None, Weights(name="alexnet_imagenet", path=Path("alexnet.pth"))):
        with pytest.raises(UserError, match="give their file and its checksum"):
            initial_alexnet("alexnet_imagenet", TINY, 5, given)
