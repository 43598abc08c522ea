"""A corpus with arousal and valence 25 times a second, and a recurrent network that follows them.

``<speaker>/<item>.wav`` lies beside ``<speaker>/<item>.csv``, which has a column for each of the
two and a row for each step; names of items are unique.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torchaudio.transforms import MelSpectrogram

from mmer.corpora.base import Corpus, CorpusSettings
from mmer.items import Items, items_table
from mmer.models.base import ModelEntry
from mmer.models.network import NetworkFamily, NetworkSettings
from mmer.settings import decided
from mmer.tasks import Traces

AFFECT = Traces(names=("arousal", "valence"), rate=25)


class MyTraces(Corpus):
    """What a configuration means by ``corpus: my_traces``."""

    name = "my_traces"
    Settings = CorpusSettings
    recordings = "voice"

    @property
    def place(self) -> Path:
        """The folder that the user names."""
        if self.folder is None:
            raise self.missing_folder()
        return self.folder

    @property
    def tasks(self) -> Mapping[str, Traces]:
        """Both dimensions at once."""
        return {"affect": AFFECT}

    @property
    def speakers(self) -> tuple[str, ...]:
        """A folder each."""
        return tuple(sorted(folder.name for folder in self.place.iterdir() if folder.is_dir()))

    @property
    def folds(self) -> tuple[tuple[str, ...], ...]:
        """One speaker is held out at a time."""
        return tuple((speaker,) for speaker in self.speakers)

    @property
    def sources(self) -> tuple[str, ...]:
        """The traces, so that another one is prepared again."""
        return tuple(sorted(map(str, self.place.glob("*/*.csv"))))

    def files(self, speaker: str) -> list[str]:
        """A speaker's recordings."""
        return sorted(map(str, (self.place / speaker).glob("*.wav")))

    def items(self, found: Mapping[str, Sequence[Path]]) -> Items:
        """An item for each trace."""
        traces = map(Path, self.sources)
        return items_table([{"item": t.stem, "speaker": t.parent.name} for t in traces], [])

    def traces(self, speaker: str, items: Items) -> Mapping[str, np.ndarray]:
        """Arousal and valence of each item, ``(steps, 2)``."""
        columns = list(AFFECT.names)
        files = {name: self.place / speaker / f"{name}.csv" for name in items.names}
        return {name: pd.read_csv(file)[columns].to_numpy() for name, file in files.items()}


class MyRecurrentSettings(NetworkSettings):
    """How the network is built and trained."""

    units: int = decided(32, "Units in each direction.", "Enough for an example.", ge=1)


class MyRecurrentEntry(ModelEntry):
    """Its entry under ``models``; traces follow whole recordings."""

    family: Literal["my_recurrent"]
    variants: tuple[Literal["full"], ...] = ("full",)
    settings: MyRecurrentSettings = MyRecurrentSettings()


class MyRecurrent(nn.Module):
    """A recurrent layer that reads in both directions, and a linear one at every step."""

    def __init__(self, width: int, units: int, dimensions: int) -> None:
        super().__init__()
        self.read = nn.GRU(width, units, batch_first=True, bidirectional=True)
        self.follow = nn.Linear(2 * units, dimensions)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Traces ``(batch, steps, dimensions)`` of features ``(batch, steps, width)``."""
        return self.follow(self.read(features)[0])


class MyRecurrentFamily(NetworkFamily):
    """What a configuration means by ``family: my_recurrent``."""

    name = "my_recurrent"
    Entry = MyRecurrentEntry

    def features(self, samples: np.ndarray, settings: MyRecurrentSettings) -> Tensor:
        """Log-mels ``(steps, bands)``, one for each step of the traces."""
        mel = MelSpectrogram(16000, n_fft=1280, hop_length=640, n_mels=32)
        return (mel(torch.from_numpy(samples / 32768).float()) + 1e-6).log10().T / 3

    def network(self, width: int, task: Traces, settings: MyRecurrentSettings) -> nn.Module:
        """The network, with random weights."""
        return MyRecurrent(width, settings.units, task.outputs)
