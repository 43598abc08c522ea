"""The guided spatial transformer: table A1 to the last shape; the map alone says where to look."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from mmer.face.spatial_transformer import GuidedSpatialTransformer

TABLE = pd.read_csv(
    Path(__file__).parents[2] / "resources" / "paper" / "tableA1_stn.csv", keep_default_na=False
)
KINDS = {
    nn.Conv2d: "conv2d",
    nn.MaxPool2d: "maxpool2d",
    nn.BatchNorm2d: "batchnorm2d",
    nn.Linear: "linear",
}


def shapes_seen(network, branch):
    """Kind and output shape ``HxWxC`` of every layer with a shape of its own, in order."""
    seen = []

    def note(module, inputs, output):
        channels, *sides = output.shape[1:]
        shape = "x".join(map(str, [*sides, channels]))
        seen.append((KINDS[type(module)], shape))

    inner = [*network.localization.modules(), *network.fc_loc.modules()]
    for module in network.modules():
        if type(module) in KINDS and (module in inner) == (branch == "localization"):
            module.register_forward_hook(note)
    network(torch.zeros(2, 1, 48, 48), torch.zeros(2, 1, 48, 48))
    return seen


@pytest.mark.parametrize("branch", ["localization", "cnn"])
def test_every_layer_has_the_shape_of_table_a1(branch):
    rows = TABLE[(TABLE.branch == branch) & TABLE.layer.str.match("conv|maxpool|batch|linear")]
    expected = [
        (re.sub(r"\W.*", "", layer), shape)
        for layer, shape in zip(rows.layer, rows.output_shape, strict=True)
    ]
    assert shapes_seen(GuidedSpatialTransformer().eval(), branch) == expected


@pytest.mark.parametrize("branch", ["localization", "cnn"])
def test_every_kernel_and_stride_is_that_of_table_a1(branch):
    network = GuidedSpatialTransformer()
    part = network.localization if branch == "localization" else network
    found = {
        f"{module.kernel_size[0]}x{module.kernel_size[0]}/{module.stride[0]}"
        for module in part.children()
        if isinstance(module, nn.Conv2d)
    }
    rows = TABLE[(TABLE.branch == branch) & (TABLE.layer == "conv2d")]
    assert found == set(rows.kernel_stride)


def test_the_flattened_layer_has_810_values_and_the_next_50():
    output = GuidedSpatialTransformer()(torch.zeros(3, 1, 48, 48), torch.zeros(3, 1, 48, 48))
    assert output.flatten810.shape == (3, 810)
    assert output.fc50.shape == (3, 50)
    assert output.logits.shape == (3, 8)


def test_names_are_those_of_the_published_checkpoint():
    names = set(GuidedSpatialTransformer(classes=3).state_dict())
    layers = ["conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "norm"]
    layers += ["localization.0", "localization.3", "fc_loc.0", "fc_loc.2"]
    expected = {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}
    expected |= {f"norm.{kind}" for kind in ("running_mean", "running_var", "num_batches_tracked")}
    assert names == expected


def test_at_first_the_image_passes_unchanged():
    images = torch.rand(2, 1, 48, 48)
    network = GuidedSpatialTransformer()
    assert torch.allclose(network.transform(images, torch.rand(2, 1, 48, 48)), images, atol=1e-5)


def test_the_map_alone_decides_where_to_look():
    torch.manual_seed(0)
    network = GuidedSpatialTransformer()
    nn.init.normal_(network.fc_loc[2].weight, std=0.1)
    image, maps = torch.rand(1, 1, 48, 48), torch.rand(2, 1, 48, 48)
    here = network.transform(image, maps[:1])
    there = network.transform(image, maps[1:])
    assert not torch.allclose(here, there)
    grid = torch.nn.functional.affine_grid(
        network.fc_loc(network.localization(maps[:1]).flatten(1)).view(1, 2, 3),
        [1, 1, 48, 48],
        align_corners=False,
    )
    other = torch.rand(1, 1, 48, 48)
    assert torch.equal(
        network.transform(other, maps[:1]),
        torch.nn.functional.grid_sample(other, grid, align_corners=False),
    )
