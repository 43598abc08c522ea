"""MSI-Net: TensorFlow's padding and filters, frames in, maps out."""

import numpy as np
import pytest
import torch

from mmer.media.msi_net import (
    MsiNet,
    MsiNetSaliency,
    doubled,
    from_zero_to_one,
    same_pool,
)
from mmer.media.msi_net_frames import (
    area_filter,
    bicubic_filter,
    fit_frames,
    maps_onto_frames,
    resize,
)
from mmer.media.settings import SaliencySettings
from mmer.runtime.errors import UserError

CPU = torch.device("cpu")
NARROW = 1 / 32


@pytest.fixture(scope="module")
def tensorflow():
    """TensorFlow without a GPU, for its own operations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "-1")
        import tensorflow

        yield tensorflow


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


# The network's parts


def test_the_published_network_is_vgg16_the_context_and_the_decoder():
    assert sum(parameter.numel() for parameter in MsiNet().parameters()) == 24_934_209
    layers = MsiNet().layers
    assert len(layers) == 13 + 6 + 4
    assert layers["aspp_1"].in_channels == layers["aspp_scene"].in_channels == 1280
    assert layers["aspp_joined"].in_channels == 5 * 256
    dilated = {
        name: layer.dilation[0] for name, layer in layers.items() if layer.dilation != (1, 1)
    }
    assert dilated == {
        **{"conv5_1": 2, "conv5_2": 2, "conv5_3": 2},
        **{"aspp_2": 4, "aspp_3": 8, "aspp_4": 12},
    }


def test_doubling_and_pooling_are_tensorflows(tensorflow):
    maps = torch.from_numpy(_noise(2, 5, 6, 7))
    last = maps.permute(0, 2, 3, 1).numpy()
    grown = tensorflow.compat.v1.image.resize_bilinear(last, (12, 14)).numpy()
    assert np.allclose(doubled(maps).permute(0, 2, 3, 1), grown, rtol=1e-6)
    pooled = tensorflow.nn.max_pool2d(last, 2, 1, "SAME").numpy()
    assert np.array_equal(same_pool(maps).permute(0, 2, 3, 1), pooled)


def test_maps_are_stretched_each_by_itself():
    maps = torch.tensor([[[1.0, 3]], [[-5, 5]], [[7, 7]]])
    assert torch.allclose(from_zero_to_one(maps), torch.tensor([[[0.0, 1]], [[0, 1]], [[0, 0]]]))


# Frames and maps


def test_prepared_frames_stay_as_they_are_between_30_grey_rows():
    frames = torch.from_numpy(_noise(2, 180, 320, 3)).to(torch.uint8)
    fitted = fit_frames(frames, 126)
    assert fitted.shape == (2, 3, 240, 320)
    assert (fitted[:, :, :30] == 126).all() and (fitted[:, :, 210:] == 126).all()
    assert torch.equal(fitted[:, :, 30:210], frames.permute(0, 3, 1, 2).float())


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((480, 320), (0, 240), (80, 240)),
        ((100, 100), (0, 240), (40, 280)),
        ((720, 1280), (30, 210), (0, 320)),
        ((239, 320), (0, 239), (0, 320)),  # the odd row comes last
        ((1, 1000), (119, 120), (0, 320)),  # thinner than a row of the network's
    ],
)
def test_frames_of_any_size_keep_their_aspect_ratio(size, rows, columns):
    fitted = fit_frames(torch.full((1, *size, 3), 255, dtype=torch.uint8), 0)[0, 0]
    assert fitted.shape == (240, 320)
    inside = fitted[slice(*rows), slice(*columns)]
    assert torch.allclose(inside, torch.tensor(255.0))
    assert fitted.sum().item() == pytest.approx(inside.sum().item())


def test_maps_lose_the_padding_and_become_bytes():
    maps = torch.zeros(1, 240, 320)
    maps[0, 30], maps[0, 31], maps[0, 29] = 1, 0.5, 1
    found = maps_onto_frames(maps, (180, 320))
    assert found.shape == (1, 180, 320) and found.dtype == torch.uint8
    assert found[0, 0, 0] == 255 and found[0, 1, 0] == 128 and found[0, 2:].sum() == 0


@pytest.mark.parametrize("size", [(720, 1280), (480, 320), (1, 320)])
def test_maps_cover_frames_of_any_size(size):
    maps = maps_onto_frames(torch.ones(2, 240, 320), size)
    assert maps.shape == (2, *size) and (maps == 255).all()


def test_halving_by_area_with_corners_aligned_by_hand():
    # Steps of 3: the second pixel reaches from 3 to 6 and counts the last one three times.
    assert area_filter(4, 2) == pytest.approx(np.array([[1, 1, 1, 0], [0, 0, 0, 3]]) / 3)


@pytest.mark.parametrize(("before", "after"), [(720, 180), (7, 3), (9, 1)])
def test_area_filter_is_tensorflows(tensorflow, before, after):
    picture = _noise(1, before, 3, 1)
    expected = tensorflow.raw_ops.ResizeArea(images=picture, size=(after, 3), align_corners=True)
    found = area_filter(before, after) @ picture[0, :, :, 0]
    assert np.allclose(found, expected[0, :, :, 0], atol=2e-3)


@pytest.mark.parametrize(("before", "after"), [(240, 960), (3, 7), (1, 4)])
def test_bicubic_filter_is_tensorflows(tensorflow, before, after):
    picture = _noise(1, before, 3, 1)
    expected = tensorflow.raw_ops.ResizeBicubic(
        images=picture, size=(after, 3), align_corners=True, half_pixel_centers=False
    )
    found = bicubic_filter(before, after) @ picture[0, :, :, 0]
    assert np.allclose(found, expected[0, :, :, 0], atol=0.3)  # where the rounding is a tie
    assert np.median(np.abs(found - expected[0, :, :, 0])) < 1e-4


def test_resizing_never_leaves_the_range_of_bytes():
    edge = torch.tensor([[0.0, 0, 255, 255]]).expand(4, 4)
    assert resize(edge, (16, 16)).min() == 0 and resize(edge, (16, 16)).max() == 255


# The method


def _state() -> dict[str, torch.Tensor]:
    """Weights under which activations live through all layers."""
    torch.manual_seed(0)
    network = MsiNet(NARROW)
    for layer in network.layers.values():
        torch.nn.init.kaiming_normal_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    return network.state_dict()


def _method(**settings) -> MsiNetSaliency:
    return MsiNetSaliency(SaliencySettings(width=NARROW, **settings), _state(), CPU)


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(1).integers(0, 256, (5, 180, 320, 3)).astype(np.uint8)


def test_one_map_per_frame_at_its_size(frames):
    maps = _method().maps(frames)
    assert {single.shape for single in maps} == {(180, 320)} and maps[0].dtype == np.uint8
    assert len({single.tobytes() for single in maps}) == 5


def test_pictures_of_several_sizes_are_mapped_as_if_alone(frames):
    pictures = [frames[0], np.ascontiguousarray(frames[1].transpose(1, 0, 2)), frames[2]]
    for together, picture in zip(_method(batch_size=3).maps(pictures), pictures, strict=True):
        (alone,) = _method().maps([picture])
        assert np.abs(together.astype(int) - alone).max() <= 1


@pytest.mark.parametrize(
    ("settings", "least", "most"),
    [({"batch_size": 16}, 0, 1e-3), ({"precision": "bfloat16"}, 1e-9, 5), ({"padding": 0}, 1, 255)],
)
def test_settings_change_the_maps_as_much_as_they_say(frames, settings, least, most):
    usual, other = (np.stack(_method(**each).maps(frames)).astype(int) for each in ({}, settings))
    assert least <= np.abs(usual - other).mean() < most


@pytest.mark.filterwarnings("error")
def test_pictures_that_nobody_may_write_to_are_mapped_without_a_warning(frames):
    """As Pillow gives them."""
    torch.set_warn_always(True)
    picture = frames[0].copy()
    picture.flags.writeable = False
    try:
        assert len(_method().maps([picture])) == 1
    finally:
        torch.set_warn_always(False)


def test_weights_of_another_width_are_refused():
    with pytest.raises(UserError, match="not those of MSI-Net at width 1"):
        MsiNetSaliency(SaliencySettings(), _state(), CPU)
