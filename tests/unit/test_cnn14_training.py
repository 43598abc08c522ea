"""Fine-tuning CNN-14: settings, clips on the device, the task, and the whole step."""

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
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.clips_on_device import load_clips
from mmer.speech.cnn14 import SHORTEST_FRAMES
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network, fit_plan
from mmer.speech.log_mel import LogMel, frames_of
from mmer.speech.network_settings import SHORTEST_SECONDS
from mmer.store import Ragged, write_ragged
from mmer.training.fit import fit

CPU = torch.device("cpu")
SPLIT = Split("heldout0", train_actors=(1, 2, 4), heldout_actors=(3,))
RATE = 16_000


def _settings(**changes) -> Cnn14Settings:
    small = {"weights": "random", "width": 0.02, "clip_seconds": 0.4, "batch_size": 8}
    return Cnn14Settings(**(small | changes))


def _tone(emotion: int, actor: int) -> np.ndarray:
    """Half a second in which the pitch says the emotion, int16."""
    time = np.arange(RATE // 2) / RATE
    noise = np.random.default_rng(100 * actor + emotion).normal(0, 300, len(time))
    return (8000 * np.sin(2 * np.pi * 250 * 1.5**emotion * time) + noise).astype(np.int16)


def _audio(actors=(1, 2, 3, 4)) -> Ragged:
    names = [f"01-01-{emotion:02d}-01-01-01-{a:02d}" for a in actors for emotion in range(1, 9)]
    tones = [_tone(emotion, actor) for actor in actors for emotion in range(1, 9)]
    return Ragged.join(names, tones, RATE)


def _one_clip(samples: np.ndarray, name: str = "01-01-03-01-01-01-01") -> Ragged:
    heldout = "01-01-03-01-01-01-03"
    return Ragged.join([name, heldout], [samples, _tone(3, 3)], RATE)


PAIR = Split("pair", train_actors=(1,), heldout_actors=(3,))


# Settings


def test_defaults_are_the_papers():
    settings = Cnn14Settings()
    assert (settings.batch_size, settings.max_iterations, settings.learning_rate) == (
        24,
        30000,
        1e-3,
    )
    assert settings.betas == (0.9, 0.999) and settings.epsilon == 1e-8


def test_shortest_length_is_that_of_the_networks_shortest_input():
    samples = round(SHORTEST_SECONDS * RATE)
    assert frames_of(samples) == SHORTEST_FRAMES
    assert frames_of(samples - 1) == SHORTEST_FRAMES - 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0.5}, "no published weights"),
        ({"weights": "random", "trainable": "top"}, "freeze random weights"),
        ({"clip_seconds": 0.3}, "greater than or equal to 0.31"),
        ({"betas": (0.9, 1.0)}, "must lie in"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        Cnn14Settings(**changes)


# Clips on the device


def test_clips_carry_label_and_part_of_their_name():
    clips = load_clips(_audio(), None, SPLIT, 0.4, CPU)
    assert clips.log_mel.shape == (32, 41, 64)
    assert list(clips.names) == sorted(clips.names)
    assert clips.labels.bincount().tolist() == [4] * 8
    assert {clips.names[row][-2:] for row in clips.rows("heldout")} == {"03"}
    assert len(clips.rows("train")) == 24


def test_actors_outside_the_split_are_left_out():
    clips = load_clips(_audio(), None, PAIR, 0.4, CPU)
    assert {name[-2:] for name in clips.names} == {"01", "03"}


def test_short_clip_is_padded_with_silence_and_long_one_cut_at_its_end():
    samples = _tone(3, 1)  # half a second
    for seconds in (0.4, 0.8):
        length = round(seconds * RATE)
        expected = np.pad(samples, (0, max(0, length - len(samples))))[:length]
        clips = load_clips(_one_clip(samples), None, PAIR, seconds, CPU)
        log_mel = LogMel()(torch.from_numpy(expected)[None].float() / 32768)[0]
        torch.testing.assert_close(clips.log_mel[0], log_mel)


def test_span_is_cut_out_before_padding():
    samples = _tone(3, 1)
    spans = {
        "01-01-03-01-01-01-01": SpeechSpan(0.1, 0.2, found=True),
        "01-01-03-01-01-01-03": SpeechSpan(0.0, 0.5, found=False),
    }
    clips = load_clips(_one_clip(samples), spans, PAIR, 0.4, CPU)
    expected = np.pad(samples[1600:3200], (0, 4800))
    log_mel = LogMel()(torch.from_numpy(expected)[None].float() / 32768)[0]
    torch.testing.assert_close(clips.log_mel[0], log_mel)


def test_recording_too_short_for_the_network_is_named():
    with pytest.raises(UserError, match=r"01-01-03-01-01-01-01 has 0\.250 s"):
        load_clips(_one_clip(_tone(3, 1)[:4000]), None, PAIR, 0.4, CPU)


def test_missing_and_empty_spans_are_named():
    with pytest.raises(UserError, match="01-01-03-01-01-01-01 has no speech span"):
        load_clips(_one_clip(_tone(3, 1)), {}, PAIR, 0.4, CPU)
    empty = {"01-01-03-01-01-01-01": SpeechSpan(0.2, 0.2, found=True)}
    with pytest.raises(UserError, match="holds no audio"):
        load_clips(_one_clip(_tone(3, 1)), empty, PAIR, 0.4, CPU)


def test_absent_actor_and_doubled_clip_are_told():
    with pytest.raises(UserError, match="needs actor 4"):
        load_clips(_audio(actors=(1, 2, 3)), None, SPLIT, 0.4, CPU)
    with pytest.raises(UserError, match="given twice"):
        load_clips(_audio(actors=(1, 2, 3, 4, 1)), None, SPLIT, 0.4, CPU)


# The task


def _task(settings: Cnn14Settings) -> Cnn14FineTuning:
    torch.manual_seed(0)
    clips = load_clips(_audio(), None, SPLIT, settings.clip_seconds, CPU)
    return Cnn14FineTuning(build_network(settings), clips, settings)


@pytest.mark.parametrize(("alpha", "sizes"), [(0, [8, 8, 8]), (1, [16])])
def test_batches_are_full_and_of_training_clips_only(alpha, sizes):
    task = _task(_settings(mixup_alpha=alpha))
    batches = list(task.batches(torch.Generator().manual_seed(3)))
    assert [len(batch) for batch in batches] == sizes
    rows = torch.cat(batches).tolist()
    assert len(set(rows)) == len(rows)
    assert {task.clips.part[row] for row in rows} == {"train"}


def test_batches_follow_the_generator():
    task = _task(_settings())
    orders = [
        next(task.batches(torch.Generator().manual_seed(seed))).tolist() for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_fewer_clips_than_a_batch_are_one_batch():
    task = _task(_settings(batch_size=24, mixup_alpha=1))
    assert [len(batch) for batch in task.batches(torch.Generator())] == [24]


def test_the_losses_differ_by_the_number_of_classes():
    batch = torch.arange(8)
    losses = {}
    for name in ("mean_over_classes", "nll"):
        task = _task(_settings(loss=name, mixup_alpha=0))
        task.network.eval()
        losses[name] = task.loss(batch).item()
    log_likelihood = task.network(task.clips.log_mel[:8]).logits.log_softmax(dim=1)
    by_hand = -log_likelihood[torch.arange(8), task.clips.labels[:8]].mean().item()
    assert losses["nll"] == pytest.approx(by_hand)
    assert losses["mean_over_classes"] == pytest.approx(by_hand / 8)


def test_mixup_mixes_the_targets_as_it_mixes_the_clips(monkeypatch):
    task = _task(_settings(loss="nll", spec_augment=False))
    task.network.eval()
    monkeypatch.setattr(torch.distributions.Beta, "sample", lambda _: torch.tensor([0.25]))
    loss = task.loss(torch.tensor([0, 4]))
    logits = task.network(task.clips.log_mel[[0, 4]], torch.tensor([0.25])).logits
    log_likelihood = logits.log_softmax(dim=1)[0]
    one, other = task.clips.labels[[0, 4]]
    expected = -(0.25 * log_likelihood[one] + 0.75 * log_likelihood[other])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_scores_are_of_the_heldout_clips(monkeypatch):
    task = _task(_settings())
    labels = task.clips.labels[task.clips.rows("heldout")]
    said = labels.clone()
    said[labels == 2] = 5
    answers = torch.nn.functional.one_hot(said, 8).float() * 50
    monkeypatch.setattr(task, "logits", lambda _: answers)
    scores = task.scores()
    assert scores["accuracy"] == pytest.approx(7 / 8)
    assert scores["unweighted_average_recall"] == pytest.approx(7 / 8)
    assert scores["loss"] == pytest.approx(50 / 8 / 8, rel=1e-4)


def test_precision_reduces_the_convolutions_and_nothing_that_is_kept():
    losses = {}
    for precision in ("float32", "bfloat16"):
        task = _task(_settings(precision=precision, spec_augment=False, mixup_alpha=0))
        task.network.eval()  # no dropout
        loss = task.loss(torch.arange(8))
        loss.backward()
        task.optimizer.step()
        losses[precision] = loss.item()
        kept = [*task.network.state_dict().values(), *(p.grad for p in task.network.parameters())]
        assert {value.dtype for value in kept} == {torch.float32, torch.int64}  # int64: counters
        assert task.logits(torch.arange(2)).dtype == loss.dtype == torch.float32
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


def test_float32_is_not_rounded_to_tf32():
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.matmul.allow_tf32 = True
    _task(_settings())
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_only_the_chosen_part_is_optimised():
    settings = Cnn14Settings(trainable="top", clip_seconds=0.4)
    with torch.device("meta"):
        network = build_network(settings)
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {"fc1.weight", "fc1.bias", "classifier.weight", "classifier.bias"}


def test_learns_the_pitches_of_actors_it_never_heard():
    settings = _settings(
        width=0.05,
        max_iterations=100,
        evaluate_every=25,
        mixup_alpha=0,
        spec_augment=False,
        learning_rate=3e-3,
    )
    task = _task(settings)
    history = fit(task, fit_plan(settings, seed=5), checkpoint=None)
    assert [row["step"] for row in history] == [25, 50, 75, 100]
    assert max(row["accuracy"] for row in history) > 0.5

    posteriors = task.posteriors()
    assert posteriors.clips == task.clips.names
    heldout = posteriors.only("heldout")
    best = max(row["accuracy"] for row in history)
    assert (heldout.predicted == heldout.labels).mean() == pytest.approx(best)
    np.testing.assert_allclose(posteriors.probabilities.sum(axis=1), 1)


class _Killed(Exception):
    pass


def test_interrupted_training_ends_in_the_same_model_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr("mmer.training.fit.CHECKPOINT_SECONDS", 0)
    settings = _settings(max_iterations=12, evaluate_every=4, keep="last", batch_size=4)
    plan, checkpoint = fit_plan(settings, seed=5), tmp_path / "checkpoint"
    whole = _task(settings)
    fit(whole, plan, checkpoint=None)

    interrupted = _task(settings)
    losses = iter([interrupted.loss] * 6)

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


# The step


def _run(folder: Path, *options: str, **changes) -> subprocess.CompletedProcess[str]:
    entry = Path(__file__).parents[2] / "workflow_scripts" / "train_cnn14.py"
    paths = []
    for actor in (1, 3):
        paths.append(folder / f"{actor}.npz")
        write_ragged(paths[-1], _audio(actors=(actor,)))
    split = {"name": "pair", "train_actors": [1], "heldout_actors": [3]}
    settings = _settings(**({"max_iterations": 3, "evaluate_every": 2, "batch_size": 4} | changes))
    command = [sys.executable, str(entry), "--audio", *map(str, paths)]
    command += ["--split", json.dumps(split), "--settings", settings.model_dump_json()]
    command += ["--seed", "1", "--device", "cpu", "--checkpoint", str(folder / "checkpoint")]
    for name in ("model", "history", "posteriors"):
        command += [f"--{name}", str(folder / name)]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def test_step_writes_model_history_and_posteriors(tmp_path):
    done = _run(tmp_path, "--variant", "full")
    assert done.returncode == 0, done.stderr
    assert len(read_posteriors(tmp_path / "posteriors").clips) == 16
    history = pd.read_csv(tmp_path / "history")
    assert history["step"].tolist() == [2, 3]
    with safe_open(tmp_path / "model", framework="pt") as model:
        provenance = json.loads(model.metadata()["provenance"])
        assert model.get_tensor("classifier.weight").shape == (8, 41)
    assert provenance["initial_weights"] == "random" and provenance["seed"] == 1
    assert not (tmp_path / "checkpoint").exists()


def test_step_tells_what_is_missing(tmp_path):
    vad = _run(tmp_path, "--variant", "vad")
    assert vad.returncode == 1
    assert "give --spans" in vad.stderr and "Traceback" not in vad.stderr
    weights = _run(tmp_path, "--variant", "full", weights="panns_cnn14_16k", width=1.0)
    assert weights.returncode == 1
    assert "give --weights" in weights.stderr and "Traceback" not in weights.stderr
