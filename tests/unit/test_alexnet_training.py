"""Fine-tuning AlexNet: settings, images on the device, the task, and the two steps."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pydantic
import pytest
import torch
from safetensors import safe_open

from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.posteriors import read_posteriors
from mmer.prepare.speech_spans import SpeechSpan, write_spans
from mmer.speech.alexnet import build_alexnet, network_input
from mmer.speech.alexnet_fine_tuning import AlexNetFineTuning, fit_plan
from mmer.speech.alexnet_settings import AlexNetEmbeddingSettings, AlexNetSettings
from mmer.speech.embeddings import read_embeddings
from mmer.speech.images_on_device import ImagesOnDevice, load_images
from mmer.speech.spectrogram_image import spectrogram_images
from mmer.store import Ragged, write_ragged
from mmer.training.fit import fit
from mmer.training.scores import accuracy_and_recall

CPU = torch.device("cpu")
SPLIT = Split("heldout0", train_actors=(1, 2, 4), heldout_actors=(3,))
PAIR = Split("pair", train_actors=(1,), heldout_actors=(3,))
RATE = 16_000


def _settings(**changes) -> AlexNetSettings:
    small = {"weights": "random", "width": 0.05, "trainable": "all", "batch_size": 8}
    return AlexNetSettings(**{**small, "image": {"size": 64}, **changes})


def _tone(emotion: int, actor: int) -> np.ndarray:
    """Half a second in which the pitch says the emotion, int16."""
    time = np.arange(RATE // 2) / RATE
    noise = np.random.default_rng(100 * actor + emotion).normal(0, 300, len(time))
    return (8000 * np.sin(2 * np.pi * 250 * 1.5**emotion * time) + noise).astype(np.int16)


def _audio(actors=(1, 2, 3, 4)) -> Ragged:
    names = [f"01-01-{emotion:02d}-01-01-01-{a:02d}" for a in actors for emotion in range(1, 9)]
    tones = [_tone(emotion, actor) for actor in actors for emotion in range(1, 9)]
    return Ragged.join(names, tones, RATE)


def _load(settings: AlexNetSettings, split: Split = SPLIT, **changes) -> ImagesOnDevice:
    given = {"audio": _audio(), "spans": None, **changes}
    return load_images(
        **given, split=split, image=settings.image, clip_seconds=settings.clip_seconds, device=CPU
    )


# Settings


def test_defaults_are_the_papers():
    settings = AlexNetSettings()
    assert (settings.max_epochs, settings.learning_rate) == (500, 1e-3)
    assert (settings.momentum, settings.weight_decay) == (0.9, 5e-4)
    assert settings.image.mode == "mel" and AlexNetEmbeddingSettings().image.mode == "linear"


def test_changing_the_size_of_the_image_keeps_it_a_mel_spectrogram():
    assert AlexNetSettings(image={"size": 224}).image.mode == "mel"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0.5}, "no published weights"),
        ({"weights": "random"}, "freeze random weights"),
        ({"clip_seconds": 0.3}, "greater than or equal to 0.31"),
        ({"image": {"size": 62}}, "greater than or equal to 63"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        AlexNetSettings(**changes)


def test_embedding_settings_that_contradict_each_other_are_refused():
    with pytest.raises(pydantic.ValidationError, match="no published weights"):
        AlexNetEmbeddingSettings(width=0.5)


# Images on the device


def test_images_carry_label_and_part_of_their_name():
    clips = _load(_settings())
    assert clips.images.shape == (32, 64, 64, 3) and clips.images.dtype == torch.uint8
    assert list(clips.names) == sorted(clips.names)
    assert clips.labels.bincount().tolist() == [4] * 8
    assert {clips.names[row][-2:] for row in clips.rows("heldout")} == {"03"}
    assert len(clips.rows("train")) == 24


def test_actors_outside_the_split_are_left_out():
    assert {name[-2:] for name in _load(_settings(), PAIR).names} == {"01", "03"}


def test_span_is_cut_out_before_the_spectrogram():
    settings, audio = _settings(), _audio()
    spans = {name: SpeechSpan(0.1, 0.3, found=True) for name in audio.clips}
    clips = _load(settings, spans=spans)
    expected = spectrogram_images([_tone(3, 1)[1600:4800]], settings.image)[0]
    np.testing.assert_array_equal(clips.images[clips.names.index("01-01-03-01-01-01-01")], expected)


@pytest.mark.parametrize("seconds", [0.4, 0.8])
def test_given_length_cuts_the_end_or_adds_silence(seconds):
    settings = _settings(clip_seconds=seconds)
    clips = _load(settings)
    length = round(seconds * RATE)
    samples = np.pad(_tone(3, 1), (0, 8000))[:length]
    expected = spectrogram_images([samples], settings.image)[0]
    np.testing.assert_array_equal(clips.images[clips.names.index("01-01-03-01-01-01-01")], expected)


def test_faulty_audio_and_spans_are_named():
    settings = _settings()
    with pytest.raises(UserError, match="needs actor 4"):
        _load(settings, audio=_audio((1, 2, 3)))
    with pytest.raises(UserError, match="given twice"):
        _load(settings, audio=_audio((1, 2, 3, 4, 1)))
    with pytest.raises(UserError, match="no speech span"):
        _load(settings, spans={})
    empty = {name: SpeechSpan(0.2, 0.2, found=True) for name in _audio().clips}
    with pytest.raises(UserError, match="holds no audio"):
        _load(settings, spans=empty)
    names = ["01-01-03-01-01-01-01", "01-01-03-01-01-01-03"]
    short = Ragged.join(names, [_tone(3, 1)[:4000], _tone(3, 3)], RATE)
    with pytest.raises(UserError, match=r"01-01-03-01-01-01-01 has 0\.250 s"):
        _load(settings, PAIR, audio=short)


# The task


def _task(settings: AlexNetSettings) -> AlexNetFineTuning:
    torch.manual_seed(0)
    return AlexNetFineTuning(build_alexnet(settings.width), _load(settings), settings)


def _partly_frozen(trainable: str) -> AlexNetFineTuning:
    """A task that trains a part, as only published weights may."""
    return _task(_settings().model_copy(update={"trainable": trainable}))


def test_an_epoch_is_every_training_clip_once():
    task = _task(_settings(batch_size=10))
    batches = list(task.batches(torch.Generator().manual_seed(3)))
    assert [len(batch) for batch in batches] == [10, 10, 4]
    rows = torch.cat(batches).tolist()
    assert sorted(rows) == task.clips.rows("train").tolist()


def test_batches_follow_the_generator():
    task = _task(_settings())
    orders = [
        next(task.batches(torch.Generator().manual_seed(seed))).tolist() for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("normalise", [True, False])
def test_loss_is_the_cross_entropy_of_the_networks_answers(normalise):
    task = _task(_settings(normalise=normalise))
    task.network.eval()
    logits = task.network(network_input(task.clips.images[:8], normalise))
    by_hand = -logits.log_softmax(dim=1)[torch.arange(8), task.clips.labels[:8]].mean().item()
    assert task.loss(torch.arange(8)).item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    ("trainable", "layers"),
    [
        ("last_convolution", {"features.10", "classifier.1", "classifier.4", "classifier.6"}),
        ("classifier", {"classifier.1", "classifier.4", "classifier.6"}),
    ],
)
def test_only_the_chosen_part_is_trained_and_the_rest_stays(trainable, layers):
    task = _partly_frozen(trainable)
    before = {name: tensor.clone() for name, tensor in task.network.state_dict().items()}
    task.network.train()
    task.loss(torch.arange(8)).backward()
    task.optimizer.step()
    after = task.network.state_dict()
    changed = {name.rpartition(".")[0] for name in after if not after[name].equal(before[name])}
    assert changed == layers


@pytest.mark.parametrize("trainable", ["last_convolution", "classifier"])
def test_frozen_layers_passed_once_change_no_answer(trainable):
    task = _partly_frozen(trainable)
    answers = task.logits(torch.arange(32))
    with torch.inference_mode():
        whole = task.network(network_input(task.clips.images, normalise=True))
    torch.testing.assert_close(answers, whole)


def test_optimiser_is_the_papers():
    (group,) = _task(_settings()).optimizer.param_groups
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (1e-3, 0.9, 5e-4)


def test_recall_is_the_mean_over_the_classes_that_are_there():
    logits = torch.eye(8)[[0, 0, 0, 3]]
    scores = accuracy_and_recall(logits, torch.tensor([0, 0, 0, 5]))
    assert scores == {"accuracy": 0.75, "unweighted_average_recall": 0.5}


def test_scores_are_of_the_heldout_clips(monkeypatch):
    task = _task(_settings())
    labels = task.clips.labels[task.clips.rows("heldout")]
    said = labels.clone()
    said[labels == 2] = 5
    answers = torch.nn.functional.one_hot(said, 8).float() * 50
    monkeypatch.setattr(task, "logits", lambda _: answers)
    scores = task.scores()
    assert scores["accuracy"] == scores["unweighted_average_recall"] == pytest.approx(7 / 8)
    assert scores["loss"] == pytest.approx(50 / 8, rel=1e-4)


def test_learns_the_pitches_of_actors_it_never_heard():
    settings = _settings(width=0.1, max_epochs=40, batch_size=4, learning_rate=3e-3)
    task = _task(settings)
    history = fit(task, fit_plan(settings, seed=5), checkpoint=None)
    assert [row["epoch"] for row in history] == list(range(1, 41))
    best = max(row["accuracy"] for row in history)
    assert best > 0.5

    posteriors = task.posteriors()
    assert posteriors.clips == task.clips.names
    heldout = posteriors.only("heldout")
    assert (heldout.predicted == heldout.labels).mean() == pytest.approx(best)
    np.testing.assert_allclose(posteriors.probabilities.sum(axis=1), 1)


class _Killed(Exception):
    pass


def test_interrupted_training_ends_in_the_same_model_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr("mmer.training.fit.CHECKPOINT_SECONDS", 0)
    settings = _settings(max_epochs=3, keep="last")
    plan, checkpoint = fit_plan(settings, seed=5), tmp_path / "checkpoint"
    whole = _task(settings)
    fit(whole, plan, checkpoint=None)

    interrupted = _task(settings)
    losses = iter([interrupted.loss] * 5)

    def loss_until_killed(batch: torch.Tensor) -> torch.Tensor:
        try:
            return next(losses)(batch)
        except StopIteration:
            raise _Killed from None

    monkeypatch.setattr(interrupted, "loss", loss_until_killed)
    with pytest.raises(_Killed):
        fit(interrupted, plan, checkpoint)
    resumed = _task(settings)
    fit(resumed, plan, checkpoint)
    expected = whole.network.state_dict()
    assert all(torch.equal(t, expected[name]) for name, t in resumed.network.state_dict().items())


# The steps


def _run(entry: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    paths = []
    for actor in (1, 3):
        paths.append(folder / f"{actor}.npz")
        write_ragged(paths[-1], _audio(actors=(actor,)))
    script = Path(__file__).parents[2] / "workflow_scripts" / f"{entry}.py"
    command = [sys.executable, str(script), "--audio", *map(str, paths)]
    command += ["--seed", "1", "--device", "cpu"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def _train(folder: Path, settings: AlexNetSettings, *options: str):
    split = {"name": "pair", "train_actors": [1], "heldout_actors": [3]}
    results = [f"--{name}={folder / name}" for name in ("model", "history", "posteriors")]
    return _run(
        "train_alexnet",
        folder,
        *("--split", json.dumps(split), "--settings", settings.model_dump_json()),
        *("--checkpoint", str(folder / "checkpoint"), *results, *options),
    )


def _extract(folder: Path, settings: AlexNetEmbeddingSettings, *options: str):
    return _run(
        "extract_alexnet_embeddings",
        folder,
        *("--settings", settings.model_dump_json()),
        *("--embeddings", str(folder / "embeddings.npz"), *options),
    )


def test_training_step_writes_model_history_and_posteriors(tmp_path):
    done = _train(tmp_path, _settings(max_epochs=2), "--variant", "full")
    assert done.returncode == 0, done.stderr
    assert len(read_posteriors(tmp_path / "posteriors").clips) == 16
    assert pd.read_csv(tmp_path / "history")["epoch"].tolist() == [1, 2]
    with safe_open(tmp_path / "model", framework="pt") as model:
        provenance = json.loads(model.metadata()["provenance"])
        assert model.get_tensor("classifier.6.weight").shape == (8, 205)
    assert provenance["initial_weights"] == "random" and provenance["seed"] == 1
    assert not (tmp_path / "checkpoint").exists()


def test_training_step_tells_what_is_missing(tmp_path):
    weights = _train(tmp_path, AlexNetSettings(), "--variant", "full")
    assert weights.returncode == 1
    assert "give --weights" in weights.stderr and "Traceback" not in weights.stderr


def test_extraction_step_writes_one_vector_per_clip(tmp_path):
    spans = {name: SpeechSpan(0.0, 0.4, found=True) for name in _audio().clips}
    write_spans(tmp_path / "spans.csv", spans)
    settings = AlexNetEmbeddingSettings(weights="random", width=0.05, image={"size": 64})
    done = _extract(tmp_path, settings, "--variant", "vad", "--spans", str(tmp_path / "spans.csv"))
    assert done.returncode == 0, done.stderr
    embeddings = read_embeddings(tmp_path / "embeddings.npz")
    assert embeddings.clips == tuple(sorted(_audio((1, 3)).clips))
    assert embeddings.values.shape == (16, 205)
