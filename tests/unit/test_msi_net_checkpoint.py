"""The published MSI-Net is converted whatever its layout; everything else is refused."""

import hashlib
import json
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks import reference_msi_net as reference
from safetensors import safe_open

from mmer.media.msi_net import MsiNet, MsiNetSaliency
from mmer.media.msi_net_checkpoint import ConversionJob, convert, convert_msi_net
from mmer.media.settings import SaliencySettings
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model

CPU = torch.device("cpu")
NARROW = 1 / 32


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _difference(saved_model: Path, state: dict[str, torch.Tensor], width: float, *size: int):
    """Between maps of noise by the original and by our network with converted weights."""
    images = np.random.default_rng(0).uniform(0, 255, (2, *size, 3)).astype(np.float32)
    network = MsiNet(width).eval()
    network.load_state_dict(state)
    with torch.inference_mode():
        maps = network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    return np.abs(maps - reference.load(saved_model.parent)(images)).max()


@pytest.mark.parametrize("save", [reference.save_constants, reference.save_flat])
def test_converted_maps_are_tensorflows(tmp_path, save):
    save(tmp_path / "saved", reference.random_weights(NARROW, seed=1))
    saved_model, weights = tmp_path / "saved/saved_model.pb", tmp_path / "msi_net.safetensors"
    told = {"saved_model": saved_model, "sha256": _sha256(saved_model), "width": NARROW}
    convert_msi_net(ConversionJob(**told, out=weights))
    for size in ((240, 320), (320, 240), (64, 72)):
        assert _difference(saved_model, read_model(weights, CPU), NARROW, *size) < 1e-4
    with safe_open(weights, framework="pt") as stream:
        provenance = json.loads(stream.metadata()["provenance"])
    assert provenance["converted_from_sha256"] == _sha256(saved_model)


@pytest.mark.long
def test_network_of_the_published_size_is_converted(tmp_path):
    reference.save_constants(tmp_path / "saved", reference.random_weights(seed=2))
    saved_model = tmp_path / "saved/saved_model.pb"
    assert 99_700_000 < saved_model.stat().st_size < 100_000_000
    state = convert(saved_model, _sha256(saved_model))
    assert _difference(saved_model, state, 1, 240, 320) < 1e-4


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """The network with constants."""
    folder = tmp_path_factory.mktemp("saved")
    reference.save_constants(folder, reference.random_weights(NARROW))
    return folder / "saved_model.pb"


def test_maps_of_frames_are_the_originals_without_its_padding(saved):
    frames = np.random.default_rng(3).integers(0, 256, (3, 180, 320, 3)).astype(np.uint8)
    weights = convert(saved, _sha256(saved), NARROW)
    found = MsiNetSaliency(SaliencySettings(width=NARROW), weights, CPU).maps(frames)
    padded = np.full((3, 240, 320, 3), 126, np.uint8)
    padded[:, 30:210] = frames
    expected = 255 * reference.load(saved.parent)(padded)[:, 30:210]
    assert np.abs(np.stack(found) - expected).max() <= 0.51


# Refusals


def _refusal(path: Path, sha256: str | None = None, width: float = NARROW) -> str:
    with pytest.raises(UserError) as caught:
        convert(path, sha256 or _sha256(path), width)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_one_changed_byte_is_refused_before_tensorflow_sees_it(saved, tmp_path, monkeypatch):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "saved_model.pb").write_bytes(content)
    opened = lambda *_: pytest.fail("opened before verified")  # noqa: E731
    monkeypatch.setattr(reference.tf.saved_model, "load", opened)
    refusal = _refusal(tmp_path / "saved_model.pb", _sha256(saved))
    assert f"instead of {_sha256(saved)}" in refusal


def test_truncated_file_is_refused_whatever_its_checksum(saved, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(saved.read_bytes()[:-5000])
    assert "is no SavedModel" in _refusal(tmp_path / "saved_model.pb")


def test_a_full_folder_of_temporary_files_is_no_fault_of_the_file(saved):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(UserError, match=r"cannot be written .* make room"):
            convert(saved, _sha256(saved), NARROW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_another_width_is_refused(saved):
    refusal = _refusal(saved, width=0.5)
    assert "conv1_1 has values of shape (2, 3, 3, 3) instead of (32, 3, 3, 3)" in refusal


@pytest.mark.parametrize(("kind", "value"), [(0, np.nan), (1, -np.inf)], ids=["kernel", "bias"])
def test_values_that_are_not_finite_are_refused(tmp_path, kind, value):
    weights = reference.random_weights(NARROW)
    weights["aspp/conv1_3"][kind].flat[0] = value
    reference.save_constants(tmp_path, weights)
    assert "aspp_3 holds a value that is not finite" in _refusal(tmp_path / "saved_model.pb")


@pytest.mark.parametrize(
    ("place", "name", "value", "reason"),
    [
        (reference, "DECODER", (*reference.DECODER, 32), "24 convolutions instead of 23"),
        (reference, "CONTEXT_DILATIONS", (4, 12, 8), "maps that differ by"),
        (reference.tf.nn, "bias_add", lambda maps, _: maps, "and no constant"),
        # The means in the order of blue, green, red, and TensorFlow's newer bilinear filter.
        (reference, "MEAN", reference.MEAN[::-1], "maps that differ by"),
        (
            *(reference.tf.compat.v1.image, "resize_bilinear", reference.tf.image.resize),
            "maps that differ by",
        ),
    ],
    ids=["layers", "dilation", "bias", "means", "filter"],
)
def test_another_network_is_refused(tmp_path, monkeypatch, place, name, value, reason):
    monkeypatch.setattr(place, name, value)
    weights = reference.random_weights(NARROW)
    if name == "DECODER":
        weights["decoder/conv5"] = weights["decoder/conv4"]
    reference.save_constants(tmp_path, weights)
    assert reason in _refusal(tmp_path / "saved_model.pb")


@pytest.mark.parametrize(
    ("function", "inputs", "reason"),
    [
        (lambda one, other: {"output": one + other}, 2, "makes one map of one image"),
        (lambda images: {"output": 2 * images}, 1, "holds 0 convolutions instead of 23"),
    ],
)
def test_another_model_altogether_is_refused(tmp_path, function, inputs, reason):
    tf = reference.tf
    images = tf.TensorSpec((None, None, None, 3), tf.float32)
    served = tf.function(function, input_signature=[images] * inputs)
    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"serving_default": served})
    assert reason in _refusal(tmp_path / "saved_model.pb")
