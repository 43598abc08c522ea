"""The layers of the end-to-end networks.

Source: Tzirakis et al. 2017, by the authors' published code, whose convolutions and recurrent cells
are TensorFlow's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmer.models.base import ModelJob
from mmer.models.end_to_end import EndToEndSettings
from mmer.models.networks.end_to_end_face import FaceBranch
from mmer.training.checkpoint import read_model
from mmer.training.foreign_checkpoint import check_tensor
from mmer.training.job import file_sha256

STEPS_AT_ONCE = 500
"""Steps of an unbroken recording that pass the convolutions together; 40 filters of each 640
samples are 51 MB, ResNet-50's first layer 295 MB."""


def steps_of(samples: np.ndarray, width: int) -> Tensor:
    """Sound ``(samples,)`` int16 in steps, ``(steps, width)`` float32 in [-1, 1], at least one."""
    steps = max(len(samples) // width, 1)
    whole = np.pad(samples[: steps * width], (0, max(steps * width - len(samples), 0)))
    return torch.from_numpy(whole.reshape(steps, width).astype(np.float32) / 32768)


def levelled(steps: Tensor) -> Tensor:
    """The same sound with a mean square of 1; digital silence stays."""
    level = steps.square().mean().sqrt()
    return steps / level if level > 0 else steps


def shifted(steps: Tensor) -> Tensor:
    """The same sound from a random sample of its first step on, with zeros at its end."""
    start = int(torch.randint(0, steps.shape[1], ()))
    sound = steps.flatten()
    return functional.pad(sound[start:], (0, start)).view_as(steps)


class SoundBranch(nn.Module):
    """What is heard in each step, for itself.

    Dropout on the samples, 20 samples' convolution, the larger of two neighbours in time, a
    convolution over 40 of those, and the largest of every few filters.  Padding is TensorFlow's
    ``SAME``, which puts the odd zero at the end.

    Shapes
    ------
    ``(batch, steps, samples)`` float32 → ``(batch, steps, width)``.

    Attributes
    ----------
    width
        Samples / 2 × channels / pooled channels: 1,280.
    """

    def __init__(self, samples: int, channels: int, pooled: int, dropout: float) -> None:
        super().__init__()
        assert channels % pooled == 0 and samples % 2 == 0, "what is pooled is whole"
        self.width = samples // 2 * (channels // pooled)
        self.dropout = nn.Dropout(dropout)
        self.first = nn.Conv1d(1, channels, 20)
        self.second = nn.Conv1d(channels, channels, 40)
        self.in_time = nn.MaxPool1d(2)
        self.across_filters = nn.MaxPool1d(pooled)

    def forward(self, sound: Tensor) -> Tensor:
        heard = self.dropout(sound).flatten(0, 1)[:, None]
        heard = self.in_time(_convolved(self.first, heard).relu())
        heard = _convolved(self.second, heard).relu().transpose(1, 2)  # (steps, time, filters)
        return self.across_filters(heard).reshape(*sound.shape[:2], self.width)


def _convolved(layer: nn.Conv1d, signal: Tensor) -> Tensor:
    """As many values in time as before."""
    (width,) = layer.kernel_size
    return layer(functional.pad(signal, ((width - 1) // 2, width // 2)))


class PeepholeLstm(nn.Module):
    """A layer of cells that their gates look at, read forward from zero.

    ``c = σ(f + v_f c₀) c₀ + σ(i + v_i c₀) tanh(j)``, clipped, and ``h = σ(o + v_o c) tanh(c)``; the
    weights' rows are those of ``i``, ``f``, ``j`` and ``o``.

    Shapes
    ------
    ``(batch, steps, width)`` → ``(batch, steps, units)``.

    Source: Sak, Senior and Beaufays 2014, as TensorFlow's ``LSTMCell``; the 1 that it adds to its
    forget gates stands in their biases here.
    """

    def __init__(self, width: int, units: int, cell_clip: float) -> None:
        super().__init__()
        self.clip = cell_clip
        self.read = nn.Linear(width, 4 * units)
        self.recall = nn.Linear(units, 4 * units, bias=False)
        limit = (3 / units) ** 0.5
        self.peepholes = nn.Parameter(torch.empty(3, units).uniform_(-limit, limit))

    def forward(self, seen: Tensor) -> Tensor:
        hidden = cell = seen.new_zeros(len(seen), self.peepholes.shape[1])
        see_in, see_forget, see_out = self.peepholes
        said = []
        for now in self.read(seen).unbind(1):
            enter, forget, new, leave = (now + self.recall(hidden)).chunk(4, dim=1)
            kept = (forget + see_forget * cell).sigmoid() * cell
            cell = kept + (enter + see_in * cell).sigmoid() * new.tanh()
            cell = cell.clamp(-self.clip, self.clip)
            hidden = (leave + see_out * cell).sigmoid() * cell.tanh()
            said.append(hidden)
        return torch.stack(said, dim=1)


class EndToEnd(nn.Module):
    """The whole network.

    Shapes
    ------
    features ``(batch, steps, samples)`` float32, lengths ``(batch,)`` int64, and where it sees,
    faces ``(batch, steps, side, side, 3)`` → traces ``(batch, steps, outputs)``; or, pooled, the
    mean over each item's steps, ``(batch, outputs)``.

    Parameters
    ----------
    samples
        Of a step.
    outputs
        Dimensions or classes.
    pooled
        Whether an item is given one answer.  Decided here: the authors have traces only.
    settings
        Sizes, dropout, and whether it hears or sees.

    Attributes
    ----------
    sound, face
        A branch, or None; the face's values stand after the sound's.
    """

    def __init__(
        self, samples: int, outputs: int, pooled: bool, settings: EndToEndSettings
    ) -> None:
        super().__init__()
        self.pooled = pooled
        self.sound = self.face = None
        if settings.senses != "face":
            self.sound = SoundBranch(
                samples, settings.channels, settings.pooled_channels, settings.sound_dropout
            )
        if settings.senses != "voice":
            self.face = FaceBranch(
                settings.face_blocks,
                settings.face_width,
                settings.face_side,
                settings.face_standardised,
            )
        width = sum(branch.width for branch in (self.sound, self.face) if branch is not None)
        self.recurrent = _recurrent(width, settings)
        self.say = nn.Linear(settings.units, outputs)
        if settings.initialisation == "glorot":
            for part in (self.sound, self.recurrent, self.say):
                _begin_as_glorot(part)

    def forward(self, features: Tensor, lengths: Tensor, faces: Tensor | None = None) -> Tensor:
        seen = [
            self._in_parts(branch, given)
            for branch, given in ((self.sound, features), (self.face, faces))
            if branch is not None and given is not None
        ]
        said = self.say(self.recurrent(torch.cat(seen, dim=2)))
        if not self.pooled:
            return said
        inside = torch.arange(said.shape[1], device=said.device) < lengths[:, None]
        return (said * inside[:, :, None]).sum(dim=1) / lengths[:, None]

    def _in_parts(self, branch: nn.Module, given: Tensor) -> Tensor:
        """What a branch makes of every step.

        A sequence to train on is short; a recording as a whole would not fit into memory.
        """
        parts = given.split(given.shape[1] if self.training else STEPS_AT_ONCE, dim=1)
        return torch.cat([branch(part) for part in parts], dim=1)


class _LibraryLstm(nn.LSTM):
    """torch's layers, of which the outputs alone are wanted."""

    def forward(self, seen: Tensor) -> Tensor:
        return super().forward(seen)[0]


def _recurrent(width: int, settings: EndToEndSettings) -> nn.Module:
    """The recurrent layers, one after the other."""
    if settings.recurrent == "library":
        return _LibraryLstm(width, settings.units, settings.layers, batch_first=True)
    widths = [width, *[settings.units] * (settings.layers - 1)]
    return nn.Sequential(
        *(PeepholeLstm(each, settings.units, settings.cell_clip) for each in widths)
    )


def _begin_as_glorot(network: nn.Module | None) -> None:
    """Glorot's uniform weights, biases of 0, and 1 for forget gates."""
    if network is None:
        return
    for name, values in network.named_parameters():
        if "bias" in name:
            nn.init.zeros_(values)
        elif "peepholes" not in name:
            nn.init.xavier_uniform_(values)
    for layer in network.modules():
        if isinstance(layer, PeepholeLstm):
            _open(layer.read.bias)
        elif isinstance(layer, nn.LSTM):
            for number in range(layer.num_layers):
                _open(getattr(layer, f"bias_ih_l{number}"))


def _open(bias: Tensor) -> None:
    """Let the forget gates, the second quarter of a layer's biases, begin open."""
    with torch.no_grad():
        bias.view(4, -1)[1] = 1


def begin_with(network: EndToEnd, job: ModelJob) -> str:
    """Give a network what its branches start from: other models' branches, or published weights.

    Returns
    -------
    str
        Where from, or ``random``.

    Raises
    ------
    UserError
        If a model that it starts from has no such branch, or one of other sizes.
    """
    if trained := job.inputs.get("model"):
        for branch, path in zip(("sound", "face"), trained, strict=True):
            _take_branch(network, branch, path, job.model)
        return ", ".join(f"{path.parent}, {file_sha256(path)}" for path in trained)
    if network.face is not None and job.weights is not None:
        network.face.start_from_imagenet(job.weights)
        return job.weights.name
    return "random"


def _take_branch(network: EndToEnd, branch: str, path: Path, model: str) -> None:
    """Give a branch the weights of that of a trained network."""
    state = read_model(path, torch.device("cpu"))
    prefix = f"{branch}."
    state = {n.removeprefix(prefix): w for n, w in state.items() if n.startswith(prefix)}
    advice = f"models.{model} and the models that it starts from must have the same sizes"
    own = getattr(network, branch).state_dict()
    for name, like in own.items():
        check_tensor(path, name, state, like, advice)
    getattr(network, branch).load_state_dict(state)
