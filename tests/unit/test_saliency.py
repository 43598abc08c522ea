"""Saliency maps: bright where a picture stands out, cropped and sized like the face images."""

import numpy as np
import pytest

from mmer.media.saliency import spectral_residual, square_maps


def test_the_odd_patch_is_most_salient_and_maps_span_the_whole_range():
    texture = np.random.default_rng(0).integers(100, 110, (180, 320)).astype(np.uint8)
    texture[80:100, 200:220] = 255
    (found,) = spectral_residual([np.repeat(texture[:, :, None], 3, axis=2)])
    assert found.shape == (180, 320) and found.dtype == np.uint8
    assert found.min() <= 5 and found.max() >= 250
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert 70 <= row <= 110 and 190 <= column <= 230


@pytest.mark.parametrize("grey", [0, 77, 255])
def test_nothing_stands_out_of_a_flat_picture(grey):
    """FER2013 holds a few that are black all over."""
    (found,) = spectral_residual([np.full((60, 80, 3), grey, np.uint8)])
    assert found.shape == (60, 80) and not found.any()


def test_maps_are_cropped_to_the_centre_and_resized():
    maps = np.zeros((2, 180, 320), np.uint8)
    maps[:, :, :70], maps[:, :45, 70:115] = 255, 200
    squares = square_maps(maps)
    assert squares.shape == (2, 48, 48)
    assert squares[0, 2, 2] == 200 and squares[0, 30, 0] == 0


def test_a_frequency_that_is_not_there_does_not_outshine_the_others():
    """As in one frame of 120 of a real film."""
    noise = np.random.default_rng(0).integers(100, 110, (64, 64))
    noise[20:40, 25:30] = 200
    rows, columns = np.indices(noise.shape)
    lighter = (rows + columns) % 2 == 0
    surplus = int((np.where(lighter, noise, -noise)).sum())
    more, places = (~lighter if surplus > 0 else lighter), abs(surplus)
    noise.flat[np.flatnonzero(more)[:places]] += 1
    near = noise.copy()
    near[0, 0] += 1
    assert places < 2048 and abs(np.fft.fft2(noise)[32, 32]) < 1e-9
    found, almost = (
        spectral_residual([np.stack([p.astype(np.uint8)] * 3, axis=-1)])[0].astype(float)
        for p in (noise, near)
    )
    assert np.abs(found - almost).mean() < 2
