"""Clips whose emotion is the pitch of a tone."""

import numpy as np
import torch

from mmer.corpus.folds import Split
from mmer.store import Ragged

CPU = torch.device("cpu")
SPLIT = Split("heldout0", train_actors=(1, 2, 4), heldout_actors=(3,))
PAIR = Split("pair", train_actors=(1,), heldout_actors=(3,))
RATE = 16_000


def tone(emotion: int, actor: int) -> np.ndarray:
    """Half a second in which the pitch says the emotion, int16."""
    time = np.arange(RATE // 2) / RATE
    noise = np.random.default_rng(100 * actor + emotion).normal(0, 300, len(time))
    return (8000 * np.sin(2 * np.pi * 250 * 1.5**emotion * time) + noise).astype(np.int16)


def audio_of(actors: tuple[int, ...] = (1, 2, 3, 4)) -> Ragged:
    """A clip of every emotion by each actor."""
    names = [f"01-01-{emotion:02d}-01-01-01-{a:02d}" for a in actors for emotion in range(1, 9)]
    tones = [tone(emotion, actor) for actor in actors for emotion in range(1, 9)]
    return Ragged.join(names, tones, RATE)
