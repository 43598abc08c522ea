"""The bi-LSTM's settings: what is tried behind each layer."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from pydantic import ValidationError
from tests.plans import checked

from mmer.models.sequence_settings import BiLstmSettings, Layer

PAPER = Path(__file__).parents[2] / "resources" / "papers" / "luna_jimenez_2021"


def test_as_much_is_tried_before_an_activation_as_behind_it():
    tried = {layer: BiLstmSettings(layer=layer).architectures for layer in get_args(Layer)}
    assert tried["logits"] == tried["posteriors"]
    assert tried["fc50_before_relu"] == tried["fc50"]
    assert all(tried.values())


def test_the_shipped_rows_read_posteriors_after_the_softmax_and_fc50_after_its_relu():
    models = checked().models.items()
    read = {name: entry.settings.layer for name, entry in models if entry.family == "bilstm"}
    assert read == {
        "affectnet_bilstm_posteriors7": "posteriors",
        "affectnet_bilstm_fc50": "fc50",
        "affectnet_bilstm_flatten810": "flatten810",
        "stn_bilstm_posteriors8": "posteriors",
        "stn_bilstm_fc50": "fc50",
        "stn_bilstm_flatten810": "flatten810",
    }


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


def test_an_architecture_is_tried_once():
    size = {"layers": 1, "units": 5, "attention_layers": 1}
    with pytest.raises(ValidationError, match="name each architecture once"):
        BiLstmSettings(architectures=[size, size])
