"""Shrinking squares: Pillow's filters, to the grey level."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmer.media.shrinking import KERNELS, Shrinking, filter_weights

PILLOW = {"bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}


@pytest.mark.parametrize("side", [720, 180, 96, 48])
@pytest.mark.parametrize("kernel", KERNELS)
def test_squares_are_those_of_pillow(side, kernel):
    random = np.random.default_rng(side)
    smooth = Image.fromarray(random.integers(0, 256, (9, 9), dtype=np.uint8)).resize((side, side))
    # Pillow cuts off what overshoots between its passes, so the noise keeps away from the ends.
    noise = random.integers(60, 196, (side, side), dtype=np.uint8)
    for square in (np.asarray(smooth), noise):
        theirs = np.asarray(Image.fromarray(square).resize((48, 48), PILLOW[kernel]))
        ours = Shrinking(side, 48, kernel)(square).clip(0, 255)
        # Pillow rounds to bytes between its two passes.
        assert np.abs(ours - theirs).max() <= 1.51
        assert np.abs(ours - theirs).mean() < 0.6


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_small_pixel_is_a_weighted_mean(kernel):
    np.testing.assert_allclose(filter_weights(720, 48, kernel).sum(axis=1), 1, rtol=1e-6)


def test_an_area_is_its_plain_mean():
    square = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert Shrinking(4, 2, "area")(square).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_the_original_is_not_changed():
    square = np.full((60, 60), 9, np.uint8)
    Shrinking(60, 48, "bicubic")(square)
    assert (square == 9).all()
