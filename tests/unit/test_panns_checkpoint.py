"""The published checkpoint's layout is read; everything else is refused in one sentence."""

import hashlib
import pickle
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from numpy._core.multiarray import _reconstruct

from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.panns_checkpoint import load_panns
from mmer.runtime.errors import UserError

TINY = 0.01
CHANNELS = 20


def _network(seed: int = 0) -> Cnn14:
    torch.manual_seed(seed)
    return Cnn14(classes=8, width=TINY)


def _published_model(seed: int = 7) -> dict[str, torch.Tensor]:
    """A state of the published names, at small width, with the front end written independently."""
    state = {
        name: tensor
        for name, tensor in _network(seed).state_dict().items()
        if not name.startswith("classifier")
    }
    state["bn0.running_mean"] = torch.linspace(-60, -20, 64)
    kernels = np.fft.fft(np.eye(512))[:257] * np.hanning(513)[:512]
    filters = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=64, fmin=50, fmax=8_000)
    state["spectrogram_extractor.stft.conv_real.weight"] = torch.tensor(kernels.real).float()[
        :, None
    ]
    state["spectrogram_extractor.stft.conv_imag.weight"] = torch.tensor(kernels.imag).float()[
        :, None
    ]
    state["logmel_extractor.melW"] = torch.tensor(filters.T)
    state["fc_audioset.weight"] = torch.randn(527, CHANNELS)
    state["fc_audioset.bias"] = torch.randn(527)
    return state


def _write(path: Path, content: object, **options) -> str:
    """Save as torch does; the checksum of the file."""
    torch.save(content, path, **options)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _content(model: dict[str, torch.Tensor]) -> dict[str, object]:
    sampler = {"indexes_per_class": [np.arange(5), np.arange(3)], "pointers": np.zeros(527, int)}
    return {"iteration": 600_000, "model": model, "sampler": sampler}


@pytest.fixture(autouse=True)
def _name_of_old_numpy(monkeypatch):
    """Arrays are pickled under the name that the NumPy of 2020 used."""
    monkeypatch.setattr(_reconstruct, "__module__", "numpy.core.multiarray")


@pytest.mark.filterwarnings("ignore:numpy.core")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_published_layout_is_loaded_and_the_classifier_stays(tmp_path, zipped):
    path, model = tmp_path / "cnn14.pth", _published_model()
    sha256 = _write(path, _content(model), _use_new_zipfile_serialization=zipped)
    assert b"numpy.core.multiarray" in path.read_bytes()
    with pytest.raises(pickle.UnpicklingError):  # why the allowed names are needed
        torch.load(path, weights_only=True)

    network, fresh = _network(), _network()
    load_panns(network, path, sha256)
    for name, tensor in network.state_dict().items():
        source = fresh.state_dict() if name.startswith("classifier") else model
        assert torch.equal(tensor, source[name]), name


def _refusal(path: Path, sha256: str) -> str:
    network = _network()
    with pytest.raises(UserError) as caught:
        load_panns(network, path, sha256)
    untouched = _network().state_dict()
    assert all(torch.equal(t, untouched[name]) for name, t in network.state_dict().items())
    return str(caught.value)


def _refusal_of(model: dict[str, torch.Tensor], path: Path) -> str:
    return _refusal(path, _write(path, {"iteration": 1, "model": model, "sampler": {}}))


def test_one_changed_byte_is_refused_before_opening(tmp_path, monkeypatch):
    path = tmp_path / "cnn14.pth"
    sha256 = _write(path, {"model": _published_model()})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened before verified"))
    assert f"not {sha256}" in _refusal(path, sha256)


def test_truncated_file_is_refused_whatever_its_checksum(tmp_path):
    path = tmp_path / "cnn14.pth"
    _write(path, {"model": _published_model()})
    path.write_bytes(path.read_bytes()[:-5000])
    assert "not a checkpoint" in _refusal(path, hashlib.sha256(path.read_bytes()).hexdigest())


class _TouchesAFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path, zipped):
    path, touched = tmp_path / "cnn14.pth", tmp_path / "touched"
    content = {"model": _published_model(), "sampler": _TouchesAFile(touched)}
    sha256 = _write(path, content, _use_new_zipfile_serialization=zipped)
    assert "not a checkpoint of plain tensors" in _refusal(path, sha256)
    assert not touched.exists()


def test_absent_file_is_told(tmp_path):
    assert "cannot be opened" in _refusal(tmp_path / "nowhere.pth", "0" * 64)


@pytest.mark.parametrize("content", [[1, 2], {"iteration": 3}, {"model": {"bn0.weight": 3}}])
def test_other_content_is_refused(tmp_path, content):
    path = tmp_path / "cnn14.pth"
    assert "no 'model'" in _refusal(path, _write(path, content))


def test_missing_tensor_is_named(tmp_path):
    model = _published_model()
    del model["conv_block3.bn2.running_var"]
    assert "lacks conv_block3.bn2.running_var" in _refusal_of(model, tmp_path / "cnn14.pth")


def test_unknown_tensor_is_named(tmp_path):
    model = _published_model() | {"conv_block7.conv1.weight": torch.zeros(1)}
    assert "holds conv_block7.conv1.weight" in _refusal_of(model, tmp_path / "cnn14.pth")


def test_other_shape_is_named(tmp_path):
    model = _published_model() | {"fc1.weight": torch.zeros(20, 21)}
    assert "fc1.weight is (20, 21)" in _refusal_of(model, tmp_path / "cnn14.pth")


def test_other_number_format_is_named(tmp_path):
    model = _published_model()
    model["fc1.bias"] = model["fc1.bias"].double()
    assert "fc1.bias is (20,) torch.float64" in _refusal_of(model, tmp_path / "cnn14.pth")


def test_value_that_is_not_finite_is_named(tmp_path):
    model = _published_model()
    model["fc1.bias"][3] = float("nan")
    assert "fc1.bias holds a value that is not finite" in _refusal_of(model, tmp_path / "c.pth")


def test_weights_for_another_front_end_are_refused(tmp_path):
    model = _published_model()
    other = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=64, fmin=0, fmax=8_000)
    model["logmel_extractor.melW"] = torch.tensor(other.T)
    assert "melW differs by" in _refusal_of(model, tmp_path / "cnn14.pth")
