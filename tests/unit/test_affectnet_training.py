"""Training on AffectNet: which pictures, which are held out, and what is learned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pydantic
import pytest
import torch
from safetensors import safe_open
from torch.nn import functional

import train_affectnet
from mmer.corpus.affectnet import AffectNetRows
from mmer.errors import UserError
from mmer.face.affectnet_on_device import PicturesOnDevice, held_out, labels_of, load_pictures
from mmer.face.affectnet_training import AffectNetTraining, fit_plan
from mmer.face.settings import AffectNetSettings
from mmer.face.spatial_transformer import GuidedSpatialTransformer, move_to
from mmer.prepare.affectnet_pictures import (
    AffectNetPictures,
    PreparedPicture,
    read_pictures,
    write_pictures,
)
from mmer.training import fit as fit_module
from mmer.training.checkpoint import read_model
from mmer.training.fit import fit

CPU = torch.device("cpu")
EXPRESSION_OF_CLASS = (0, 1, 2, 6, 4, 5, 3)  # AffectNet's codes in RAVDESS's order
VALENCE_OF_CLASS = (0.0, 0.6, -0.6, -0.5, -0.4, -0.7, 0.1)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """What a step sets for its whole process is undone for the next test."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def _pictures(of_each: int = 20) -> AffectNetPictures:
    """Faint noise with a bright square whose place tells the emotion, and two of contempt."""
    random = np.random.default_rng(3)
    emotions = np.tile(np.arange(7), of_each)
    images = random.integers(0, 40, (len(emotions) + 2, 48, 48))
    for image, emotion in zip(images, emotions, strict=False):
        row, column = divmod(int(emotion), 3)
        image[4 + 14 * row : 14 + 14 * row, 4 + 14 * column : 14 + 14 * column] += 200
    count = len(images)
    return AffectNetPictures(
        corpus="a synthetic corpus",
        saliency_method="none",
        images=images.astype(np.uint8),
        saliency=np.full((count, 48, 48), 128, np.uint8),
        expression=np.array([*np.take(EXPRESSION_OF_CLASS, emotions), 7, 7], np.int8),
        valence=np.array([*np.take(VALENCE_OF_CLASS, emotions), -0.9, 0.9], np.float32),
        part=np.where(np.arange(count) % 4 == 0, "validation", "training"),
    )


def _loaded(target: str = "emotion", of_each: int = 20, **settings) -> PicturesOnDevice:
    return load_pictures(_pictures(of_each), target, AffectNetSettings(**settings), 2020, CPU)


def _task(target: str = "emotion", of_each: int = 20, **settings) -> AffectNetTraining:
    torch.manual_seed(0)
    pictures = _loaded(target, of_each, **settings)
    network = move_to(GuidedSpatialTransformer(len(pictures.classes)), CPU)
    return AffectNetTraining(network, pictures, AffectNetSettings(**settings))


def test_defaults_are_the_published_recipe():
    settings = AffectNetSettings()
    assert (settings.batch_size, settings.max_epochs, settings.patience) == (128, 500, 30)
    assert (settings.learning_rate, settings.dropout) == (1e-3, 0.5)
    with pytest.raises(pydantic.ValidationError):
        AffectNetSettings(fold=5)


# Which pictures


def test_emotion_takes_the_seven_in_ravdess_order_and_valence_takes_contempt_too():
    pictures, settings = _pictures(of_each=1), AffectNetSettings()
    assert labels_of(pictures, "emotion", settings).tolist() == [0, 1, 2, 3, 4, 5, 6, -1, -1]
    assert labels_of(pictures, "valence", settings).tolist() == [0, 1, 2, 2, 2, 2, 0, 2, 1]


def test_valence_may_be_learned_from_the_seven_emotions_alone():
    settings = AffectNetSettings(valence_pictures="seven_emotions")
    labels = labels_of(_pictures(of_each=1), "valence", settings)
    assert labels.tolist() == [0, 1, 2, 2, 2, 2, 0, -1, -1]


@pytest.mark.parametrize(("target", "classes", "count"), [("emotion", 7, 140), ("valence", 3, 142)])
def test_every_picture_with_a_class_is_in_one_part(target, classes, count):
    pictures = _loaded(target)
    assert len(pictures.classes) == classes
    rows = torch.cat([pictures.train_rows, pictures.heldout_rows])
    assert torch.equal(rows.sort()[0], torch.arange(count))
    assert pictures.images.shape == pictures.saliency.shape == (count, 1, 48, 48)


def test_images_and_maps_lie_between_minus_one_and_one():
    images, maps = _loaded().pair(torch.tensor([0, 5]))
    assert images.shape == (2, 1, 48, 48) and images.min() >= -1 and images.max() <= 1
    assert torch.allclose(maps, torch.tensor(128 / 127.5 - 1), atol=1e-6)


# What is held out


def test_the_five_folds_share_out_the_pictures_with_every_class_in_each():
    labels = np.repeat(np.arange(3), (10, 20, 30))
    part = np.full(60, "training")
    folds = [held_out(labels, part, AffectNetSettings(fold=fold), seed=2020) for fold in range(5)]
    np.testing.assert_array_equal(np.sum(folds, axis=0), 1)
    assert [np.bincount(labels[fold]).tolist() for fold in folds] == [[2, 4, 6]] * 5


def test_the_published_list_or_nothing_may_be_held_out():
    published = _loaded(held_out="published_list")
    assert published.heldout_rows.tolist() == list(range(0, 140, 4))
    assert len(_loaded(held_out="nothing").heldout_rows) == 0


