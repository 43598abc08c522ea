"""Saliency maps: bright where a picture stands out, cropped and sized like the face images."""

import numpy as np
import pytest

from mmer.media.saliency import saliency_method, square_maps
from mmer.media.saliency_maps import method_of
from mmer.media.settings import SaliencySettings
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute

SPECTRAL = SaliencySettings(method="spectral_residual")


@pytest.fixture
def odd_patch():
    """Faint noise with one odd patch, ``(1, 180, 320, 3)``."""
    texture = np.random.default_rng(0).integers(100, 110, (180, 320)).astype(np.uint8)
    texture[80:100, 200:220] = 255
    return np.repeat(texture[None, :, :, None], 3, axis=3)


def test_the_odd_patch_is_most_salient(odd_patch):
    found = saliency_method(SPECTRAL).maps(odd_patch)
    assert found.shape == (1, 180, 320)
    assert found.dtype == np.uint8
    row, column = np.unravel_index(found[0].argmax(), found[0].shape)
    assert 70 <= row <= 110
    assert 190 <= column <= 230


def test_each_map_spans_the_whole_range(odd_patch):
    found = saliency_method(SPECTRAL).maps(odd_patch)
    assert found.min() <= 5
    assert found.max() >= 250


def test_a_flat_picture_gives_a_map_and_no_error():
    flat = np.full((1, 180, 320, 3), 255, np.uint8)
    assert np.isfinite(saliency_method(SPECTRAL).maps(flat)).all()


def test_maps_are_cropped_to_the_centre_and_resized():
    maps = np.zeros((2, 180, 320), np.uint8)
    maps[:, :, :70] = 255
    squares = square_maps(maps)
    assert squares.shape == (2, 48, 48)
    assert squares.max() == 0


def test_the_method_names_itself():
    assert "spectral residual" in saliency_method(SPECTRAL).name


def test_msi_net_without_weights_is_refused_in_one_sentence():
    with pytest.raises(UserError, match="msi_net needs weights, and none are given"):
        method_of(SaliencySettings(), None, Compute())


def test_pictures_of_several_sizes_are_mapped_together(odd_patch):
    method = saliency_method(SPECTRAL)
    small = odd_patch[0, :60, :80]
    whole, part = method.maps_of_pictures([odd_patch[0], small])
    np.testing.assert_array_equal(whole, method.maps(odd_patch)[0])
    np.testing.assert_array_equal(part, method.maps(small[None])[0])
