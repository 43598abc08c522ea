"""Published checkpoints are read in their own layout; all else is refused in one sentence."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import librosa
import numpy as np
import pytest
import torch
from numpy._core.multiarray import _reconstruct
from torch import Tensor, nn

from mmer.models.networks.alexnet import build_alexnet, load_alexnet
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.panns_checkpoint import load_panns
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer
from mmer.models.networks.spatial_transformer_checkpoint import read_published
from mmer.models.networks.speaker_encoder import SpeakerEncoder, load_resemblyzer
from mmer.models.networks.speaker_resnet import SpeakerResnet
from mmer.models.networks.speaker_resnet_checkpoint import load_wespeaker
from mmer.runtime.errors import UserError

TINY = 0.02
State = dict[str, Tensor]


def mel_filters(lowest: float) -> Tensor:
    filters = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=64, fmin=lowest, fmax=8_000)
    return torch.tensor(filters.T)


def panns_state() -> State:
    """Of the published names, at small width, with the front end written independently."""
    state = Cnn14(classes=527, width=TINY).state_dict()
    state["fc_audioset.weight"] = state.pop("classifier.weight")
    state["fc_audioset.bias"] = state.pop("classifier.bias")
    state["bn0.running_mean"] = torch.linspace(-60, -20, 64)
    kernels = np.fft.fft(np.eye(512))[:257] * np.hanning(513)[:512]
    for name, part in (("real", kernels.real), ("imag", kernels.imag)):
        state[f"spectrogram_extractor.stft.conv_{name}.weight"] = torch.tensor(part).float()[
            :, None
        ]
    return state | {"logmel_extractor.melW": mel_filters(50)}


def panns_content(state: State) -> dict[str, object]:
    sampler = {"indexes_per_class": [np.arange(5), np.arange(3)], "pointers": np.zeros(527, int)}
    return {"iteration": 600_000, "model": state, "sampler": sampler}


def load_faces(network: nn.Module, path: Path, sha256: str | None) -> None:
    network.load_state_dict(read_published(path, sha256).state_dict())


@dataclass(frozen=True)
class Kind:
    """A published file: its state, the layout around it, a network to load it into, the loader."""

    state: Callable[[], State]
    content: Callable[[State], object]
    network: Callable[[], nn.Module]
    load: Callable[[nn.Module, Path, str], None]
    stays: str
    small: str  # some bias

    def fresh(self) -> nn.Module:
        torch.manual_seed(0)
        return self.network()

    def published(self) -> State:
        torch.manual_seed(7)
        return dict(self.state())

    def refusal(self, path: Path, sha256: str) -> str:
        """Why a file is refused; the network is then as it was."""
        network = self.fresh()
        with pytest.raises(UserError) as caught:
            self.load(network, path, sha256)
        untouched = self.fresh().state_dict()
        assert all(tensor.equal(untouched[name]) for name, tensor in network.state_dict().items())
        return str(caught.value)


PANNS = Kind(
    panns_state, panns_content, lambda: Cnn14(8, TINY), load_panns, "classifier.", "fc1.bias"
)
ALEXNET = Kind(
    lambda: build_alexnet(1000, TINY).state_dict(),
    lambda state: state,
    lambda: build_alexnet(8, TINY),
    load_alexnet,
    "classifier.6.",
    "classifier.4.bias",
)
FACES = Kind(
    lambda: GuidedSpatialTransformer(3).state_dict(),
    lambda state: state,
    lambda: GuidedSpatialTransformer(3),
    load_faces,
    "nothing",
    "conv1.bias",
)
SPEAKERS = Kind(
    lambda: SpeakerEncoder().state_dict() | {"similarity_weight": torch.ones(1)},
    lambda state: {"step": 1_564_501, "model_state": state, "optimizer_state": {"state": {}}},
    SpeakerEncoder,
    load_resemblyzer,
    "nothing",
    "linear.bias",
)


PYANNOTE = ModuleType("pyannote.audio.core.task")


class Specifications:
    """Pyannote's description of what a network says: an object with attributes."""

    __module__ = PYANNOTE.__name__

    def __init__(self) -> None:
        self.problem, self.resolution = Problem(4), Resolution(2)


