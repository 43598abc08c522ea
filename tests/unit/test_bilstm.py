"""The bi-LSTM with attention: an item's result depends on the item alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmer.models.networks.bilstm import Attention, BiLstm

LENGTHS = torch.tensor([7, 3, 5, 1])


@pytest.fixture
def network() -> BiLstm:
    torch.manual_seed(0)
    return BiLstm(width=6, units=4, layers=2, attention_layers=2, dropout=0.3, classes=8).eval()


@pytest.fixture
def features() -> torch.Tensor:
    """Four items of 7, 3, 5 and 1 frames, padded with zeros."""
    torch.manual_seed(1)
    drawn = torch.randn(4, 7, 6)
    for item, length in enumerate(LENGTHS):
        drawn[item, length:] = 0
    return drawn


def test_an_item_alone_gives_what_it_gives_in_a_batch(network, features):
    together = network(features, LENGTHS)
    torch.testing.assert_close(together.attention.sum(dim=1), torch.ones(4))
    for item, length in enumerate(LENGTHS.tolist()):
        alone = network(features[item : item + 1, :length], LENGTHS[item : item + 1])
        torch.testing.assert_close(together.logits[item], alone.logits[0])
        torch.testing.assert_close(together.attention[item, :length], alone.attention[0])
        assert (together.attention[item, length:] == 0).all()


def test_what_stands_in_the_padding_changes_nothing_at_all(network, features):
    expected = network(features, LENGTHS)
    for item, length in enumerate(LENGTHS):
        features[item, length:] = 1e6
    found = network(features, LENGTHS)
    assert torch.equal(found.logits, expected.logits)
    assert torch.equal(found.attention, expected.attention)


def test_attention_weighs_hidden_states_by_hand():
    attention = Attention(width=2, layers=1, dropout=0.3).eval()
    with torch.no_grad():
        attention.scorer[0].weight.copy_(torch.tensor([[1.0, 0.0]]))
        attention.scorer[0].bias.zero_()
    third = torch.atanh(torch.log(torch.tensor(3.0)) / 2).item()
    # Scores of tanh are ±log(3)/2, so the first frame weighs three times the second.
    hidden = torch.tensor([[[third, 1.0], [-third, 5.0], [9.0, 9.0]]])
    mean, weights = attention(hidden, torch.tensor([2]))
    torch.testing.assert_close(weights, torch.tensor([[0.75, 0.25, 0.0]]))
    torch.testing.assert_close(mean, torch.tensor([[third / 2, 2.0]]))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_attention_is_linear_tanh_dropout_so_many_times(layers):
    scorer = Attention(width=8, layers=layers, dropout=0.3).scorer
    assert [type(module) for module in scorer] == [nn.Linear, nn.Tanh, nn.Dropout] * layers
    widths = [module.out_features for module in scorer if isinstance(module, nn.Linear)]
    assert widths == [8] * (layers - 1) + [1]


def test_layers_go_both_ways_with_dropout_between_them_and_in_the_attention(network):
    assert network.lstm.bidirectional and network.lstm.num_layers == 2
    assert network.lstm.hidden_size == 4 and network.classifier.in_features == 8
    assert network.lstm.dropout == network.attention.scorer[2].p == 0.3
    assert BiLstm(6, 4, 1, 1, 0.3, 8).lstm.dropout == 0
