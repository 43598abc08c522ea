"""What every layer of a frozen encoder says of every item, kept in a file that is mapped.

``layers.npy`` holds ``(steps, layers, width)`` float16, one item after the other; who they are, and
where each begins, lies in ``layers_items.npz`` beside it.
"""

from __future__ import annotations

import logging
import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from tqdm import tqdm

from mmer.media.log_mel import SAMPLE_RATE
from mmer.models.base import ModelJob
from mmer.models.networks.encoder_weights import load_encoder
from mmer.models.networks.speech_encoder import SpeechEncoder, means_of_steps
from mmer.models.speech_encoder import SpeechEncoderSettings
from mmer.ragged import read_arrays, read_ragged
from mmer.runtime.errors import UserError
from mmer.runtime.job import Compute
from mmer.runtime.writing import writing
from mmer.training.device import prepare_device
from mmer.training.job import forget_if_stale
from mmer.training.kept_audio import spans_of
from mmer.training.recordings import at_least_shortest, every_recording

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncodedLayers:
    """What is kept of all items.

    Attributes
    ----------
    items
        Names, sorted.
    offsets
        ``(items + 1,)`` int64: the steps of item ``i`` are ``offsets[i]`` to ``offsets[i + 1]``.
    rate
        Steps per second.
    values
        ``(steps, layers, width)`` float16, mapped from the file: what is read comes to memory.
    """

    items: tuple[str, ...]
    offsets: np.ndarray
    rate: float
    values: np.ndarray


def encode(job: ModelJob) -> None:
    """Write the outputs ``layers`` and ``layers_items``, items in order of their names.

    A killed job goes on with the item after the last ones that it had noted.
    """
    settings = job.settings(SpeechEncoderSettings)
    device = prepare_device(job.seed)
    encoder = load_encoder(settings, job).eval().to(device)
    names, waveforms = every_recording(read_ragged(job.inputs["audio"]), spans_of(job))
    steps = [steps_of(encoder, waveform, settings.frames_per_step) for waveform in waveforms]
    offsets = np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
    configuration = encoder.configuration
    shape = (int(offsets[-1]), configuration.num_hidden_layers + 1, configuration.hidden_size)
    unfinished = (job.checkpoint or job.output("layers")).with_suffix(".unfinished")
    forget_if_stale(job, _note_of(unfinished))
    kept, done = _begun(unfinished, shape)
    pause_s, noted_at = Compute.from_environment().checkpoint_seconds, time.monotonic()
    rows = range(done, len(waveforms))
    for row in tqdm(rows, unit="item", initial=done, total=len(waveforms), mininterval=10):
        kept[offsets[row] : offsets[row + 1]] = layers_of(encoder, waveforms[row], settings)
        if time.monotonic() - noted_at >= pause_s:
            _note(unfinished, kept, row + 1)
            noted_at = time.monotonic()
    kept.flush()
    with writing(job.output("layers")) as whole:
        unfinished.replace(whole)
    _note_of(unfinished).unlink(missing_ok=True)
    rate = SAMPLE_RATE / math.prod(configuration.conv_stride) / settings.frames_per_step
    with writing(job.output("layers_items")) as unfinished, unfinished.open("wb") as stream:
        np.savez(stream, items=np.array(names, np.str_), offsets=offsets, rate=np.float64(rate))


def _note_of(unfinished: Path) -> Path:
    """Where it is noted of how many items the values are there."""
    return unfinished.with_suffix(".items")


def _note(unfinished: Path, kept: np.memmap, done: int) -> None:
    """Note that the first items' values are on the disk."""
    kept.flush()
    with writing(_note_of(unfinished)) as path:
        path.write_text(str(done), "utf-8")


def _begun(unfinished: Path, shape: tuple[int, int, int]) -> tuple[np.memmap, int]:
    """The values so far and of how many items they are; a UserError where the disk has no room."""
    note = _note_of(unfinished)
    if note.exists() and unfinished.exists():
        kept, done = open_memmap(unfinished, "r+"), int(note.read_text("utf-8"))
        assert kept.shape == shape, "the name is unique to all that is told"
        log.info("encoding goes on after %d items", done)
        return kept, done
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    _check_room(unfinished, shape)
    return open_memmap(unfinished, "w+", np.float16, shape), 0


def steps_of(encoder: SpeechEncoder, waveform: np.ndarray, frames_per_step: int) -> int:
    """Steps that are kept of an item."""
    return -(-encoder.frames_of(len(at_least_shortest(waveform))) // frames_per_step)


@torch.inference_mode()
def layers_of(
    encoder: SpeechEncoder, waveform: np.ndarray, settings: SpeechEncoderSettings
) -> np.ndarray:
    """What is kept of an item's int16 samples, ``(steps, layers, width)`` float16.

    A UserError if a value is beyond what float16 holds.
    """
    layers = encoder.layers(encoder.heard(waveform, settings.normalise_sound))
    steps = means_of_steps(layers, settings.frames_per_step, settings.normalise_layers)
    kept = steps.half().cpu().numpy()
    if not np.isfinite(kept).all():
        raise UserError("a layer says more than float16 holds: set normalise_layers to true")
    return kept


def _check_room(path: Path, shape: tuple[int, int, int]) -> None:
    """A UserError unless the disk has room for the values."""
    needed, free = math.prod(shape) * 2, shutil.disk_usage(path.parent).free
    log.info("%d steps of %d layers take %.2f GB", shape[0], shape[1], needed / 1e9)
    if needed > free:
        raise UserError(
            f"{path} needs {needed / 1e9:.1f} GB and the disk has {free / 1e9:.1f}: raise "
            "frames_per_step, or make room"
        )


def read_layers(layers: Path, items: Path) -> EncodedLayers:
    """What :func:`encode` wrote."""
    arrays = read_arrays(items, ("items", "offsets", "rate"), "an encoder's items")
    try:
        # Copied where written to: torch knows no array that is only read.
        values = np.load(layers, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{layers} holds no layers ({error}): delete it") from error
    if values.ndim != 3 or values.dtype != np.float16 or len(values) != arrays["offsets"][-1]:
        raise UserError(f"{layers} is not of the items of {items}: delete both")
    names = tuple(map(str, arrays["items"]))
    return EncodedLayers(names, arrays["offsets"], float(arrays["rate"]), values)