class Problem:
    """One of its enumerations, pickled as a call with a number."""

    __module__ = PYANNOTE.__name__

    def __init__(self, value: int) -> None:
        self.value = value

    def __reduce__(self):
        return type(self), (self.value,)


class Resolution(Problem):
    """Another one."""

    __module__ = PYANNOTE.__name__


for kind in (Specifications, Problem, Resolution):
    setattr(PYANNOTE, kind.__name__, kind)


def resnet_content(state: State) -> dict[str, object]:
    described = {
        "versions": {"torch": torch.torch_version.TorchVersion("2.0.1"), "pyannote.audio": "3.0.1"},
        "architecture": {"module": "pyannote.audio.models.embedding.wespeaker"},
        "specifications": Specifications(),
    }
    return {"state_dict": state, "hyper_parameters": {"dither": 0.0}, "pyannote.audio": described}


def resnet() -> nn.ModuleDict:
    """Its names begin with ``resnet``."""
    return nn.ModuleDict({"resnet": SpeakerResnet(0.03)})


RESNET = Kind(
    lambda: resnet().state_dict(),
    resnet_content,
    resnet,
    lambda network, path, sha256: load_wespeaker(network["resnet"], path, sha256),
    "nothing",
    "resnet.seg_1.bias",
)
each_kind = pytest.mark.parametrize(
    "kind",
    [PANNS, ALEXNET, FACES, SPEAKERS, RESNET],
    ids=["panns", "alexnet", "faces", "speakers", "resnet"],
)


@pytest.fixture(autouse=True)
def published_names(monkeypatch):
    """What is pickled has the names that NumPy of 2020 and pyannote used."""
    monkeypatch.setitem(sys.modules, PYANNOTE.__name__, PYANNOTE)
    monkeypatch.setattr(_reconstruct, "__module__", "numpy.core.multiarray")


def write(path: Path, content: object, **options: bool) -> str:
    """Save as torch does; the checksum of the file."""
    torch.save(content, path, **options)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@each_kind
@pytest.mark.filterwarnings("ignore:numpy.core")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_the_published_layout_is_loaded_and_the_last_layer_stays(tmp_path, kind, zipped):
    path, state = tmp_path / "weights.pth", kind.published()
    sha256 = write(path, kind.content(state), _use_new_zipfile_serialization=zipped)
    if kind in (PANNS, RESNET):
        name = b"numpy.core.multiarray" if kind is PANNS else b"pyannote.audio.core.task"
        assert name in path.read_bytes()
        with pytest.raises(pickle.UnpicklingError):  # why the allowed names are needed
            torch.load(path, weights_only=True)
    for digits in (8, 64):
        network, fresh = kind.fresh(), kind.fresh().state_dict()
        kind.load(network, path, sha256[:digits])
        for name, tensor in network.state_dict().items():
            assert tensor.equal((fresh if name.startswith(kind.stays) else state)[name]), name


@each_kind
def test_one_changed_byte_is_refused_before_opening(tmp_path, monkeypatch, kind):
    path = tmp_path / "weights.pth"
    sha256 = write(path, kind.content(kind.published()))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("opened before verified"))
    for digits in (8, 64):
        assert f"not {sha256[:digits]}" in kind.refusal(path, sha256[:digits])
    assert "too short" in kind.refusal(path, hashlib.sha256(content).hexdigest()[:7])
    assert "missing or cannot be opened" in kind.refusal(tmp_path / "nowhere.pth", sha256)


