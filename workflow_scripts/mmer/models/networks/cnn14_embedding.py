"""The embedding of items by CNN-14: the layer before the classifier.

Every item is embedded at its own length, as PANNs does when it embeds a file: padding would change
the maximum and the mean over time that the embedding is made of.  Items of equally many frames
share a batch.

Source: paper section 3.2.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm

from mmer.media.log_mel import FULL_SCALE, LogMel
from mmer.models.networks.cnn14 import Cnn14
from mmer.training.recordings import at_least_shortest

ITEMS_AT_ONCE = 16
"""Items of one length per pass at most: bounds memory."""


@torch.inference_mode()
def embeddings_of(network: Cnn14, waveforms: Sequence[np.ndarray]) -> np.ndarray:
    """Embeddings of int16 waveforms, ``(items, 2048 * width)`` float32.

    One of less than 0.31 s, the shortest input of the network, is padded with silence to that
    length.
    """
    assert not network.training, "dropout and batch statistics would make embeddings random"
    device = next(network.parameters()).device
    front_end = LogMel()
    padded = (torch.from_numpy(at_least_shortest(each))[None] for each in waveforms)
    log_mels = [front_end(each.float() / FULL_SCALE)[0] for each in padded]
    by_length: dict[int, list[int]] = defaultdict(list)
    for row, log_mel in enumerate(log_mels):
        by_length[len(log_mel)].append(row)
    values = np.empty((len(waveforms), network.fc1.out_features), np.float32)
    with tqdm(total=len(waveforms), unit="item", mininterval=10) as progress:
        for _, same in sorted(by_length.items()):
            for start in range(0, len(same), ITEMS_AT_ONCE):
                batch = same[start : start + ITEMS_AT_ONCE]
                stacked = torch.stack([log_mels[row] for row in batch]).to(device)
                values[batch] = network(stacked).embedding.cpu().numpy()
                progress.update(len(batch))
    return values
