"""AlexNet: torchvision's network, its small versions, and fc7 as DeepSpectrum takes it."""

import hashlib

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torchvision.models import AlexNet

from mmer.embeddings import Embeddings, read_embeddings, write_embeddings
from mmer.media.spectrogram_image import spectrogram_images
from mmer.media.spectrogram_image_settings import SpectrogramImageSettings
from mmer.models.networks.alexnet import build_alexnet, fc7, load_alexnet, network_input
from mmer.models.networks.alexnet_embedding import embeddings_of
from mmer.runtime.errors import UserError

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 80, 80, 3), np.uint8))
NAMES = ("a", "b", "c")


def _small(seed: int = 0) -> torchvision.models.AlexNet:
    torch.manual_seed(seed)
    return build_alexnet(8, width=0.03)


def _parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_width_one_is_torchvisions_network_of_61_million_parameters():
    with torch.device("meta"):
        network = build_alexnet(classes=1000)
    assert type(network) is torchvision.models.AlexNet
    assert _parameters(network) == 61_100_840


def test_small_network_has_the_same_layers_and_names():
    network = _small()
    with torch.device("meta"):
        full = build_alexnet(8)
    assert list(network.state_dict()) == list(full.state_dict())
    assert [type(layer) for layer in network.modules()] == [type(layer) for layer in full.modules()]
    for small, large in zip(network.modules(), full.modules(), strict=True):
        if isinstance(small, torch.nn.Conv2d):
            assert (small.kernel_size, small.stride, small.padding) == (
                large.kernel_size,
                large.stride,
                large.padding,
            )
    assert network.classifier[4].out_features == round(0.03 * 4096)
    assert _parameters(network) < 0.002 * _parameters(full)
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 8)


def test_input_is_pixels_as_torchvision_makes_and_normalises_them():
    to_tensor = torchvision.transforms.ToTensor()
    scaled = torch.stack([to_tensor(Image.fromarray(image.numpy())) for image in IMAGES])
    assert torch.equal(network_input(IMAGES, normalise=False), scaled)
    preset = torchvision.models.AlexNet_Weights.IMAGENET1K_V1.transforms()
    expected = torchvision.transforms.functional.normalize(scaled, preset.mean, preset.std)
    torch.testing.assert_close(network_input(IMAGES, normalise=True), expected)


def test_fc7_is_what_torchvisions_network_computes():
    torch.manual_seed(4)
    reference = torchvision.models.alexnet(weights=None)
    network = build_alexnet(classes=1000)
    network.load_state_dict(reference.state_dict())
    images = IMAGES[:2].repeat(1, 3, 3, 1)[:, :227, :227]

    heard = []
    reference.classifier[5].register_forward_hook(lambda *of: heard.append(of[2].clone()))
    reference.eval()
    to_tensor = torchvision.transforms.ToTensor()
    with torch.inference_mode():
        reference(torch.stack([to_tensor(Image.fromarray(image.numpy())) for image in images]))

    embedding = fc7(network.train(), images)
    assert embedding.shape == (2, 4096) and (embedding >= 0).all() and embedding.any()
    torch.testing.assert_close(embedding, heard[0], rtol=1e-5, atol=1e-7)


# Embeddings of items


IMAGE = SpectrogramImageSettings(size=64)


def test_every_item_gets_the_embedding_of_its_image():
    noise = [
        np.random.default_rng(row).normal(0, 900, 9000 + 500 * row).astype(np.int16)
        for row in range(3)
    ]
    network = _small()
    for row, values in enumerate(embeddings_of(network, noise, IMAGE)):
        image = torch.from_numpy(spectrogram_images([noise[row]], IMAGE))
        expected = fc7(network, image).numpy()[0]
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6)


# Their file


def test_embeddings_survive_their_file(tmp_path):
    written = Embeddings(NAMES, np.arange(6, dtype=np.float32).reshape(3, 2))
    write_embeddings(tmp_path / "some.npz", written)
    read = read_embeddings(tmp_path / "some.npz")
    assert read.items == NAMES
    np.testing.assert_array_equal(read.values, written.values)
    with np.load(tmp_path / "some.npz", allow_pickle=False) as plain:
        assert set(plain) == {"items", "values", "dimensions"}


@pytest.mark.parametrize(
    ("items", "values", "message"),
    [
        (NAMES[:2], np.zeros((3, 2), np.float32), "2 items"),
        (NAMES, np.zeros((3, 2)), "float64"),
        ((*NAMES[:2], NAMES[0]), np.zeros((3, 2), np.float32), "twice"),
        (NAMES, np.full((3, 2), np.nan, np.float32), "not finite"),
        (NAMES, np.array([[object()]] * 3), "not an NPZ of embeddings"),
    ],
)
def test_other_files_are_refused(tmp_path, items, values, message):
    np.savez(tmp_path / "some.npz", items=np.array(items), values=values)
    with pytest.raises(UserError, match=message):
        read_embeddings(tmp_path / "some.npz")
    content = (tmp_path / "some.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    for name in ("cut.npz", "absent.npz"):
        with pytest.raises(UserError, match="not an NPZ"):
            read_embeddings(tmp_path / name)


@pytest.mark.slow
def test_a_file_of_alexnets_published_size_is_loaded(tmp_path):
    path = tmp_path / "alexnet-owt.pth"
    torch.manual_seed(3)
    published = AlexNet().state_dict()
    torch.save(published, path, _use_new_zipfile_serialization=False)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert 244_000_000 < path.stat().st_size < 245_000_000
    network = build_alexnet(8)
    load_alexnet(network, path, sha256[:8])
    loaded = network.state_dict()
    assert loaded["classifier.6.weight"].shape == (8, 4096)
    for name in published.keys() - {"classifier.6.weight", "classifier.6.bias"}:
        assert torch.equal(loaded[name], published[name]), name
