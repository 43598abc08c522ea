"""Settings of the face models."""

from __future__ import annotations

import pydantic
import pytest

from mmer.face.settings import BiLstmSettings, SpatialTransformerSettings


def test_defaults_are_the_papers():
    stn, lstm = SpatialTransformerSettings(), BiLstmSettings()
    assert (stn.batch_size, stn.max_epochs, stn.patience, stn.dropout) == (128, 500, 30, 0.5)
    assert (lstm.batch_size, lstm.patience, lstm.dropout, lstm.clip_gradient_norm) == (
        64,
        30,
        0.3,
        1,
    )
    assert (lstm.units, lstm.layers, lstm.attention_layers) == (300, 2, 2)  # table A2, last row
    assert stn.learning_rate == lstm.learning_rate == 1e-3


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        (SpatialTransformerSettings, {"frame_stride": 0}),
        (SpatialTransformerSettings, {"dropout": 1.0}),
        (SpatialTransformerSettings, {"weights": "imagenet"}),
        (BiLstmSettings, {"layer": "conv4"}),
        (BiLstmSettings, {"attention_layers": 0}),
    ],
)
def test_settings_without_meaning_are_refused(settings, change):
    with pytest.raises(pydantic.ValidationError):
        settings(**change)
