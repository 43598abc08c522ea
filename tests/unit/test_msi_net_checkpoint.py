"""The published MSI-Net is converted whatever its layout; everything else is refused."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks import reference_msi_net as reference
from safetensors import safe_open

from mmer.media.msi_net import MsiNet, convolutions
from mmer.media.msi_net_checkpoint import ConversionJob, convert, convert_msi_net
from mmer.media.saliency import saliency_method
from mmer.media.settings import SaliencySettings
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model

CPU = torch.device("cpu")
NARROW = 1 / 32

LAYOUTS = {
    "constants": reference.save_constants,
    "flat": reference.save_flat,
    "variables": reference.save_variables,
}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _convert(saved_model: Path, weights: Path, width: float = NARROW) -> dict[str, torch.Tensor]:
    """Convert as the workflow does."""
    sha256 = _sha256(saved_model)
    convert_msi_net(ConversionJob(saved_model=saved_model, sha256=sha256, width=width, out=weights))
    return read_model(weights, CPU)


def _maps(state: dict[str, torch.Tensor], images: np.ndarray, width: float) -> np.ndarray:
    network = MsiNet(width).eval()
    network.load_state_dict(state)
    with torch.inference_mode():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_converted_maps_are_tensorflows(tmp_path, layout):
    LAYOUTS[layout](tmp_path / "saved", reference.random_weights(NARROW, seed=1))
    state = _convert(tmp_path / "saved" / "saved_model.pb", tmp_path / "msi_net.safetensors")
    original = reference.load(tmp_path / "saved")
    for size in ((240, 320), (320, 240), (64, 72)):
        images = _noise(2, *size, 3)
        difference = np.abs(_maps(state, images, NARROW) - original(images))
        assert difference.max() < 1e-4


@pytest.mark.long
def test_network_of_the_published_size_is_converted(tmp_path):
    reference.save_constants(tmp_path / "saved", reference.random_weights(seed=2))
    saved_model = tmp_path / "saved" / "saved_model.pb"
    assert 99_700_000 < saved_model.stat().st_size < 100_000_000
    state = _convert(saved_model, tmp_path / "msi_net.safetensors", width=1)
    images = _noise(1, 240, 320, 3)
    difference = np.abs(_maps(state, images, 1) - reference.load(tmp_path / "saved")(images))
    assert difference.max() < 1e-4


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """The network with constants; nothing but the one file."""
    folder = tmp_path_factory.mktemp("saved")
    reference.save_constants(folder / "whole", reference.random_weights(NARROW))
    return (folder / "whole" / "saved_model.pb").rename(folder / "saved_model.pb")


def test_one_file_is_enough_and_says_where_the_weights_come_from(saved, tmp_path):
    state = _convert(saved, tmp_path / "msi_net.safetensors")
    assert len(state) == 2 * len(convolutions())
    with safe_open(tmp_path / "msi_net.safetensors", framework="pt") as stream:
        provenance = json.loads(stream.metadata()["provenance"])
    assert provenance["converted_from_sha256"] == _sha256(saved)


def test_maps_of_frames_are_the_originals_without_its_padding(saved, tmp_path):
    frames = np.random.default_rng(3).integers(0, 256, (3, 180, 320, 3)).astype(np.uint8)
    settings = SaliencySettings(width=NARROW)
    weights = _convert(saved, tmp_path / "msi_net.safetensors")
    found = saliency_method(settings, weights, CPU).maps(frames)
    padded = np.full((3, 240, 320, 3), 126, np.uint8)
    padded[:, 30:210] = frames
    reference.save_constants(tmp_path / "saved", reference.random_weights(NARROW))
    expected = 255 * reference.load(tmp_path / "saved")(padded)[:, 30:210]
    assert np.abs(found - expected).max() <= 0.51


# Refusals


def _refusal(path: Path, sha256: str | None = None, width: float = NARROW) -> str:
    with pytest.raises(UserError) as caught:
        convert(path, sha256 or _sha256(path), width)
    return str(caught.value)


def _save(folder: Path, weights: reference.Weights) -> Path:
    reference.save_constants(folder / "saved", weights)
    return folder / "saved" / "saved_model.pb"


def test_one_changed_byte_is_refused_before_tensorflow_sees_it(saved, tmp_path, monkeypatch):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "saved_model.pb").write_bytes(content)
    opened = lambda *_: pytest.fail("opened before verified")  # noqa: E731
    monkeypatch.setattr(reference.tf.saved_model, "load", opened)
    refusal = _refusal(tmp_path / "saved_model.pb", _sha256(saved))
    assert f"instead of {_sha256(saved)}" in refusal
    assert str(tmp_path / "saved_model.pb") in refusal


def test_truncated_file_is_refused_whatever_its_checksum(saved, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(saved.read_bytes()[:-5000])
    assert "is no SavedModel" in _refusal(tmp_path / "saved_model.pb")


def test_weights_that_lie_in_a_missing_folder_are_refused(tmp_path):
    reference.save_variables(tmp_path / "saved", reference.random_weights(NARROW))
    alone = (tmp_path / "saved" / "saved_model.pb").rename(tmp_path / "saved_model.pb")
    assert "or lacks its variables" in _refusal(alone)


def test_absent_file_is_told(tmp_path):
    assert "missing" in _refusal(tmp_path / "saved_model.pb", 64 * "0")


def test_another_width_is_refused(saved):
    assert "conv1_1 has a kernel of shape (3, 3, 3, 2) instead of" in _refusal(saved, width=0.5)


@pytest.mark.parametrize(("kind", "value"), [(0, np.nan), (1, np.inf)], ids=["kernel", "bias"])
def test_values_that_are_not_finite_are_refused(tmp_path, kind, value):
    weights = reference.random_weights(NARROW)
    weights["aspp/conv1_3"][kind].flat[0] = value
    assert "aspp_3 holds a value that is not finite" in _refusal(_save(tmp_path, weights))


def test_another_number_of_convolutions_is_refused(tmp_path, monkeypatch):
    weights = reference.random_weights(NARROW)
    monkeypatch.setattr(reference, "DECODER", (*reference.DECODER, 32))
    weights["decoder/conv5"] = weights["decoder/conv4"]
    with_one_more = reference.random_weights(NARROW)
    assert "holds 24 convolutions instead of 23" in _refusal(_save(tmp_path, with_one_more))


def test_another_dilation_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "CONTEXT_DILATIONS", (4, 12, 8))
    refusal = _refusal(_save(tmp_path, reference.random_weights(NARROW)))
    assert "aspp_3 has dilation 12 instead of 8" in refusal


def test_convolution_without_bias_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reference.tf.nn, "bias_add", lambda maps, _: maps)
    refusal = _refusal(_save(tmp_path, reference.random_weights(NARROW)))
    assert "conv1_1 has no bias" in refusal


def test_graph_that_computes_something_else_is_refused(tmp_path, monkeypatch):
    # The same convolutions, but the means in the order of blue, green, red.
    monkeypatch.setattr(reference, "MEAN", reference.MEAN[::-1])
    refusal = _refusal(_save(tmp_path, reference.random_weights(NARROW)))
    assert "maps that differ by" in refusal


def test_another_bilinear_filter_is_refused(tmp_path, monkeypatch):
    newer = reference.tf.image.resize
    monkeypatch.setattr(reference.tf.compat.v1.image, "resize_bilinear", newer)
    refusal = _refusal(_save(tmp_path, reference.random_weights(NARROW)))
    assert "maps that differ by" in refusal


def test_model_with_two_inputs_is_refused(tmp_path):
    tf = reference.tf
    specification = tf.TensorSpec((None,), tf.float32)
    added = tf.function(
        lambda one, other: {"output": one + other}, input_signature=[specification] * 2
    )
    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"serving_default": added})
    assert "of one input and one output" in _refusal(tmp_path / "saved_model.pb")


def test_another_model_altogether_is_refused(tmp_path):
    tf = reference.tf
    doubled = tf.function(
        lambda images: {"output": 2 * images}, input_signature=[tf.TensorSpec((None,), tf.float32)]
    )
    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"serving_default": doubled})
    assert "holds 0 convolutions instead of 23" in _refusal(tmp_path / "saved_model.pb")
