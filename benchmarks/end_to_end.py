"""Lines of the end-to-end networks: a training step at full size, published cells or torch's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.measure import Contest, Line, NotMeasured
from mmer.media.face_pictures import FACE_RATE, FACE_SIDE
from mmer.models.end_to_end import STEP_SAMPLES, EndToEndSettings
from mmer.models.networks.end_to_end import EndToEnd
from mmer.models.networks.end_to_end_face import changed
from mmer.tasks import Traces

TASK = Traces(names=("first", "second"), rate=FACE_RATE)


def lines() -> Iterator[Line]:
    """A line for the voice and one for voice and face, on each kind of device."""
    for senses, what in (("voice", "the voice"), ("both", "voice and face")):
        for kind in ("cpu", "cuda"):
            settings = EndToEndSettings()
            yield Line(
                work=f"training step of the end-to-end network on {what}, {settings.batch_size} "
                f"sequences of {settings.sequence_steps} steps, published cells",
                against="torch's LSTM (recurrent: library)",
                device="GPU" if kind == "cuda" else "CPU",
                goal=None,
                repetitions=20 if kind == "cuda" else {"voice": 3, "both": 1}[senses],
                prepare=partial(contest, senses, kind),
            )


def contest(senses: str, kind: str) -> Contest:
    """A step with either kind of cells, on the same noise."""
    if kind == "cuda" and not torch.cuda.is_available():
        raise NotMeasured("not measured: no GPU here")
    device = torch.device(kind)
    ours, theirs = (
        step_of(EndToEndSettings(senses=senses, recurrent=cells), device)
        for cells in ("published", "library")
    )
    return Contest(ours, theirs, "the same batch and branches; the cells are others", device)


def step_of(settings: EndToEndSettings, device: torch.device) -> Callable[[], float]:
    """A training step on noise, faces changed as in training."""
    network = EndToEnd(STEP_SAMPLES, TASK.outputs, False, settings).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate)
    items, steps = settings.batch_size, settings.sequence_steps
    sound = torch.randn(items, steps, STEP_SAMPLES, device=device)
    faces = torch.randint(0, 256, (items, steps, FACE_SIDE, FACE_SIDE, 3), dtype=torch.uint8)
    true = torch.randn(items, steps, TASK.outputs, device=device)
    lengths = torch.full((items,), steps, device=device)

    def step() -> float:
        seen = ()
        if network.face is not None:
            seen = (torch.stack([changed(each, settings) for each in faces]).to(device),)
        loss = TASK.loss(network(sound, lengths, *seen), true, lengths)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
