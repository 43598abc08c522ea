"""The steps of the speech families: what they write from what they are told."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from tests.spoken_pitches import ITEMS, PAIR, SPLIT, TASK, audio_of, told

from mmer.embeddings import read_embeddings
from mmer.models.alexnet import AlexNet, AlexNetSettings
from mmer.models.alexnet_embedding import AlexNetEmbedding, AlexNetEmbeddingSettings
from mmer.models.base import Family
from mmer.models.cnn14 import Cnn14, Cnn14Settings
from mmer.models.cnn14_embedding import Cnn14Embedding, Cnn14EmbeddingSettings
from mmer.models.literature import Literature
from mmer.models.majority import Majority
from mmer.models.networks.cnn14 import Cnn14 as network_of_cnn14
from mmer.models.networks.cnn14_embedding import embeddings_of
from mmer.models.support_vector import SupportVector
from mmer.predictions import read_predictions
from mmer.runtime.errors import UserError
from mmer.tasks import Traces

CNN14 = Cnn14Settings(
    weights="random",
    width=0.02,
    clip_seconds=0.4,
    batch_size=4,
    max_iterations=3,
    evaluate_every=2,
)
ALEXNET = AlexNetSettings(
    weights="random",
    width=0.05,
    trainable="all",
    batch_size=8,
    max_epochs=2,
    image={"size": 64},
)
TRAINED = {"model": "model", "history": "history", "predictions": "predictions"}
FAMILIES = (
    Cnn14(),
    Cnn14Embedding(),
    AlexNet(),
    AlexNetEmbedding(),
    SupportVector(),
    Majority(),
    Literature(),
)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setenv("MMER_DEVICE", "cpu")


@pytest.mark.parametrize(
    ("family", "settings", "steps", "layer"),
    [(Cnn14(), CNN14, [2, 3], (8, 41)), (AlexNet(), ALEXNET, [1, 2], (8, 205))],
    ids=["cnn14", "alexnet"],
)
def test_a_training_writes_model_history_and_predictions(tmp_path, family, settings, steps, layer):
    checkpoint = tmp_path / "checkpoint"
    family.run(told(tmp_path, family.name, "train", settings, TRAINED, PAIR, checkpoint=checkpoint))
    predictions = read_predictions(tmp_path / "predictions", TASK, ITEMS)
    assert predictions.names == tuple(sorted(audio_of(("a", "c")).items))
    assert predictions.part.tolist() == ["train"] * 8 + ["test"] * 8
    history = pd.read_csv(tmp_path / "history")
    assert history["epoch" if family.name == "alexnet" else "step"].tolist() == steps
    with safe_open(tmp_path / "model", framework="pt") as model:
        provenance = json.loads(model.metadata()["provenance"])
        last = "classifier.6.weight" if family.name == "alexnet" else "classifier.weight"
        assert tuple(model.get_tensor(last).shape) == layer
    assert provenance == {
        "initial_weights": "random",
        "initial_weights_sha256": None,
        "variant": "full",
        "split": PAIR.model_dump(mode="json"),
        "seed": 1,
        "settings": settings.model_dump(mode="json"),
        "torch": torch.__version__,
    }
    assert not checkpoint.exists()


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        (Cnn14Embedding(), Cnn14EmbeddingSettings(weights="random", width=0.02)),
        (
            AlexNetEmbedding(),
            AlexNetEmbeddingSettings(weights="random", width=0.01, image={"size": 64}),
        ),
    ],
    ids=["cnn14", "alexnet"],
)
def test_an_extraction_writes_one_vector_per_item(tmp_path, family, settings):
    outputs = {"embeddings": "embeddings.npz"}
    family.run(told(tmp_path, family.name, "embed", settings, outputs, variant="vad"))
    embeddings = read_embeddings(tmp_path / "embeddings.npz")
    assert embeddings.items == tuple(sorted(audio_of(("a", "c")).items))
    assert embeddings.values.shape == (16, 41)
    if family.name == "cnn14_embedding":
        torch.manual_seed(1)  # the job's
        network = network_of_cnn14(8, width=0.02, spec_augment=False).eval()
        audio = audio_of(("a", "c"))
        spoken = [audio.of(audio.items.index(name))[800:6400] for name in embeddings.items]
        expected = embeddings_of(network, spoken)
        np.testing.assert_allclose(embeddings.values, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("family", "step", "settings"),
    [
        (Cnn14(), "train", Cnn14Settings(clip_seconds=0.4)),
        (AlexNet(), "train", AlexNetSettings()),
        (Cnn14Embedding(), "embed", Cnn14EmbeddingSettings()),
        (AlexNetEmbedding(), "embed", AlexNetEmbeddingSettings()),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else None,
)
def test_published_weights_that_are_not_given_are_told(
    tmp_path, monkeypatch, family, step, settings
):
    # The full networks take long to draw.
    for place in ("cnn14_training.build_network", "alexnet_training.build_alexnet"):
        monkeypatch.setattr(f"mmer.models.networks.{place}", lambda *_, **__: None)
    for place in ("cnn14.Cnn14", "alexnet.build_alexnet"):
        monkeypatch.setattr(f"mmer.models.networks.{place}", lambda *_, **__: None)
    job = told(tmp_path, family.name, step, settings, {}, SPLIT)
    with pytest.raises(UserError, match="give their file and its checksum"):
        family.run(job)


def test_a_task_without_classes_is_refused_in_a_sentence(tmp_path):
    traces = Traces(names=("arousal",), rate=25)
    job = told(tmp_path, "cnn14", "train", CNN14, TRAINED, PAIR).model_copy(update={"task": traces})
    with pytest.raises(UserError, match="cnn14 names classes and cannot say arousal"):
        Cnn14().run(job)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_gives_what_its_steps_put_out_and_has_a_method_for_each(family):
    given = {
        "family": family.name,
        "title": "mine",
        "of": "other",
        "modality": "speech",
        "accuracy": 67,
        "source": "them",
    }
    entry = family.Entry(**{key: given[key] for key in given if key in family.Entry.model_fields})
    steps = family.steps(entry, frozenset())
    assert {name for step in steps for name in step.outputs} == family.gives
    assert {name for step in steps for name in step.of_base} == family.needs
    assert all(callable(getattr(family, step.verb)) for step in steps)
    weights = {"cnn14": "panns_cnn14_16k", "alexnet": "alexnet_imagenet"}
    expected = weights.get(family.name.removesuffix("_embedding"))
    assert family.weights(entry, frozenset()) == expected
    assert any(step.uses_weights for step in steps) == (expected is not None)
    assert family.constant(entry) == ((67, "them") if family.name == "literature" else None)
