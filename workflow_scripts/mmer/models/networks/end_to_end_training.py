"""Training the end-to-end networks that see faces."""

from __future__ import annotations

from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mmer.models.base import ModelJob
from mmer.models.end_to_end import EndToEnd, EndToEndSettings
from mmer.models.networks.end_to_end import begin_with
from mmer.models.networks.end_to_end_face import changed
from mmer.runtime.errors import UserError
from mmer.training import network
from mmer.training.films import load_films
from mmer.training.kept_audio import spans_of


def train(family: EndToEnd, job: ModelJob) -> None:
    """Train a network that sees faces on one split and write model, history and predictions.

    Raises
    ------
    UserError
        If items are to be mixed, whose faces are not.
    """
    if job.settings(EndToEndSettings).mixup_alpha:
        raise UserError(f"models.{job.model}: faces are not mixed: set mixup_alpha to 0")
    network.train(family, job, FilmedTraining)


class FilmedTraining(network.NetworkTraining):
    """A family's network that is shown a face with each frame of its features.

    It is called with faces ``(batch, frames, side, side, 3)`` in the third place, uint8, or float32
    in [0, 1] where training changed them.
    """

    def __init__(
        self,
        family: EndToEnd,
        job: ModelJob,
        examples: network.Examples,
        settings: EndToEndSettings,
    ) -> None:
        super().__init__(family, job, examples, settings)
        self.initial_weights = begin_with(self.network, job)
        steps = [len(features) for features in examples.features]
        self.films = load_films(job, examples.items.names, steps, spans_of(job))

    def shown(self, sequences: list[tuple[int, slice]]) -> tuple[Tensor, ...]:
        """Their faces, padded; changed while the network trains."""
        faces = [self.films[row][steps] for row, steps in sequences]
        if self.network.training:
            faces = [changed(each, self.settings) for each in faces]
        return (pad_sequence(faces, batch_first=True).to(self.examples.features[0].device),)
