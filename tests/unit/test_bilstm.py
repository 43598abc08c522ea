"""The bi-LSTM with attention: padding and batch mates never count."""

import pytest
import torch

from mmer.face.bilstm import Attention, BiLstm


@pytest.fixture
def network():
    torch.manual_seed(0)
    return BiLstm(width=5, units=4, layers=2, attention_layers=2, dropout=0.3, classes=8).eval()


def test_a_clip_does_not_see_its_batch_mates_or_its_padding(network):
    clips = [torch.randn(length, 5) for length in (3, 7, 5)]
    padded = torch.nn.utils.rnn.pad_sequence(clips, batch_first=True, padding_value=1e3)
    together = network(padded, torch.tensor([3, 7, 5]))
    for index, clip in enumerate(clips):
        alone = network(clip[None], torch.tensor([len(clip)]))
        assert torch.allclose(together.logits[index], alone.logits[0], atol=1e-6)
        assert torch.allclose(together.attention[index, : len(clip)], alone.attention[0], atol=1e-6)


def test_attention_sums_to_one_within_the_clip(network):
    output = network(torch.randn(2, 6, 5), torch.tensor([2, 6]))
    assert torch.allclose(output.attention.sum(dim=1), torch.ones(2))
    assert output.attention[0, 2:].tolist() == [0, 0, 0, 0]


def test_attention_by_hand():
    attention = Attention(width=2, layers=1, dropout=0.0)
    with torch.no_grad():
        attention.scorer[0].weight.copy_(torch.tensor([[1.0, 0.0]]))
        attention.scorer[0].bias.zero_()
    hidden = torch.tensor([[[0.0, 1.0], [torch.atanh(torch.tensor(0.5)), 3.0], [9.0, 9.0]]])
    summary, weights = attention(hidden, torch.tensor([2]))
    # Scores tanh(0) = 0 and tanh(atanh 0.5) = 0.5; the third frame is padding.
    second = torch.exp(torch.tensor(0.5)) / (1 + torch.exp(torch.tensor(0.5)))
    assert torch.allclose(weights, torch.tensor([[1 - second, second, 0.0]]))
    assert float(summary[0, 1].detach()) == pytest.approx(float((1 - second) * 1 + second * 3))


@pytest.mark.parametrize(("layers", "linears"), [(1, 1), (2, 2), (3, 3)])
def test_attention_has_as_many_linear_layers_as_asked(layers, linears):
    modules = Attention(6, layers, 0.3).scorer
    assert sum(isinstance(module, torch.nn.Linear) for module in modules) == linears


def test_both_directions_are_concatenated(network):
    assert network.classifier.in_features == 8
