"""Lines of the speech branch: log-mel spectrograms, CNN-14's training step, spectrogram images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.demo_speech import speech_of, waveforms
from benchmarks.drawn_images import draw
from benchmarks.measure import Contest, Line, NotMeasured
from benchmarks.reference_cnn14 import (
    ReferenceAbsent,
    ReferenceTransfer,
    our_state,
    reference_front_end,
)
from mmer.corpus.folds import Split
from mmer.corpus.labels import CLASS_COUNT
from mmer.speech.cnn14 import Cnn14, mix_pairs
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network
from mmer.speech.log_mel import LogMel
from mmer.speech.log_mels_on_device import load_log_mels
from mmer.speech.spectrogram_image import spectrogram_images
from mmer.speech.spectrogram_image_settings import MelImageSettings, SpectrogramImageSettings
from mmer.store import Ragged

CPU = torch.device("cpu")
ACTOR_CLIPS, CLIP_SECONDS = 60, 3.7
"""Clips of one RAVDESS actor, and their mean length."""
IMAGE_CLIPS = 12
"""Clips of which images are made."""
STEP = {"cpu": (8, 3.0), "cuda": (24, 5.5)}
"""Items of a batch (each mixed from two clips) and seconds of a clip; the paper's on a GPU."""


def lines() -> Iterator[Line]:
    """The lines, the quick ones first."""
    yield Line(
        work=f"log-mel of an actor, {ACTOR_CLIPS} clips of {CLIP_SECONDS} s in one call",
        against="torchlibrosa, the front end inside the published network",
        device="CPU",
        goal=5,
        repetitions=15,
        prepare=log_mel_contest,
    )
    for settings in (SpectrogramImageSettings(), MelImageSettings()):
        yield Line(
            work=f"spectrogram images ({settings.mode}), {IMAGE_CLIPS} clips",
            against="drawing them with matplotlib",
            device="CPU",
            goal=50,
            repetitions=9,
            prepare=partial(image_contest, settings),
        )
    for precision, kind, goal in (
        ("float32", "cpu", 1),
        ("bfloat16", "cpu", None),
        ("float32", "cuda", None),
        ("bfloat16", "cuda", 2),
    ):
        yield step_line(precision, kind, goal)


def step_line(precision: str, kind: str, goal: float | None) -> Line:
    """The line of CNN-14's training step on one kind of device."""
    items, seconds = STEP[kind]
    return Line(
        work=f"CNN-14 training step in {precision}, {items} items mixed from two clips of "
        f"{seconds:g} s",
        against="panns-inference in float32"
        + (" (TF32 where torch uses it by itself)" if kind == "cuda" else ""),
        device="GPU" if kind == "cuda" else "CPU",
        goal=goal,
        repetitions=3 if kind == "cpu" else 20,
        prepare=partial(step_contest, precision, kind),
    )


# Log-mel


def log_mel_contest() -> Contest:
    """Our front end and the reference's on the same waveforms."""
    batch = torch.from_numpy(waveforms(speech_of(1, ACTOR_CLIPS), CLIP_SECONDS))
    ours, theirs = LogMel(), _of_the_reference(reference_front_end)
    with torch.inference_mode():
        exact = theirs.double()(batch.double())[:, 0]
        theirs = theirs.float()
        agreement = (
            f"ours differs from the reference in float64 by "
            f"{_decibels(ours(batch), exact)}, the reference itself by "
            f"{_decibels(theirs(batch)[:, 0], exact)}"
        )
    ways = (_without_gradients(way, batch) for way in (ours, theirs))
    return Contest(*ways, agreement, CPU)


def _decibels(log_mel: Tensor, exact: Tensor) -> str:
    difference = (log_mel.double() - exact).abs()
    return f"{difference.max():.0e} dB at most and {difference.mean():.0e} dB on average"


def _without_gradients(way: Callable[[Tensor], Tensor], batch: Tensor) -> Callable[[], Tensor]:
    def call() -> Tensor:
        with torch.inference_mode():
            return way(batch)

    return call


# The training step


