"""Lines of the speech branch: CNN-14's training step against the published implementation's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.measure import Contest, Line, NotMeasured
from benchmarks.noise import TASK, noise_speech
from benchmarks.reference_cnn14 import ReferenceAbsent, ReferenceTransfer, our_state
from mmer.media.log_mel import FULL_SCALE, SAMPLE_RATE, log_mels
from mmer.models.cnn14 import Cnn14Settings
from mmer.models.networks.cnn14 import mix_pairs
from mmer.models.networks.cnn14_training import Cnn14FineTuning, build_network
from mmer.training.recordings import ItemsOnDevice

STEP = {"cpu": (8, 3.0), "cuda": (24, 5.5)}
"""Items of a batch (each mixed from two) and seconds of an item; the paper's on a GPU."""


def lines() -> Iterator[Line]:
    """A line for each precision on each kind of device."""
    for precision, kind, goal in (
        ("float32", "cpu", 1),
        ("bfloat16", "cpu", None),
        ("float32", "cuda", None),
        ("bfloat16", "cuda", 2),
    ):
        items, seconds = STEP[kind]
        against = "panns-inference in float32"
        yield Line(
            work=f"CNN-14 training step in {precision}, {items} items mixed from two of "
            f"{seconds:g} s",
            against=against + (" (TF32 as torch has it)" if kind == "cuda" else ""),
            device="GPU" if kind == "cuda" else "CPU",
            goal=goal,
            repetitions=3 if kind == "cpu" else 20,
            prepare=partial(contest, precision, kind),
        )


def contest(precision: str, kind: str) -> Contest:
    """A training step of ours and of the reference, from the same weights and sound."""
    if kind == "cuda" and not torch.cuda.is_available():
        raise NotMeasured("not measured: no GPU here")
    device = torch.device(kind)
    count, seconds = STEP[kind]
    try:
        reference = ReferenceTransfer(TASK.outputs).to(device)
    except ReferenceAbsent as error:
        raise NotMeasured(f"not measured: {error}") from error
    settings = Cnn14Settings(
        weights="random", batch_size=count, clip_seconds=seconds, precision=precision
    )
    length = round(seconds * SAMPLE_RATE)
    sound = (3000 * torch.randn(3 * count, length)).to(torch.int16)
    told = vars(noise_speech(len(sound), (1,), device))
    items = ItemsOnDevice(**{**told, "inputs": log_mels(list(sound.numpy()), device=device)})
    network = build_network(settings, TASK.outputs).to(device)
    state = our_state(reference.base)
    state |= {f"classifier.{name}": value for name, value in reference.head.state_dict().items()}
    network.load_state_dict(state)
    training = Cnn14FineTuning(network, items, settings)
    batch = next(training.batches(torch.Generator().manual_seed(0)))
    heard = sound[batch].float().to(device) / FULL_SCALE
    agreement = _agreement(training, reference, heard, batch)
    ours = _optimiser_step(training.optimizer, lambda: training.loss(batch), tf32=False)
    theirs = _reference_step(reference, heard, items.labels[batch.to(device)], settings)
    return Contest(ours, theirs, agreement, device)


def _agreement(
    training: Cnn14FineTuning, reference: ReferenceTransfer, sound: Tensor, batch: Tensor
) -> str:
    """How far the log-probabilities lie apart in eval mode, each behind its own front end."""
    reference.eval()
    with torch.inference_mode():
        expected = reference(sound)
    reference.train()
    found = training.logits(batch).log_softmax(dim=1)
    training.network.train()
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
        targets = mix_pairs(functional.one_hot(labels, TASK.outputs).float(), mixing)
        return -(targets * reference(sound, mixing)).mean()

    return _optimiser_step(optimizer, loss, tf32=True)


def _optimiser_step(
    optimizer: torch.optim.Optimizer, loss_of_batch: Callable[[], Tensor], tf32: bool
) -> Callable[[], float]:
    """A call that takes one optimiser step; where TF32 is torch's default, the reference has it."""

    def call() -> float:
        torch.backends.cudnn.allow_tf32 = tf32
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of_batch()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return call
