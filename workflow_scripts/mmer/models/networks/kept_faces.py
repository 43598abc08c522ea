"""What spatial transformers, bi-LSTMs and voting say of the faces of new recordings."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mmer.models.kept import KeptModel, NewItems, Predictor, Said
from mmer.models.networks.bilstm import BiLstm
from mmer.models.networks.bilstm_training import Sequences, SequenceTraining
from mmer.models.networks.spatial_transformer import GuidedSpatialTransformer, move_to, run_over
from mmer.models.networks.voting import vote
from mmer.models.sequence_settings import BiLstmSettings
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.tasks import Classes
from mmer.training.device import prepare_device
from mmer.training.foreign_checkpoint import load_exactly
from mmer.training.frames import put_on_device

LAYERS = ("logits", "fc50", "fc50_before_relu", "flatten810")


def spatial_transformer_predictor(kept: KeptModel) -> Predictor:
    """The layers of every frame, by the network of a split or of another corpus."""
    device = prepare_device(None)
    network = GuidedSpatialTransformer(kept.task.outputs)
    load_exactly(network, kept.model, kept.state)
    network = move_to(network, device).eval()

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert pieces.frames is not None and pieces.saliency is not None, "faces are seen"
        spans, table = pieces.kept_by(kept.variant), pieces.table(kept.task)
        frames = put_on_device(
            pieces.frames, pieces.saliency, spans, table, kept.task, None, device
        )
        outputs = list(run_over(network, frames))
        layers = {}
        for layer in LAYERS:
            values = torch.cat([getattr(output, layer) for output in outputs]).cpu().numpy()
            layers[layer] = Ragged(frames.items.names, values, frames.offsets, frames.rate)
        return Said(layers=layers)

    return say


def bilstm_predictor(kept: KeptModel) -> Predictor:
    """The bi-LSTM of a split behind what the spatial transformer makes of the frames."""
    settings, device = kept.settings(BiLstmSettings), prepare_device(None)
    network = _bilstm_of(kept, settings).to(device)

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert base is not None, "a bi-LSTM reads what a spatial transformer says"
        layer = base.layers["logits" if settings.layer == "posteriors" else settings.layer]
        features = torch.from_numpy(layer.values).to(device)
        if settings.layer == "posteriors":
            features = features.softmax(dim=1)
        table = pieces.table(kept.task)
        sequences = Sequences(
            task=kept.task,
            items=table,
            part=np.full(len(table), ""),
            choosing_parts=(),
            labels=torch.zeros(len(table), dtype=torch.int64, device=device),
            features=features,
            offsets=layer.offsets,
            rate=layer.rate,
        )
        posteriors, _ = SequenceTraining(network, sequences, settings).results()
        return Said.of(posteriors)

    return say


def _bilstm_of(kept: KeptModel, settings: BiLstmSettings) -> BiLstm:
    """A network of the size that the weights have."""
    state = kept.state
    names = [name.split(".") for name in state]
    first, recurrent = state.get("lstm.weight_ih_l0"), state.get("lstm.weight_hh_l0")
    if not all(isinstance(each, Tensor) and each.ndim == 2 for each in (first, recurrent)):
        raise UserError(f"what is kept of {kept.model} is no bi-LSTM: export the run again")
    network = BiLstm(
        width=first.shape[1],
        units=recurrent.shape[1],
        layers=sum(name[-1].startswith("weight_hh") for name in names) // 2,
        attention_layers=max(
            sum(name[0] == "attention" and name[-1] == "weight" for name in names), 1
        ),
        dropout=settings.dropout,
        classes=kept.task.outputs,
    )
    load_exactly(network, kept.model, state)
    return network


def voting_predictor(kept: KeptModel) -> Predictor:
    """The vote of the frames, among the classes of the network behind them."""
    task, voters = kept.task, kept.base_task
    assert isinstance(voters, Classes), "the model whose frames vote names classes"

    def say(pieces: NewItems, base: Said | None) -> Said:
        assert base is not None, "frames vote by what a spatial transformer says"
        logits = base.layers["logits"]
        voted = np.stack([vote(logits.of(row)) for row in range(len(logits))])
        return Said(probabilities=task.from_fewer(voted, voters.names))

    return say