class Touch:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@each_kind
@pytest.mark.parametrize("writer", ["zip", "legacy", "pickle"])
def test_code_in_a_file_is_not_run(tmp_path, kind, writer):
    path, trace = tmp_path / "weights.pth", tmp_path / "was_run"
    content = kind.content({**kind.published(), kind.small: Touch(trace)})
    if writer == "pickle":
        path.write_bytes(pickle.dumps({kind.small: Touch(trace)}, protocol=2))
    else:
        write(path, content, _use_new_zipfile_serialization=writer == "zip")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert "not a checkpoint of plain tensors" in kind.refusal(path, sha256)
    assert not trace.exists()


@each_kind
def test_a_truncated_file_or_other_content_is_refused(tmp_path, kind):
    path = tmp_path / "weights.pth"
    write(path, kind.content(kind.published()))
    path.write_bytes(path.read_bytes()[:-5000])
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert "not a checkpoint of plain tensors" in kind.refusal(path, sha256)
    for content in ([1, 2], {kind.small: 3}, {1: torch.zeros(2)}):
        refusal = kind.refusal(path, write(path, kind.content(content)))
        assert "of named tensors" in refusal


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        (PANNS, "conv_block3.bn2.running_var", None, "lacks conv_block3.bn2.running_var"),
        (PANNS, "conv_block7.conv1.weight", torch.zeros(1), "holds 'conv_block7.conv1.weight'"),
        (PANNS, "fc1.weight", torch.zeros(20, 21), "fc1.weight is (20, 21)"),
        (PANNS, "fc1.bias", torch.full((41,), torch.nan), "not finite"),
        (PANNS, "logmel_extractor.melW", mel_filters(0), "melW differs by"),
        (ALEXNET, "features.3.weight", None, "lacks features.3.weight"),
        (ALEXNET, "classifier.6.bias", None, "lacks classifier.6.bias"),
        (ALEXNET, "features.13.weight", torch.zeros(1), "holds 'features.13.weight'"),
        (ALEXNET, "classifier.6.weight", torch.zeros(1000, 9), "classifier.6.weight is (1000, 9)"),
        (ALEXNET, "classifier.6.bias", torch.zeros(9), "weight and bias of the same classes"),
        (ALEXNET, "classifier.4.bias", torch.zeros(82).double(), "float64 instead of"),
        (ALEXNET, "classifier.6.bias", torch.full((1000,), torch.inf), "not finite"),
        (FACES, "conv3.weight", None, "lacks conv3.weight"),
        (FACES, "fc2.bias", None, "no layer fc2 of classes"),
        (FACES, "conv5.weight", torch.zeros(1), "'conv5.weight', which the network does not have"),
        (FACES, "fc1.weight", torch.zeros(50, 800), "fc1.weight is (50, 800)"),
        (FACES, "fc2.bias", torch.zeros(8), "fc2.weight is (3, 50) torch.float32 instead of (8"),
        (FACES, "norm.running_var", torch.full((10,), torch.nan), "not finite"),
        (SPEAKERS, "lstm.bias_hh_l2", None, "lacks lstm.bias_hh_l2"),
        (SPEAKERS, "lstm.weight_ih_l3", torch.zeros(1), "holds 'lstm.weight_ih_l3'"),
        (SPEAKERS, "lstm.weight_ih_l0", torch.zeros(1024, 80), "weight_ih_l0 is (1024, 80)"),
        (SPEAKERS, "linear.bias", torch.full((256,), torch.nan), "not finite"),
        (RESNET, "resnet.layer3.5.bn2.running_var", None, "lacks resnet.layer3.5.bn2.running_var"),
        (RESNET, "projection.weight", torch.zeros(1), "holds 'projection.weight'"),
        (RESNET, "resnet.layer2.0.shortcut.0.weight", torch.zeros(2, 2), "weight is (2, 2)"),
        (RESNET, "resnet.seg_1.bias", torch.full((256,), torch.inf), "not finite"),
    ],
)
def test_another_network_is_refused_by_name(tmp_path, kind, name, value, message):
    changed = {**kind.published(), name: value}
    if value is None:
        del changed[name]
    path = tmp_path / "weights.pth"
    assert message in kind.refusal(path, write(path, kind.content(changed)))