def step_contest(precision: str, kind: str) -> Contest:
    """A training step of ours and of the reference, from the same weights and clips."""
    if kind == "cuda" and not torch.cuda.is_available():
        raise NotMeasured("not measured: no GPU here")
    device = torch.device(kind)
    items, seconds = STEP[kind]
    speech = some_speech(2 * items)
    reference = _of_the_reference(lambda: ReferenceTransfer(CLASS_COUNT)).to(device)
    settings = Cnn14Settings(
        weights="random", batch_size=items, clip_seconds=seconds, precision=precision
    )
    clips = load_log_mels(speech, None, Split("benchmark", (1,), (2,)), seconds, device)
    network = build_network(settings).to(device)
    _same_weights(network, reference)
    task = Cnn14FineTuning(network, clips, settings)
    batch = next(task.batches(torch.Generator().manual_seed(0)))
    # Where TF32 is allowed, torch's default, the reference has it.
    ours = optimiser_step(task.optimizer, lambda: task.loss(batch), tf32=False)
    sound = torch.from_numpy(waveforms(speech, seconds))[batch].to(device)
    theirs = _reference_step(reference, sound, clips.labels[batch.to(device)], settings)
    agreement = _agreement(network, reference, sound, task, batch)
    return Contest(ours, theirs, agreement, device)


def some_speech(clips: int) -> Ragged:
    """Speech of a training actor and one clip of a held-out one, in order of their names."""
    trained, heldout = speech_of(1, max(clips, ACTOR_CLIPS)), speech_of(2, 1)
    spoken = {name: trained.of(row) for row, name in enumerate(trained.clips[:clips])}
    spoken[heldout.clips[0]] = heldout.of(0)
    names = sorted(spoken)
    return Ragged.join(names, [spoken[name] for name in names], trained.rate)


def _same_weights(ours: Cnn14, reference: ReferenceTransfer) -> None:
    """Give our network the reference's weights, its new layer as classifier."""
    state = our_state(reference.base)
    state |= {f"classifier.{name}": value for name, value in reference.head.state_dict().items()}
    ours.load_state_dict(state)


def _agreement(
    ours: Cnn14,
    reference: ReferenceTransfer,
    sound: Tensor,
    task: Cnn14FineTuning,
    batch: Tensor,
) -> str:
    """How far the log-probabilities lie apart in eval mode, each behind its own front end."""
    reference.eval()
    with torch.inference_mode():
        expected = reference(sound)
    reference.train()
    found = task.logits(batch).log_softmax(dim=1)
    ours.train()
    share = (found - expected).abs().max() / (expected.max() - expected.min())
    return f"log-probabilities before training differ by {share:.0e} of their range"


def _reference_step(
    reference: ReferenceTransfer, sound: Tensor, labels: Tensor, settings: Cnn14Settings
) -> Callable[[], float]:
    """A training step by the recipe of the published network, audio on the device."""
    optimizer = torch.optim.Adam(
        reference.parameters(),
        lr=settings.learning_rate,
        betas=settings.betas,
        eps=settings.epsilon,
        amsgrad=settings.amsgrad,
    )
    alpha = torch.full((len(labels) // 2,), settings.mixup_alpha, device=sound.device)

    def loss() -> Tensor:
        mixing = torch.distributions.Beta(alpha, alpha).sample()
        targets = mix_pairs(functional.one_hot(labels, CLASS_COUNT).float(), mixing)
        return -(targets * reference(sound, mixing)).mean()

    return optimiser_step(optimizer, loss, tf32=True)


def optimiser_step(
    optimizer: torch.optim.Optimizer, loss_of_batch: Callable[[], Tensor], tf32: bool
) -> Callable[[], float]:
    """A call that takes one optimiser step."""

    def call() -> float:
        torch.backends.cudnn.allow_tf32 = tf32
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of_batch()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return call


# Spectrogram images


def image_contest(settings: SpectrogramImageSettings) -> Contest:
    """Images by array operations and by a plotting library."""
    speech = speech_of(1, ACTOR_CLIPS)
    clips = [speech.of(row) for row in range(IMAGE_CLIPS)]

    def ours() -> np.ndarray:
        return spectrogram_images(clips, settings)

    def theirs() -> np.ndarray:
        return np.stack([draw(clip, settings) for clip in clips])

    differing = (ours() != theirs()).any(axis=-1)
    agreement = f"{differing.sum()} of {differing.size} pixels differ"
    return Contest(ours, theirs, agreement, CPU)


def _of_the_reference(make: Callable[[], nn.Module]) -> nn.Module:
    """A network of the reference; without its packages the line has no figures."""
    try:
        return make()
    except ReferenceAbsent as error:
        raise NotMeasured(f"not measured: {error}") from error
