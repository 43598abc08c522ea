"""Settings of the face models."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pydantic
import pytest

from mmer.face.settings import BiLstmSettings, SpatialTransformerSettings

PAPER = Path(__file__).parents[2] / "resources" / "paper"


def test_defaults_are_the_papers():
    stn, lstm = SpatialTransformerSettings(), BiLstmSettings()
    assert (stn.batch_size, stn.max_epochs, stn.patience, stn.dropout) == (128, 500, 30, 0.5)
    assert (lstm.batch_size, lstm.patience, lstm.dropout, lstm.clip_gradient_norm) == (
        64,
        30,
        0.3,
        1,
    )
    assert stn.learning_rate == lstm.learning_rate == 1e-3


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        (SpatialTransformerSettings, {"frame_stride": 0}),
        (SpatialTransformerSettings, {"dropout": 1.0}),
        (SpatialTransformerSettings, {"weights": "random"}),
        (BiLstmSettings, {"layer": "conv4"}),
        (BiLstmSettings, {"architectures": [{"layers": 1, "units": 4, "attention_layers": 0}]}),
    ],
)
def test_settings_without_meaning_are_refused(settings, change):
    with pytest.raises(pydantic.ValidationError):
        settings(**change)


@pytest.mark.parametrize("layer", ["posteriors", "fc50", "flatten810"])
def test_the_papers_winners_are_among_what_is_tried_behind_each_layer(layer):
    stated = pd.read_csv(PAPER / "tableA2_bilstm.csv")
    winners = stated[stated["inputs"].str.startswith(layer)]
    tried = {
        (size.layers, size.units, size.attention_layers)
        for size in BiLstmSettings(layer=layer).architectures
    }
    sizes = winners[["bilstm_layers", "bilstm_units", "attention_layers"]]
    assert len(sizes) and set(sizes.itertuples(index=False, name=None)) <= tried


def test_the_settings_name_what_was_tried():
    """So that another grid is another training, whoever chose it."""
    assert "2x300_attention2" in [size.name for size in BiLstmSettings().architectures]
    again = BiLstmSettings.model_validate_json(BiLstmSettings(layer="fc50").model_dump_json())
    assert again == BiLstmSettings(layer="fc50")
