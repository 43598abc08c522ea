"""Checkpoints: a tree of tensors and numbers, without code."""

import torch

from mmer.training.checkpoint import read_checkpoint, read_model, write_checkpoint, write_model


def test_a_tree_comes_back_with_its_kinds_of_keys(tmp_path):
    tree = {
        "state": {0: {"step": torch.tensor(3.0)}, 1: {}},
        "best": float("-inf"),
        "groups": [{"lr": 0.1, "betas": (0.9, 0.999), "fused": None}],
    }
    write_checkpoint(tmp_path / "c.safetensors", tree)
    back = read_checkpoint(tmp_path / "c.safetensors")
    assert torch.equal(back["state"][0]["step"], torch.tensor(3.0))
    assert back["state"][1] == {} and back["best"] == float("-inf")
    assert back["groups"] == [{"lr": 0.1, "betas": [0.9, 0.999], "fused": None}]


def test_weights_that_share_memory_are_written_whole(tmp_path):
    shared = torch.arange(6.0).reshape(2, 3)
    write_model(tmp_path / "m.safetensors", {"a": shared, "b": shared.t()}, {"weights": "random"})
    back = read_model(tmp_path / "m.safetensors", torch.device("cpu"))
    assert torch.equal(back["b"], shared.t())
