"""What a frozen encoder keeps, heads on it, and fine-tuning: in the one fit loop."""

from __future__ import annotations

import socket

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tests.spoken_pitches import ITEMS, PAIR, TASK, audio_of, told
from tests.tiny_encoders import TINY
from tests.trainings import kill_after

from mmer.models.base import TRAINED
from mmer.models.networks import encoded_layers, speech_encoder_training
from mmer.models.networks.encoded_layers import read_layers
from mmer.models.networks.encoder_weights import load_encoder
from mmer.models.networks.speech_encoder import means_of_steps
from mmer.models.networks.speech_encoder_training import FineTunedEncoder, FineTuning, heard_items
from mmer.models.networks.speech_head import HeadTraining, LayersOfItems, SpeechHead
from mmer.models.speech_encoder import (
    FineTunedEncoderSettings,
    FineTunedSpeechEncoder,
    HeadSettings,
    SpeechEncoder,
    SpeechEncoderSettings,
)
from mmer.predictions import read_predictions
from mmer.runtime.errors import UserError
from mmer.training.fit import fit

KEPT = {"layers": "layers.npy", "layers_items": "layers_items.npz"}
RESULTS = {name: output.file for name, output in TRAINED.items()}
FROZEN = SpeechEncoderSettings(
    weights="random",
    random=TINY,
    frames_per_step=4,
    head=HeadSettings(
        width=16,
        batch_size=5,
        max_epochs=40,
        patience=None,
        dropout=0,
        learning_rate=0.02,
        keep="last",
    ),
)
TUNED = FineTunedEncoderSettings(weights="random", random=TINY, max_epochs=2, evaluate_every=3)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever opens a connection fails."""

    def refuse(*_):
        raise AssertionError("something asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def encoded(folder, settings=FROZEN, **more):
    SpeechEncoder().run(told(folder, "speech_encoder", "encode", settings, KEPT, **more))
    return read_layers(folder / KEPT["layers"], folder / KEPT["layers_items"])


@pytest.mark.parametrize(("variant", "kept"), [("full", slice(None)), ("vad", slice(800, 6400))])
def test_every_items_layers_are_kept_as_its_variant_asks(tmp_path, variant, kept):
    found, audio = encoded(tmp_path, variant=variant), audio_of(("a", "c"))
    assert found.items == tuple(sorted(audio.items)) and found.rate == 12.5
    assert isinstance(found.values.base, np.memmap) or isinstance(found.values, np.memmap)
    assert found.values.shape == (found.offsets[-1], 3, 16)
    torch.manual_seed(1)  # the job's
    encoder = load_encoder(FROZEN, told(tmp_path, "speech_encoder", "encode", FROZEN, KEPT)).eval()
    samples = audio.of(audio.items.index("c3"))[kept]
    with torch.inference_mode():
        steps = means_of_steps(encoder.layers(encoder.heard(samples, True)), 4, True)
    place = found.items.index("c3")
    values = found.values[found.offsets[place] : found.offsets[place + 1]]
    np.testing.assert_allclose(values, steps.numpy(), atol=2e-3, rtol=0)  # float16's


def test_killed_encoding_goes_on_and_ends_as_an_undisturbed_one(tmp_path, monkeypatch):
    (tmp_path / "whole").mkdir()
    encoded(tmp_path / "whole")
    undisturbed = (tmp_path / "whole" / KEPT["layers"]).read_bytes()
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0")
    checkpoint, calls, real = tmp_path / "kept.safetensors", [], encoded_layers.layers_of

    def killed(*given):
        calls.append(given)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(encoded_layers, "layers_of", killed)
    job = told(tmp_path, "speech_encoder", "encode", FROZEN, KEPT, checkpoint=checkpoint)
    with pytest.raises(KeyboardInterrupt):
        SpeechEncoder().run(job)
    assert not (tmp_path / KEPT["layers"]).exists()
    SpeechEncoder().run(job)
    assert len(calls) == 5 + 12  # four of sixteen were there
    assert (tmp_path / KEPT["layers"]).read_bytes() == undisturbed
    assert not [*tmp_path.glob("kept*")]


def test_layers_of_other_items_are_refused(tmp_path):
    fewer = np.array(encoded(tmp_path).values[:-1])
    np.save(tmp_path / KEPT["layers"], fewer)
    with pytest.raises(UserError, match="is not of the items of"):
        read_layers(tmp_path / KEPT["layers"], tmp_path / KEPT["layers_items"])


def test_where_the_disk_has_no_room_nothing_is_begun(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"needs 0\.0 GB and the disk has 0\.0: raise frames_per"):
        encoded(tmp_path)
    assert not (tmp_path / KEPT["layers"]).exists()


def of_pair(values):
    """Items of one speaker, some to train on."""
    chosen = ITEMS.of([f"a{number}" for number in range(len(values))])
    return LayersOfItems(
        task=TASK,
        items=chosen,
        part=np.array(["train"] * len(values)),
        choosing_parts=("train",),
        labels=torch.from_numpy(TASK.labels(chosen)),
        values=values,
    )


def test_a_head_says_of_an_item_what_it_says_of_it_alone():
    torch.manual_seed(0)
    values = [torch.randn(steps, 3, 16).half() for steps in (2, 9, 5)]
    network = SpeechHead(3, 16, FROZEN.head, 8).eval()
    training = HeadTraining(network, of_pair(values), FROZEN.head)
    together = training.logits(torch.arange(3))
    alone = torch.cat([training.logits(torch.tensor([row])) for row in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


def test_a_head_is_weighted_layers_and_attentive_statistics():
    torch.manual_seed(0)
    network = SpeechHead(2, 3, HeadSettings(width=3, dropout=0), 4).eval()
    with torch.no_grad():
        network.layer_logits.copy_(torch.tensor([0.0, 1.0]).log().clamp(min=-100))
        network.projection.weight.copy_(torch.eye(3))
        network.projection.bias.zero_()
    values = torch.randn(1, 5, 2, 3)
    steps = values[0, :, 1]  # the second layer counts alone
    weights = network.attention(steps).softmax(dim=0)
    mean = (weights * steps).sum(dim=0)
    deviation = ((weights * steps.square()).sum(dim=0) - mean.square() + 1e-5).sqrt()
    expected = network.classes(torch.cat([mean, deviation]))
    found = network(values, torch.tensor([5]))[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert network.layer_weights.tolist() == pytest.approx([0, 1])


def test_heads_learn_pitches_from_kept_layers(tmp_path):
    encoded(tmp_path)
    own = {kind: (tmp_path / file,) for kind, file in KEPT.items()}
    job = told(tmp_path, "speech_encoder", "train", FROZEN, RESULTS, split=PAIR)
    SpeechEncoder().run(job.model_copy(update={"inputs": {**job.inputs, **own}}))
    found = read_predictions(tmp_path / RESULTS["predictions"], TASK, ITEMS)
    of_training = found.part == "train"
    assert (found.predicted == found.labels)[of_training].mean() > 0.9
    assert set(found.part) == {"train", "test"} and len(found.items) == 16


def fine_tuning(folder, settings=TUNED, split=PAIR):
    job = told(folder, "fine_tuned_speech_encoder", "train", settings, RESULTS, split=split)
    torch.manual_seed(1)
    encoder = load_encoder(settings, job)
    network = FineTunedEncoder(encoder, settings.dropout, TASK.outputs)
    training = FineTuning(network, heard_items(job, encoder, settings), settings)
    return training, speech_encoder_training.fit_plan(settings, job)


def test_the_rate_falls_by_equal_steps_to_nothing(tmp_path, monkeypatch):
    training, plan = fine_tuning(tmp_path, TUNED.model_copy(update={"batch_size": 3}))
    rates, loss = [], training.loss
    monkeypatch.setattr(
        training,
        "loss",
        lambda batch: rates.append(training.optimizer.param_groups[0]["lr"]) or loss(batch),
    )
    fit(training, plan, None)
    assert rates == pytest.approx([1e-4 * left / 6 for left in (6, 5, 4, 3, 2, 1)])


def test_fine_tuning_moves_the_transformer_and_leaves_the_convolutions(tmp_path):
    training, plan = fine_tuning(tmp_path)
    before = {name: each.clone() for name, each in training.network.state_dict().items()}
    fit(training, plan, None)
    moved = {
        name for name, each in training.network.state_dict().items() if (each != before[name]).any()
    }
    assert not {name for name in moved if ".convolutions." in name}
    assert "encoder.transformer.encoder.layers.0.attention.q_proj.weight" in moved
    assert "head.4.weight" in moved


def test_fine_tuning_writes_what_every_network_writes(tmp_path):
    job = told(tmp_path, "fine_tuned_speech_encoder", "train", TUNED, RESULTS, split=PAIR)
    FineTunedSpeechEncoder().run(job)
    history = pd.read_csv(tmp_path / RESULTS["history"])
    assert history["step"].tolist() == [2] and history["kept"].sum() == 1
    assert len(read_predictions(tmp_path / RESULTS["predictions"], TASK, ITEMS).items) == 16
    assert "head.1.weight" in load_file(tmp_path / RESULTS["model"])


def test_killed_fine_tuning_ends_as_an_undisturbed_one(tmp_path, monkeypatch):
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0")
    settings = TUNED.model_copy(update={"batch_size": 3, "evaluate_every": 2})
    undisturbed, plan = fine_tuning(tmp_path, settings)
    fit(undisturbed, plan, None)
    kept = tmp_path / "checkpoint.safetensors"
    killed, plan = fine_tuning(tmp_path, settings)
    kill_after(killed, 3, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        fit(killed, plan, kept)
    again, plan = fine_tuning(tmp_path, settings)
    torch.manual_seed(99)
    fit(again, plan, kept)
    for name, expected in undisturbed.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], expected), name


def test_what_an_item_gets_depends_on_no_other(tmp_path):
    training, _ = fine_tuning(tmp_path)
    heard = training.items.heard
    heard[0] = heard[0][:11]  # a shorter one
    training.network.eval()
    together = training.logits(torch.arange(4))
    alone = torch.cat([training.logits(torch.tensor([row])) for row in range(4)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
