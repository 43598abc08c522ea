"""The guided spatial transformer: table A1 layer by layer, and what the saliency map decides."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer, move_to

TABLE = Path(__file__).parents[2] / "resources" / "papers" / "luna_jimenez_2021" / "tableA1_stn.csv"
CPU = torch.device("cpu")

PUBLISHED_SHAPES = {
    **{"conv1.weight": (10, 1, 3, 3), "conv1.bias": (10,)},
    **{f"conv{layer}.weight": (10, 10, 3, 3) for layer in (2, 3, 4)},
    **{f"conv{layer}.bias": (10,) for layer in (2, 3, 4)},
    **{f"norm.{name}": (10,) for name in ("weight", "bias", "running_mean", "running_var")},
    "norm.num_batches_tracked": (),
    **{"fc1.weight": (50, 810), "fc1.bias": (50,)},
    **{"fc2.weight": (3, 50), "fc2.bias": (3,)},
    **{"localization.0.weight": (8, 1, 7, 7), "localization.0.bias": (8,)},
    **{"localization.3.weight": (10, 8, 5, 5), "localization.3.bias": (10,)},
    **{"fc_loc.0.weight": (32, 640), "fc_loc.0.bias": (32,)},
    **{"fc_loc.2.weight": (6, 32), "fc_loc.2.bias": (6,)},
}


@pytest.fixture
def network() -> GuidedSpatialTransformer:
    torch.manual_seed(0)
    return GuidedSpatialTransformer(classes=8).eval()


def _pictures(count: int = 2, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 1, 48, 48, generator=generator) * 2 - 1


def test_names_and_shapes_are_those_of_the_published_checkpoint():
    state = GuidedSpatialTransformer(classes=3).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == PUBLISHED_SHAPES


# Table A1


def _computed_layers(network: GuidedSpatialTransformer) -> list[tuple[str, str, str, str]]:
    """Name, output shape, kernel/stride and depth of every layer but ReLUs, as they are run."""
    seen: list[tuple[str, str, str, str]] = []

    def note(module: nn.Module, _inputs: tuple, output: torch.Tensor) -> None:
        kernel = depth = ""
        if isinstance(module, nn.Conv2d):
            kernel = "{}x{}/{}".format(*module.kernel_size, module.stride[0])
            depth = str(module.out_channels)
        elif isinstance(module, nn.MaxPool2d):
            kernel = f"{module.kernel_size}x{module.kernel_size}/{module.stride}"
        seen.append((type(module).__name__.lower(), _shape(output), kernel, depth))

    for module in network.modules():
        if not list(module.children()) and not isinstance(module, nn.ReLU):
            module.register_forward_hook(note)
    network(_pictures(), _pictures())
    return seen


def _shape(output: torch.Tensor) -> str:
    """Without the batch, height × width × channels as the table writes it."""
    if output.ndim == 2:
        return str(output.shape[1])
    _, channels, height, width = output.shape
    return f"{height}x{width}x{channels}"


def test_layers_are_those_of_table_a1(network):
    with TABLE.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    set_aside = ("input", "transformed input", "relu", "flatten")
    expected = [
        (
            row["layer"].removesuffix(" p=0.5").removesuffix("(theta)"),
            row["output_shape"],
            row["kernel_stride"],
            row["depth"],
        )
        for row in rows
        if row["layer"] not in set_aside
    ]
    assert _computed_layers(network) == expected


def test_rectifiers_and_poolings_come_in_the_order_of_table_a1(network):
    images, maps = _pictures(), _pictures(seed=2)
    weights = dict(network.named_parameters())

    def convolved(x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    x = convolved(network.transform(images, maps), "conv1").clamp(min=0)
    x = functional.max_pool2d(convolved(x, "conv2"), 2).clamp(min=0)
    x = convolved(x, "conv3").clamp(min=0)
    # Fresh running statistics: batch norm divides by sqrt(1 + 1e-5).
    x = functional.max_pool2d(convolved(x, "conv4") / (1 + 1e-5) ** 0.5, 2).clamp(min=0)
    flat = x.reshape(2, 810)
    fc50 = (flat @ weights["fc1.weight"].T + weights["fc1.bias"]).clamp(min=0)
    logits = fc50 @ weights["fc2.weight"].T + weights["fc2.bias"]
    output = network(images, maps)
    torch.testing.assert_close(output.flatten810, flat)
    torch.testing.assert_close(output.fc50, fc50)
    torch.testing.assert_close(output.logits, logits)


# The transform


def test_an_untrained_network_keeps_the_image_and_a_shift_takes_the_right_neighbour(network):
    images, maps = _pictures(), _pictures(seed=2)
    torch.testing.assert_close(network.transform(images, maps), images)
    with torch.no_grad():  # the image is 2 wide, so a pixel is 2 / 48
        network.fc_loc[2].bias.copy_(torch.tensor([1, 0, 2 / 48, 0, 1, 0]))
    moved = network.transform(images, maps)
    torch.testing.assert_close(moved[..., :-1], images[..., 1:], atol=1e-5, rtol=0)
    torch.testing.assert_close(moved[..., -1], torch.zeros(2, 1, 48), atol=1e-5, rtol=0)


def test_the_saliency_map_alone_decides_where_to_look(network):
    nn.init.normal_(network.fc_loc[2].weight, std=0.1)
    maps, a, b = _pictures(seed=2), _pictures(seed=3), _pictures(seed=4)
    assert not torch.allclose(network.transform(a, maps), network.transform(a, b), atol=1e-3)
    # For one transform, warping is linear in the image.
    together = network.transform(a + b, maps)
    torch.testing.assert_close(together, network.transform(a, maps) + network.transform(b, maps))


# Modes and layout


def test_dropout_is_for_training_only(network):
    images, maps = _pictures(64), _pictures(64, seed=2)
    silent = (network(images, maps).flatten810 == 0).float().mean().item()
    assert torch.equal(network(images, maps).logits, network(images, maps).logits)
    network.train()
    network.norm.eval()
    dropped = (network(images, maps).flatten810 == 0).float().mean().item()
    assert dropped == pytest.approx(silent + (1 - silent) / 2, abs=0.02)


def test_the_faster_layout_changes_results_by_rounding_only(network):
    images, maps = _pictures(4), _pictures(4, seed=2)
    before = network(images, maps).logits
    after = move_to(network, CPU)(images, maps).logits
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)
