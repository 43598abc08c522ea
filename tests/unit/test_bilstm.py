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
    for item, length in enumerate(LENGTHS.tolist()):
        alone = network(features[item : item + 1, :length], LENGTHS[item : item + 1])
        torch.testing.assert_close(together.logits[item], alone.logits[0])
        torch.testing.assert_close(together.attention[item, :length], alone.attention[0])


def test_what_stands_in_the_padding_changes_nothing_at_all(network, features):
    expected = network(features, LENGTHS)
    for item, length in enumerate(LENGTHS):
        features[item, length:] = 1e6
    found = network(features, LENGTHS)
    assert torch.equal(found.logits, expected.logits)
    assert torch.equal(found.attention, expected.attention)


def test_more_padding_changes_nothing(network, features):
    padded = torch.cat([features, torch.zeros(4, 9, 6)], dim=1)
    expected, found = network(features, LENGTHS), network(padded, LENGTHS)
    torch.testing.assert_close(found.logits, expected.logits)
    assert (found.attention[:, 7:] == 0).all()


def test_the_order_of_items_in_a_batch_does_not_matter(network, features):
    order = torch.tensor([2, 0, 3, 1])
    expected, found = network(features, LENGTHS), network(features[order], LENGTHS[order])
    torch.testing.assert_close(found.logits, expected.logits[order])


def test_attention_is_a_distribution_over_the_items_own_frames(network, features):
    attention = network(features, LENGTHS).attention
    torch.testing.assert_close(attention.sum(dim=1), torch.ones(4))
    for item, length in enumerate(LENGTHS):
        assert (attention[item, :length] > 0).all()
        assert (attention[item, length:] == 0).all()
    assert attention[3, 0] == 1


def test_both_directions_see_the_whole_item(network, features):
    """The last frame changes the first hidden state, and the first frame the last one."""
    hidden = network.lstm(features[:1])[0][0]
    for changed, seen, direction in ((-1, 0, slice(4, 8)), (0, -1, slice(0, 4))):
        other = features[:1].clone()
        other[0, changed] += 1
        difference = network.lstm(other)[0][0, seen, direction] - hidden[seen, direction]
        assert difference.abs().max() > 1e-4


def test_padding_gets_no_gradient(network, features):
    features.requires_grad_()
    network(features, LENGTHS).logits.sum().backward()
    for item, length in enumerate(LENGTHS):
        assert (features.grad[item, length:] == 0).all()
        assert (features.grad[item, :length] != 0).any()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


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


def test_dropout_lies_between_layers_and_in_the_attention():
    one, two = (BiLstm(6, 4, layers, 1, 0.3, 8) for layers in (1, 2))
    assert one.lstm.dropout == 0 and two.lstm.dropout == 0.3
    assert one.attention.scorer[2].p == 0.3


def test_every_frame_has_twice_the_units_to_average(network):
    assert network.classifier.in_features == 8
    assert network.lstm.bidirectional and network.lstm.num_layers == 2
