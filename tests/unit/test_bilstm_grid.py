"""The grid of architectures: each training stands alone, and the best mean score wins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.pictured_items import load

from mmer.models.bilstm import Architecture, BiLstmSettings
from mmer.models.networks.bilstm_grid import (
    TrainedArchitecture,
    architectures_table,
    best_architecture,
    grid_workers,
    train_architectures,
)
from mmer.models.networks.bilstm_training import Sequences, sequences_of
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer

SMALL = Architecture(layers=1, units=3, attention_layers=1)
LARGE = Architecture(layers=2, units=4, attention_layers=2)


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    torch.manual_seed(0)
    return sequences_of(GuidedSpatialTransformer(8), load(), "fc50")


def _train(sequences: Sequences, *sizes: Architecture, workers=None, folder: Path | None = None):
    settings = BiLstmSettings(layer="fc50", architectures=sizes, batch_size=4, max_epochs=3)
    checkpoints = {
        size.name: None if folder is None else folder / f"{size.name}.safetensors"
        for size in (SMALL, LARGE)
    }
    trained = train_architectures(sequences, settings, 1, checkpoints, workers)
    return {each.architecture.name: each for each in trained}


def test_an_architecture_does_not_depend_on_what_is_trained_beside_it(sequences):
    alone, beside = _train(sequences, LARGE), _train(sequences, SMALL, LARGE)
    np.testing.assert_array_equal(
        alone[LARGE.name].posteriors.logits, beside[LARGE.name].posteriors.logits
    )


@pytest.mark.slow
def test_side_by_side_gives_the_numbers_of_one_after_the_other(sequences):
    one_by_one = _train(sequences, SMALL, LARGE)
    with grid_workers(2) as workers:
        together = _train(sequences, SMALL, LARGE, workers=workers)
    for name, trained in one_by_one.items():
        np.testing.assert_array_equal(trained.posteriors.logits, together[name].posteriors.logits)
        np.testing.assert_array_equal(trained.attention.values, together[name].attention.values)


def test_a_finished_training_is_not_repeated(sequences, tmp_path, caplog):
    first = _train(sequences, SMALL, folder=tmp_path)
    with caplog.at_level("INFO"):
        again = _train(sequences, SMALL, folder=tmp_path)
    assert "training goes on from step 6, epoch 3" in caplog.text
    assert again[SMALL.name].history == first[SMALL.name].history


def _scored(size: Architecture, accuracy: float, sequences: Sequences) -> TrainedArchitecture:
    """A training with a made-up score."""
    trained = _train(sequences, size)[size.name]
    history = [{"epoch": 1, "accuracy": accuracy, "f1": 1 - accuracy, "kept": 1.0}]
    return TrainedArchitecture(size, history, trained.state, trained.posteriors, trained.attention)


@pytest.mark.parametrize(("choose_by", "winner"), [("accuracy", LARGE), ("f1", SMALL)])
def test_the_best_mean_over_the_splits_is_chosen(sequences, choose_by, winner):
    grid = {
        "a": [_scored(SMALL, 0.6, sequences), _scored(LARGE, 0.5, sequences)],
        "b": [_scored(SMALL, 0.2, sequences), _scored(LARGE, 0.4, sequences)],
    }
    assert best_architecture(grid, choose_by) == winner
    equals = {"a": [_scored(LARGE, 0.5, sequences), _scored(SMALL, 0.5, sequences)]}
    assert best_architecture(equals, choose_by) == LARGE


def test_the_table_has_a_row_per_training(sequences):
    grid = {split: [_scored(SMALL, score, sequences)] for split, score in (("a", 0.25), ("b", 1))}
    table = architectures_table(grid)
    assert table["accuracy"].tolist() == [25, 100]
    assert table["architecture"].tolist() == ["1x3_attention1"] * 2
    assert table["test_items"].tolist() == [3, 3]
