"""What networks of one's own say of new recordings."""

from __future__ import annotations

import numpy as np
import torch

from mmer.media.decoding import SAMPLE_RATE
from mmer.models.kept import KeptModel, NewItems, Predictor, Said
from mmer.models.network import NetworkFamily
from mmer.predictions import posteriors_of
from mmer.training.device import prepare_device
from mmer.training.foreign_checkpoint import load_exactly
from mmer.training.kept_audio import kept_samples, rows_by_name
from mmer.training.standardised import Standardised


def predictor(family: NetworkFamily, kept: KeptModel) -> Predictor:
    """The network of a split, which sees each piece alone, as it saw the items of its run."""
    settings = kept.settings(family.Entry.model_fields["settings"].annotation)
    device = prepare_device(None)
    width = family.features(np.zeros(SAMPLE_RATE, np.int16), settings).shape[1]
    network = family.network(width, kept.task, settings)
    if settings.standardise:
        network = Standardised(network, torch.zeros(1, width))
    load_exactly(network, kept.model, kept.state)
    network = network.to(device).eval()

    @torch.inference_mode()
    def say(pieces: NewItems, base: Said | None) -> Said:
        assert pieces.audio is not None, "a network that hears is given sound"
        spans, logits = pieces.kept_by(kept.variant), []
        for row in rows_by_name(pieces.audio.items):
            samples = kept_samples(pieces.audio, row, spans, family.shortest_seconds)
            features = family.features(samples, settings).to(device)[None]
            lengths = torch.tensor([features.shape[1]], device=device)
            logits.append(network(features, lengths)[0].double().cpu().numpy())
        table = pieces.table(kept.task)
        return Said.of(posteriors_of(kept.task, table, np.full(len(table), ""), np.stack(logits)))

    return say
