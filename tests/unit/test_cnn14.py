"""CNN-14: its size, its forward pass written a second time, and what training mode changes."""

import pytest
import torch
from torch.nn import functional

from mmer.models.networks.cnn14 import Cnn14, SpecAugment, _laid_out_for, mix_pairs

TINY = 0.01  # every block 8 channels wide, the last 20


def _network(**options) -> Cnn14:
    torch.manual_seed(0)
    return Cnn14(classes=8, width=TINY, **options)


def _clips(count: int = 4, frames: int = 70) -> torch.Tensor:
    return torch.randn(count, frames, 64, generator=torch.Generator().manual_seed(1)) * 20 - 50


def test_published_network_has_81_million_parameters_with_its_front_end():
    with torch.device("meta"):
        trainable = sum(p.numel() for p in Cnn14(classes=527).parameters() if p.requires_grad)
    assert trainable == 80_753_615
    assert round((trainable + 2 * 257 * 512 + 257 * 64) / 1e6, 2) == 81.03


def test_state_has_the_names_of_the_published_checkpoint():
    batch_norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = {f"bn0.{name}" for name in batch_norm}
    for number in range(1, 7):
        block = f"conv_block{number}"
        expected |= {f"{block}.conv1.weight", f"{block}.conv2.weight"}
        expected |= {f"{block}.{norm}.{name}" for norm in ("bn1", "bn2") for name in batch_norm}
    expected |= {"fc1.weight", "fc1.bias", "classifier.weight", "classifier.bias"}
    assert set(_network().state_dict()) == expected


def _forward_by_hand(state: dict[str, torch.Tensor], log_mel: torch.Tensor):
    """The published forward pass in eval mode, from the weights alone."""

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        shape = (1, -1, 1, 1)
        mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        scaled = (x - mean.reshape(shape)) / (var.reshape(shape) + 1e-5).sqrt()
        return scaled * state[f"{name}.weight"].reshape(shape) + state[f"{name}.bias"].reshape(
            shape
        )

    x = log_mel[:, None]  # (batch, 1, frames, mel)
    x = norm(x.transpose(1, 3), "bn0").transpose(1, 3)
    for number in range(1, 7):
        for half in (1, 2):
            name = f"conv_block{number}."
            x = functional.conv2d(x, state[f"{name}conv{half}.weight"], padding=1)
            x = norm(x, f"{name}bn{half}").clamp(min=0)
        if number < 6:
            x = functional.avg_pool2d(x, 2)
    x = x.mean(dim=3)
    x = x.max(dim=2).values + x.mean(dim=2)
    embedding = (x @ state["fc1.weight"].T + state["fc1.bias"]).clamp(min=0)
    return embedding @ state["classifier.weight"].T + state["classifier.bias"], embedding


def test_forward_pass_is_the_published_one():
    network = _network()
    network(_clips())  # moves the batch-norm statistics away from 0 and 1
    network.eval()
    logits, embedding = network(_clips())
    expected_logits, expected_embedding = _forward_by_hand(network.state_dict(), _clips())
    torch.testing.assert_close(embedding, expected_embedding, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits, expected_logits, rtol=1e-4, atol=1e-5)
    assert logits.shape == (4, 8) and embedding.shape == (4, 20)


def test_shortest_clip_is_32_frames():
    network = _network().eval()
    assert network(_clips(frames=32)).logits.isfinite().all()
    with pytest.raises(AssertionError, match="too short"):
        network(_clips(frames=31))


def test_initial_weights_are_xavier_uniform_with_zero_biases():
    network = _network()
    weight = network.conv_block2.conv1.weight  # 8 inputs and 8 outputs of 9 places
    bound = (6 / (8 * 9 + 8 * 9)) ** 0.5
    assert 0.95 * bound < weight.abs().max() <= bound
    assert not network.fc1.bias.any() and not network.classifier.bias.any()


def test_eval_mode_draws_nothing_and_training_mode_does():
    network = _network().eval()
    assert torch.equal(network(_clips()).logits, network(_clips()).logits)
    network.train()
    assert not torch.equal(network(_clips()).logits, network(_clips()).logits)


def test_spec_augment_silences_two_stripes_of_each_axis_in_each_item():
    torch.manual_seed(0)
    silenced = SpecAugment()(torch.ones(300, 300, 64)) == 0  # (items, frames, mel)
    frames, bands = silenced.all(dim=2), silenced.all(dim=1)
    for stripes, width in ((frames, 64), (bands, 8)):
        lengths = stripes.sum(dim=1)
        edges = (stripes[:, 1:] != stripes[:, :-1]).sum(dim=1)
        assert lengths.min() < width / 4 and width < lengths.max() <= 2 * (width - 1)
        assert edges.max() == 4  # two stripes, each in one piece
    assert torch.equal(silenced, frames[:, :, None] | bands[:, None, :])
    assert (frames[0] != frames[1]).any()
    single = [SpecAugment()[place](torch.ones(300, 64, 300)) == 0 for place in (0, -1)]
    widest = [
        mask.all(dim=other).sum(dim=1).max() for mask, other in zip(single, (1, 2), strict=True)
    ]
    assert widest == [63, 7]
    assert torch.equal(_network(spec_augment=False).train().spec_augment(_clips()), _clips())


@pytest.mark.parametrize("block", [1, 4, 5, 6])
def test_layout_of_the_maps_changes_no_value(block):
    maps = torch.randn(2, 8, 6, 4)
    laid_out = _laid_out_for(block, maps)
    assert torch.equal(laid_out, maps)
    assert laid_out.is_contiguous(memory_format=torch.channels_last) == (block <= 4)


def test_reduced_precision_stays_close_and_speaks_float32():
    network = _network()
    network(_clips())
    network.eval()
    expected = network(_clips())
    with torch.autocast("cpu", torch.bfloat16):
        reduced = network(_clips())
    assert reduced.logits.dtype == reduced.embedding.dtype == torch.float32
    assert not torch.equal(reduced.logits, expected.logits)
    torch.testing.assert_close(reduced.logits, expected.logits, rtol=0.05, atol=0.05)


def test_mixing_takes_the_share_of_the_even_row():
    values = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
    assert mix_pairs(values, torch.tensor([0.25, 0.5])).tolist() == [[0.25, 0.75], [3.0, 3.0]]
    network = _network(spec_augment=False).eval()
    mixed = network(_clips(), mixing=torch.ones(2)).logits
    torch.testing.assert_close(mixed, network(_clips()[0::2]).logits)


def test_frozen_parts_keep_weights_and_statistics():
    network = _network(trainable_from="conv_block6")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(_clips()).logits.square().sum().backward()
    optimizer.step()
    changed = {n for n, value in network.state_dict().items() if not torch.equal(value, before[n])}
    assert {name.split(".")[0] for name in changed} == {"conv_block6", "fc1", "classifier"}
    assert "conv_block6.bn1.running_mean" in changed
