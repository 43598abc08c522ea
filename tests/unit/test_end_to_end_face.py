"""What the end-to-end network sees: its ResNet beside SciPy's, changed faces, films on disk."""

from __future__ import annotations

import colorsys
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.signal import correlate
from tests.recola_trainings import prepare_recola, training_job
from torch import nn
from torchvision.models import resnet50

from mmer.corpora.recola import Recola
from mmer.models.end_to_end import EndToEnd, EndToEndEntry, EndToEndSettings
from mmer.models.networks.end_to_end import EndToEnd as Network
from mmer.models.networks.end_to_end import begin_with
from mmer.models.networks.end_to_end_face import FaceBranch, changed
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model
from mmer.weights import Weights

SMALL = {"face_blocks": (1, 1, 1, 1), "face_width": 0.0625, "weights": "random"}
PLAIN = {"face_enlarged": 96, "face_saturation": 0, "face_brightness": 0}


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    """Random colours, uint8."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


# The ResNet


def convolved(image: np.ndarray, layer: nn.Conv2d) -> np.ndarray:
    """``(channels, height, width)`` float64, padded with zeros, every ``stride``-th sum."""
    weight, pad, stride = (
        layer.weight.detach().double().numpy(),
        *layer.padding[:1],
        *layer.stride[:1],
    )
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
    sums = [correlate(padded, kernel, mode="valid", method="direct")[0] for kernel in weight]
    return np.stack(sums)[:, ::stride, ::stride]


def normalised(image: np.ndarray, layer: nn.BatchNorm2d) -> np.ndarray:
    """By the moments that training has gathered."""
    mean, variance, scale, shift = (
        each.detach().double().numpy()[:, None, None]
        for each in (layer.running_mean, layer.running_var, layer.weight, layer.bias)
    )
    return (image - mean) / np.sqrt(variance + layer.eps) * scale + shift


def seen_by_block(image: np.ndarray, block: nn.Module) -> np.ndarray:
    """Three convolutions beside one of 1×1, as He et al. 2016 draw them."""
    told = np.maximum(normalised(convolved(image, block.conv1), block.bn1), 0)
    told = np.maximum(normalised(convolved(told, block.conv2), block.bn2), 0)
    told = normalised(convolved(told, block.conv3), block.bn3)
    return np.maximum(
        told + normalised(convolved(image, block.downsample[0]), block.downsample[1]), 0
    )


def test_the_face_branch_is_what_scipy_computes():
    torch.manual_seed(0)
    branch = FaceBranch((1, 1, 1, 1), 0.0625, 96, standardised=False)
    face = drawn(1, 1, 40, 40, 3)
    branch.train()(drawn(1, 8, 40, 40, 3, seed=1))  # so that its moments are not 0 and 1
    found = branch.eval()(face)[0, 0].detach().numpy()
    image = face[0, 0].double().numpy().transpose(2, 0, 1) / 255
    image = np.maximum(normalised(convolved(image, branch.conv1), branch.bn1), 0)
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    image = windows.max(axis=(3, 4))[:, ::2, ::2]
    for group in (branch.layer1, branch.layer2, branch.layer3, branch.layer4):
        image = seen_by_block(image, group[0])
    assert branch.width == 128
    np.testing.assert_allclose(found, image.mean(axis=(1, 2)), rtol=0, atol=1e-5)


def test_at_full_size_it_is_torchvisions_resnet_50_without_classes(tmp_path):
    torch.manual_seed(1)
    published = resnet50().eval()
    file = tmp_path / "resnet50.pth"
    # Old files lack the counts of batches.
    torch.save({n: w for n, w in published.state_dict().items() if "num_batches" not in n}, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    branch = FaceBranch((3, 4, 6, 3), 1.0, 96, standardised=True).eval()
    branch.start_from_imagenet(Weights(name="resnet50_imagenet", path=file, sha256=digest[:8]))
    published.fc = nn.Identity()
    faces = drawn(1, 2, 96, 96, 3)
    colours = faces[0].permute(0, 3, 1, 2).float() / 255
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = published((colours - mean[:, None, None]) / deviation[:, None, None])
    assert branch.width == 2048
    torch.testing.assert_close(branch(faces)[0], expected)


def test_weights_of_another_network_or_other_bytes_are_refused(tmp_path):
    file, branch = tmp_path / "other.pth", FaceBranch((1, 1, 1, 1), 0.0625, 96, standardised=True)
    torch.save({"conv1.weight": torch.zeros(2)}, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(UserError, match=r"conv1\.weight is \(2,\)"):
        branch.start_from_imagenet(Weights(name="other", path=file, sha256=digest))
    with pytest.raises(UserError, match="damaged or another file"):
        branch.start_from_imagenet(Weights(name="other", path=file, sha256="0" * 8))


def test_larger_faces_are_shrunk_to_the_side_that_it_sees():
    torch.manual_seed(0)
    branch = FaceBranch((1, 1, 1, 1), 0.0625, 32, standardised=False).eval()
    small = drawn(1, 1, 32, 32, 3)
    large = small.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3)
    torch.testing.assert_close(branch(large), branch(small))


# Both branches


def test_what_is_seen_stands_after_what_is_heard():
    torch.manual_seed(2)
    settings = EndToEndSettings(senses="both", channels=4, pooled_channels=2, units=8, **SMALL)
    network = Network(64, 2, False, settings).eval()
    sound, faces = torch.randn(1, 5, 64), drawn(1, 5, 96, 96, 3)
    seen = torch.cat([network.sound(sound), network.face(faces)], dim=2)
    expected = network.say(network.recurrent(seen))
    torch.testing.assert_close(network(sound, torch.tensor([5]), faces), expected)


def test_a_network_of_the_face_has_no_ear():
    network = Network(64, 2, False, EndToEndSettings(senses="face", units=8, **SMALL)).eval()
    assert network.sound is None
    faces, lengths = drawn(1, 5, 96, 96, 3), torch.tensor([5])
    loud, silent = network(torch.ones(1, 5, 64), lengths, faces), torch.zeros(1, 5, 64)
    torch.testing.assert_close(loud, network(silent, lengths, faces))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"settings": {"senses": "face"}}, "modality face"),
        ({"modality": "fusion", "voice": "a", "settings": {"senses": "both"}}, "together"),
        ({"voice": "a", "face": "b"}, "only what takes in both"),
        ({"of": "a"}, "named by voice and face"),
        ({"modality": "face", "settings": {"senses": "face", "face_width": 0.5}}, "another size"),
    ],
)
def test_entries_that_contradict_themselves_are_refused(entry, reason):
    with pytest.raises(ValueError, match=reason):
        EndToEndEntry(family="end_to_end", title="mine", **entry)


# Changed faces


def test_a_face_that_is_not_to_be_changed_is_not():
    faces = drawn(3, 96, 96, 3)
    torch.testing.assert_close(changed(faces, EndToEndSettings(**PLAIN)), faces / 255)


def test_each_face_is_cropped_anywhere_from_a_larger_one():
    torch.manual_seed(0)
    faces = drawn(1, 96, 96, 3).expand(20, -1, -1, -1)
    found = changed(faces, EndToEndSettings(**{**PLAIN, "face_enlarged": 110})).numpy()
    image = torch.from_numpy(faces[0].numpy()).permute(2, 0, 1)[None].float() / 255
    large = nn.functional.interpolate(image, 110, mode="bilinear", align_corners=False)[0]
    large = large.permute(1, 2, 0).numpy()
    places = set()
    for face in found:
        (place,) = (
            (top, left)
            for top in range(15)
            for left in range(15)
            if np.abs(large[top : top + 96, left : left + 96] - face).max() < 1e-4
        )
        places.add(place)
    assert len(places) > 15


def test_saturation_changes_as_colorsys_says_and_hue_stays():
    torch.manual_seed(0)
    faces = drawn(4, 96, 96, 3)
    found = changed(faces, EndToEndSettings(**{**PLAIN, "face_saturation": 0.5})).numpy()
    factors = set()
    for face, new in zip(faces.numpy() / 255, found, strict=True):
        told = []
        for place in range(0, 96, 12):
            hue, saturation, value = colorsys.rgb_to_hsv(*face[place, place])
            new_hue, new_saturation, new_value = colorsys.rgb_to_hsv(*new[place, place].tolist())
            assert new_value == pytest.approx(value, abs=1e-5)
            if 0.05 < new_saturation < 0.99:
                assert new_hue == pytest.approx(hue, abs=1e-3)
                told.append(new_saturation / saturation)
        assert len(told) > 2 and max(told) - min(told) < 1e-3
        assert 0.5 <= told[0] <= 1.5
        factors.add(round(told[0], 3))
    assert len(factors) == 4  # each face for itself


def test_brightness_is_added_and_colours_stay_colours():
    torch.manual_seed(0)
    faces = torch.full((6, 96, 96, 3), 250, dtype=torch.uint8)
    found = changed(faces, EndToEndSettings(**{**PLAIN, "face_brightness": 32 / 255}))
    added = found[:, 0, 0, 0] * 255 - 250
    assert found.max() <= 1 and added.min() > -32.001 and len(set(added.tolist())) > 3


# Training on a tiny RECOLA


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> tuple[Recola, Path]:
    """Three recordings of eight seconds, prepared."""
    folder = tmp_path_factory.mktemp("recola")
    return prepare_recola(folder), folder


def test_both_start_from_the_branches_of_each(prepared):
    start = []
    for senses in ("voice", "face"):
        told = training_job(*prepared, senses, senses=senses, max_epochs=1, sequence_steps=100)
        EndToEnd().run(told)
        start.append(told.output("model"))
    told = training_job(*prepared, "both", start=tuple(start), senses="both", max_epochs=1)
    settings = EndToEndSettings(**told.options["settings"])
    network = Network(640, 2, False, settings)
    assert str(start[0].parent) in begin_with(network, told)
    for branch, file in zip(("sound", "face"), start, strict=True):
        trained = read_model(file, torch.device("cpu"))
        for name, values in getattr(network, branch).state_dict().items():
            torch.testing.assert_close(values, trained[f"{branch}.{name}"])
    with pytest.raises(UserError, match="must have the same sizes"):
        begin_with(Network(640, 2, False, settings.model_copy(update={"channels": 6})), told)


@pytest.mark.slow
def test_valence_is_followed_in_a_face_that_was_never_seen(prepared):
    told = training_job(*prepared, "face", senses="face", sequence_steps=50, max_epochs=10)
    EndToEnd().run(told)
    history = pd.read_csv(told.output("history"))
    assert history["ccc_valence"].max() > 0.5, history