def test_too_few_pictures_of_a_class_are_refused():
    with pytest.raises(UserError, match="hold 4 of the class 'neutral' of emotion"):
        _loaded(of_each=4)


def test_a_list_that_gave_no_picture_is_refused():
    pictures = replace(_pictures(), part=np.full(142, "training"))
    settings = AffectNetSettings(held_out="published_list")
    with pytest.raises(UserError, match="set held_out to fold"):
        load_pictures(pictures, "emotion", settings, 2020, CPU)


# Training


def test_the_loss_is_cross_entropy_weighted_by_the_smallest_class():
    task = _task("valence")
    task.network.eval()
    batch = task.pictures.train_rows[:9]
    counts = np.bincount(task.pictures.labels[task.pictures.train_rows])
    weights = torch.tensor(counts.min() / counts, dtype=torch.float32)
    logits = task.network(*task.pictures.pair(batch)).logits
    expected = functional.cross_entropy(logits, task.pictures.labels[batch], weight=weights)
    torch.testing.assert_close(task.loss(batch), expected)


def test_scores_count_the_pictures_trained_on_since_the_last_call():
    task = _task(batch_size=16)
    task.network.eval()
    rows = task.pictures.train_rows
    for batch in rows.split(16):
        task.loss(batch)
    logits = task.network(*task.pictures.pair(rows)).logits
    right = (logits.argmax(dim=1) == task.pictures.labels[rows]).double().mean().item()
    assert task.scores()["train_accuracy"] == pytest.approx(right)
    task.loss(rows[:1])
    assert task.scores()["train_accuracy"] <= 1 / len(rows)


@pytest.mark.parametrize("target", ["emotion", "valence"])
def test_a_few_epochs_learn_far_more_than_chance(target):
    task = _task(target, batch_size=16, max_epochs=12)
    history = fit(task, fit_plan(task.settings, seed=1), None)
    kept = next(row for row in history if row["kept"])
    assert kept["unweighted_average_recall"] > 0.8
    assert kept["accuracy"] == max(row["accuracy"] for row in history)


def test_without_held_out_pictures_the_training_accuracy_stops():
    task = _task(held_out="nothing", batch_size=32, max_epochs=2)
    plan = fit_plan(task.settings, seed=1)
    assert plan.watch == "train_accuracy"
    assert set(fit(task, plan, None)[0]) >= {"train_accuracy", "kept"}


def test_interrupted_training_ends_with_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module, "CHECKPOINT_SECONDS", -1.0)
    changes = {"held_out": "nothing", "batch_size": 32, "max_epochs": 3}
    whole = _task(**changes)
    rows = fit(whole, fit_plan(whole.settings, seed=5), None)
    cut = _task(**changes | {"max_epochs": 1})
    fit(cut, fit_plan(cut.settings, seed=5), tmp_path / "checkpoint")
    resumed = _task(**changes)
    assert fit(resumed, fit_plan(resumed.settings, seed=5), tmp_path / "checkpoint") == rows
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name


# The whole step


@pytest.fixture
def prepared(tmp_path) -> Path:
    """The pictures as their preparation writes them."""
    pictures = _pictures()
    count = len(pictures)
    boxes = np.zeros((count, 4), np.int32)
    names = tuple(f"{row}.jpg" for row in range(count))
    rows = AffectNetRows(names, boxes, pictures.expression, pictures.valence, pictures.part)
    items = (
        PreparedPicture(row, pictures.images[row], pictures.saliency[row]) for row in range(count)
    )
    write_pictures(tmp_path / "pictures.npz", items, rows, pictures.corpus, "none")
    return tmp_path


def _train(folder: Path, target: str) -> Path:
    settings = AffectNetSettings(batch_size=16, max_epochs=2)
    words = ["--pictures", str(folder / "pictures.npz"), "--target", target]
    words += ["--settings", settings.model_dump_json(), "--seed", "2020", "--device", "cpu"]
    words += ["--threads", "1", "--checkpoint", str(folder / "checkpoint.safetensors")]
    words += ["--model", str(folder / "model.safetensors")]
    words += ["--history", str(folder / "history.csv")]
    train_affectnet.main(train_affectnet.command_line().parse_args(words))
    return folder / "model.safetensors"


def test_pictures_come_back_as_they_were_written(prepared):
    written, read = _pictures(), read_pictures(prepared / "pictures.npz")
    for name in ("images", "saliency", "expression", "valence", "part"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


@pytest.mark.parametrize(("target", "classes"), [("valence", 3), ("emotion", 7)])
def test_the_step_writes_a_network_that_says_what_it_was_made_of(prepared, target, classes):
    model = _train(prepared, target)
    assert read_model(model, CPU)["fc2.weight"].shape == (classes, 50)
    with safe_open(model, framework="pt") as stream:
        origin = json.loads(stream.metadata()["provenance"])
    assert origin["corpus"] == "a synthetic corpus"
    assert (origin["target"], len(origin["classes"])) == (target, classes)
    history = pd.read_csv(prepared / "history.csv")
    kept = history[history["kept"] == 1].iloc[0]
    assert origin["kept"]["accuracy"] == pytest.approx(kept["accuracy"])
    assert not (prepared / "checkpoint.safetensors").exists()


def test_the_same_seed_writes_the_same_bytes(prepared):
    first = _train(prepared, "valence").read_bytes()
    assert _train(prepared, "valence").read_bytes() == first
