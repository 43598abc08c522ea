"""The embedding of every item by CNN-14: the layer before the classifier.

Every item is embedded at its own length, as PANNs does when it embeds a file: padding would change
the maximum and the mean over time that the embedding is made of.  Items of equally many frames
share a batch.

Source: paper section 3.2.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.media.log_mel import FULL_SCALE, SAMPLE_RATE, LogMel
from mmer.media.speech_spans import SpeechSpan
from mmer.models.base import ModelJob
from mmer.models.cnn14_embedding import Cnn14EmbeddingSettings
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.panns_checkpoint import start_from
from mmer.models.weights_settings import SHORTEST_SECONDS
from mmer.ragged import Ragged, read_ragged
from mmer.runtime.job import Compute
from mmer.training.job import prepare_device, spans_of
from mmer.training.kept_audio import kept_samples, rows_by_name
from mmer.weights import Weights

ITEMS_AT_ONCE = 16
"""Items of one length per pass at most: bounds memory."""


def embed(job: ModelJob) -> None:
    """Load, embed, write the output ``embeddings``."""
    settings = job.settings(Cnn14EmbeddingSettings)
    device = prepare_device(job, Compute.from_environment())
    network = embedding_network(settings, job.task.outputs, job.weights).to(device)
    embeddings = embed_items(network, read_ragged(job.inputs["audio"]), spans_of(job))
    write_embeddings(job.output("embeddings"), embeddings)


def embedding_network(
    settings: Cnn14EmbeddingSettings, classes: int, given: Weights | None
) -> Cnn14:
    """The network that embeds, on the CPU and in eval mode.

    Parameters
    ----------
    settings
        Which weights; random ones are drawn from torch's global generator.
    classes
        Size of the classifier, which is not used, but random weights are drawn after it.
    given
        The published weights' file, where the settings ask for it.

    Raises
    ------
    UserError
        If published weights are asked for and not given, or refused.
    """
    network = Cnn14(classes=classes, width=settings.width, spec_augment=False).eval()
    return start_from(network, settings.weights, given)


def embed_items(
    network: Cnn14, audio: Ragged, spans: Mapping[str, SpeechSpan] | None
) -> Embeddings:
    """Trim and embed every item, in order of their names.

    An item trimmed to less than 0.31 s of speech, the shortest input of the network, is padded with
    silence to that length.

    Parameters
    ----------
    network
        In eval mode, on any device.
    audio
        int16 mono at 16 kHz.
    spans
        What to keep of each item (variant ``vad``); None keeps all of it (variant ``full``).

    Raises
    ------
    UserError
        If an item comes twice, is shorter than 0.31 s before trimming, or has no span or an empty
        one.
    """
    assert audio.rate == SAMPLE_RATE, f"audio at {audio.rate} Hz"
    assert not network.training, "dropout and batch statistics would make embeddings random"
    device = next(network.parameters()).device
    rows = rows_by_name(audio.items)
    front_end = LogMel()
    log_mels = [
        _log_mel(front_end, kept_samples(audio, row, spans, SHORTEST_SECONDS)) for row in rows
    ]
    values = np.empty((len(rows), network.fc1.out_features), np.float32)
    with torch.inference_mode(), tqdm(total=len(rows), unit="item", mininterval=10) as progress:
        for batch in _batches([len(log_mel) for log_mel in log_mels]):
            stacked = torch.stack([log_mels[position] for position in batch]).to(device)
            values[batch] = network(stacked).embedding.cpu().numpy()
            progress.update(len(batch))
    return Embeddings(tuple(audio.items[row] for row in rows), values)


def _log_mel(front_end: LogMel, samples: np.ndarray) -> Tensor:
    """The log-mel of one item's int16 samples at its own length, ``(frames, 64)`` on the CPU."""
    shortest = round(SHORTEST_SECONDS * SAMPLE_RATE)
    padded = np.pad(samples, (0, max(0, shortest - len(samples))))
    return front_end(torch.from_numpy(padded)[None].float() / FULL_SCALE)[0]


def _batches(frames: Sequence[int]) -> Iterator[list[int]]:
    """Positions of items with the same number of frames, few at a time."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for position, count in enumerate(frames):
        by_length[count].append(position)
    for length in sorted(by_length):
        same = by_length[length]
        for start in range(0, len(same), ITEMS_AT_ONCE):
            yield same[start : start + ITEMS_AT_ONCE]
