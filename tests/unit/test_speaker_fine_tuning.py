"""Speaker networks that learn a task: what they hear of an item, and the recurrent one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.numpy import load_file
from tests.spoken_pitches import PAIR, told, voice
from torch import nn

from mmer.items import read_items
from mmer.models.networks.speaker_chunks import chunk_of
from mmer.models.networks.speaker_classifier import SpeakerClassifier
from mmer.models.networks.speaker_encoder import SpeakerEncoder, embeddings_of, heard
from mmer.models.speaker_encoder import SpeakerEncoder as Family
from mmer.models.speaker_encoder import SpeakerEncoderSettings
from mmer.models.speaker_settings import SpeakerNetworkSettings
from mmer.predictions import read_predictions
from mmer.training.job import file_sha256
from mmer.weights import Weights

OUTPUTS = {"model": "model.safetensors", "history": "history.csv", "predictions": "said.csv"}


class Settings(SpeakerNetworkSettings):
    """Those of any such network."""

    weights: str = "random"


def spoken(hertz: float, seconds: float) -> np.ndarray:
    """A voice, int16."""
    return (32768 * voice(hertz, seconds)).astype(np.int16)


def test_a_chunk_lies_anywhere_in_an_item_and_short_items_are_heard_whole():
    torch.manual_seed(0)
    item = torch.arange(1.0, 171)[:, None].expand(170, 40)
    settings = Settings(chunk_frames=160, frame_mask=0, band_mask=0)
    starts = set()
    for _ in range(200):
        chunk = chunk_of(item, settings)
        first = int(chunk[0, 0]) - 1
        assert torch.equal(chunk, item[first : first + 160])
        starts.add(first)
    assert starts == set(range(11))
    assert torch.equal(chunk_of(item[:100], settings), item[:100])
    assert torch.equal(chunk_of(item, settings.model_copy(update={"chunk_frames": None})), item)


@pytest.mark.parametrize(("setting", "axis"), [("frame_mask", 0), ("band_mask", 1)])
def test_a_mask_hides_frames_or_bands_up_to_its_limit(setting, axis):
    torch.manual_seed(0)
    settings = Settings(**{"frame_mask": 0, "band_mask": 0, setting: 4})
    item, lengths = torch.ones(30, 40), set()
    for _ in range(100):
        hidden = chunk_of(item, settings) == 0
        rows = hidden.all(dim=1 - axis)
        assert torch.equal(rows, hidden.any(dim=1 - axis))
        lengths.add(int(rows.sum()))
        assert int(rows.long().diff().abs().sum()) <= 2  # in a row
    assert lengths == {0, 1, 2, 3, 4}


def test_before_training_it_hears_the_embedding_of_the_frozen_network():
    torch.manual_seed(4)
    network = SpeakerClassifier("all", 0.0, 3).eval()
    voices = [spoken(200, 1.0), spoken(120, 3.1), spoken(300, 2.2)]
    frozen = torch.from_numpy(embeddings_of(network.encoder, voices, -30.0))
    mels = [heard(samples, -30.0) for samples in voices]
    lengths = torch.tensor([len(each) for each in mels])
    assert lengths.tolist() == [160, 314, 237]
    together = network(nn.utils.rnn.pad_sequence(mels, batch_first=True), lengths)
    expected = network.classes(network.standardised(frozen))
    torch.testing.assert_close(together, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("trainable", "changed"),
    [("all", 14), ("last_layer", 6), ("projection", 2)],
)
def test_only_what_is_to_be_trained_has_gradients(trainable, changed):
    network = SpeakerClassifier(trainable, 0.0, 3)
    network(torch.rand(2, 160, 40), torch.tensor([160, 160])).square().sum().backward()
    with_gradients = [each for each in network.encoder.parameters() if each.grad is not None]
    assert len(with_gradients) == changed


def test_training_begins_with_the_published_weights(tmp_path):
    torch.manual_seed(2)
    published, file = SpeakerEncoder().state_dict(), tmp_path / "published.pt"
    torch.save({"model_state": published | {"similarity_bias": torch.ones(1)}}, file)
    given = Weights(name="resemblyzer", path=file, sha256=file_sha256(file))
    settings = SpeakerEncoderSettings(trainable="all", max_epochs=1, learning_rate=1e-9)
    job = told(tmp_path, "speaker_encoder", "train", settings, OUTPUTS, PAIR, weights=given)
    Family().run(job)
    trained = load_file(tmp_path / "model.safetensors")
    for name, tensor in published.items():
        np.testing.assert_allclose(trained[f"encoder.{name}"], tensor, atol=1e-8)
    items = read_items(tmp_path / "items.csv")
    said = read_predictions(tmp_path / "said.csv", job.task, items)
    assert len(said.items) == 16 and set(said.part) == {"train", "test"}


def test_random_weights_are_not_frozen():
    with pytest.raises(ValidationError, match="would freeze random weights"):
        SpeakerEncoderSettings(weights="random", trainable="projection")
