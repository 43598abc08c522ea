"""The embedding of every item by CNN-14: the layer before the classifier.

Every item is embedded at its own length, as PANNs does when it embeds a file: padding would change
the maximum and the mean over time that the embedding is made of.  Items of equally many frames
share a batch.

Source: paper section 3.2.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.media.log_mel import FULL_SCALE, LogMel
from mmer.media.speech_spans import SpeechSpan
from mmer.models.base import ModelJob
from mmer.models.cnn14_embedding import Cnn14EmbeddingSettings
from mmer.models.networks.cnn14 import Cnn14
from mmer.models.networks.panns_checkpoint import start_from
from mmer.ragged import Ragged, read_ragged
from mmer.training.device import prepare_device
from mmer.training.kept_audio import spans_of
from mmer.training.recordings import at_least_shortest, every_recording

ITEMS_AT_ONCE = 16
"""Items of one length per pass at most: bounds memory."""


def embed(job: ModelJob) -> None:
    """Load, embed, write the output ``embeddings``."""
    settings = job.settings(Cnn14EmbeddingSettings)
    device = prepare_device(job.seed)
    # The classifier is not used, but random weights are drawn after it.
    network = Cnn14(classes=job.task.outputs, width=settings.width, spec_augment=False).eval()
    network = start_from(network, settings.weights, job.weights).to(device)
    embeddings = embed_items(network, read_ragged(job.inputs["audio"]), spans_of(job))
    write_embeddings(job.output("embeddings"), embeddings)


def embed_items(
    network: Cnn14, audio: Ragged, spans: Mapping[str, SpeechSpan] | None
) -> Embeddings:
    """Trim and embed every item, in order of their names.

    An item trimmed to less than 0.31 s of speech, the shortest input of the network, is padded with
    silence to that length.  The network is in eval mode, on any device.

    Raises
    ------
    UserError
        If an item comes twice, is shorter than 0.31 s before trimming, or has no span or an empty
        one.
    """
    assert not network.training, "dropout and batch statistics would make embeddings random"
    device = next(network.parameters()).device
    names, waveforms = every_recording(audio, spans)
    front_end = LogMel()
    log_mels = [_log_mel(front_end, samples) for samples in waveforms]
    by_length: dict[int, list[int]] = defaultdict(list)
    for row, log_mel in enumerate(log_mels):
        by_length[len(log_mel)].append(row)
    values = np.empty((len(names), network.fc1.out_features), np.float32)
    with torch.inference_mode(), tqdm(total=len(names), unit="item", mininterval=10) as progress:
        for _, same in sorted(by_length.items()):
            for start in range(0, len(same), ITEMS_AT_ONCE):
                batch = same[start : start + ITEMS_AT_ONCE]
                stacked = torch.stack([log_mels[row] for row in batch]).to(device)
                values[batch] = network(stacked).embedding.cpu().numpy()
                progress.update(len(batch))
    return Embeddings(names, values)


def _log_mel(front_end: LogMel, samples: np.ndarray) -> Tensor:
    """The log-mel of one item's int16 samples at its own length, ``(frames, 64)`` on the CPU."""
    padded = at_least_shortest(samples)
    return front_end(torch.from_numpy(padded)[None].float() / FULL_SCALE)[0]
