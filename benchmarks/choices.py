"""Lines behind the defaults of ``compute``: CNN-14's training step with each choice, ours alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from unittest.mock import patch

import torch

from benchmarks.measure import Contest, Line, NotMeasured
from benchmarks.speech import STEP, optimiser_step, some_speech
from mmer.acceleration import compile_where_asked
from mmer.corpus.folds import Split
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.fine_tuning import Cnn14FineTuning, build_network
from mmer.speech.log_mels_on_device import load_log_mels

CHOICES: tuple[tuple[str, str, dict[str, str], dict[str, str]], ...] = (
    (
        "layout of each block as measured (channels_last: auto)",
        "channels last everywhere (always)",
        {"MMER_CHANNELS_LAST": "auto"},
        {"MMER_CHANNELS_LAST": "always"},
    ),
    (
        "layout of each block as measured (channels_last: auto)",
        "channel by channel everywhere (never)",
        {"MMER_CHANNELS_LAST": "auto"},
        {"MMER_CHANNELS_LAST": "never"},
    ),
    (
        "compiled (compile: true)",
        "as written (compile: false, the default)",
        {"MMER_COMPILE": "true"},
        {"MMER_COMPILE": "false"},
    ),
)
"""What is chosen, what else could be, and the variables of both."""


def lines() -> Iterator[Line]:
    """A line per choice and kind of device."""
    for kind in ("cpu", "cuda"):
        items, seconds = STEP[kind]
        precision = {"cpu": "float32", "cuda": "bfloat16"}[kind]
        step = f"CNN-14 training step in {precision}, {items} items of {seconds:g} s"
        for chosen, against, ours, theirs in CHOICES:
            yield Line(
                work=f"{step}, {chosen}",
                against=against,
                device="GPU" if kind == "cuda" else "CPU",
                goal=None,
                repetitions=3 if kind == "cpu" else 20,
                prepare=partial(contest, kind, precision, ours, theirs),
            )


def contest(kind: str, precision: str, ours: dict[str, str], theirs: dict[str, str]) -> Contest:
    """The same step under two sets of variables."""
    if kind == "cuda" and not torch.cuda.is_available():
        raise NotMeasured("not measured: no GPU here")
    ways = (step_under(variables, kind, precision) for variables in (ours, theirs))
    return Contest(*ways, "the same network and batch", torch.device(kind))


def step_under(variables: dict[str, str], kind: str, precision: str) -> Callable[[], float]:
    """A training step that is made ready and taken under these variables."""
    items, seconds = STEP[kind]
    settings = Cnn14Settings(
        weights="random", batch_size=items, clip_seconds=seconds, precision=precision
    )
    device = torch.device(kind)
    clips = load_log_mels(
        some_speech(2 * items), None, Split("benchmark", (1,), (2,)), seconds, device
    )
    torch.manual_seed(0)
    network = build_network(settings).to(device)
    with patch.dict(os.environ, variables):
        compile_where_asked(network)
    task = Cnn14FineTuning(network, clips, settings)
    batch = next(task.batches(torch.Generator().manual_seed(0)))
    step = optimiser_step(task.optimizer, lambda: task.loss(batch), tf32=False)

    def under_them() -> float:
        with patch.dict(os.environ, variables):
            return step()

    return under_them
