"""Settings of CNN-14."""

import pydantic
import pytest
from tests.spoken_pitches import RATE

from mmer.speech.cnn14 import SHORTEST_FRAMES
from mmer.speech.cnn14_settings import Cnn14Settings
from mmer.speech.log_mel import frames_of
from mmer.speech.network_settings import SHORTEST_SECONDS


def test_defaults_are_the_papers():
    settings = Cnn14Settings()
    assert (settings.batch_size, settings.max_iterations, settings.learning_rate) == (
        24,
        30000,
        1e-3,
    )
    assert settings.betas == (0.9, 0.999) and settings.epsilon == 1e-8


def test_shortest_length_is_that_of_the_networks_shortest_input():
    samples = round(SHORTEST_SECONDS * RATE)
    assert frames_of(samples) == SHORTEST_FRAMES
    assert frames_of(samples - 1) == SHORTEST_FRAMES - 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0.5}, "no published weights"),
        ({"weights": "random", "trainable": "top"}, "freeze random weights"),
        ({"clip_seconds": 0.3}, "greater than or equal to 0.31"),
        ({"betas": (0.9, 1.0)}, "must lie in"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        Cnn14Settings(**changes)
