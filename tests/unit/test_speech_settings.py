"""Settings of the speech families: the paper's defaults, and what contradicts itself."""

import pydantic
import pytest
from tests.spoken_pitches import RATE

from mmer.media.log_mel import frames_of
from mmer.models.alexnet import AlexNetSettings
from mmer.models.alexnet_embedding import AlexNetEmbeddingSettings
from mmer.models.cnn14 import Cnn14Settings
from mmer.models.cnn14_embedding import Cnn14EmbeddingSettings
from mmer.models.networks.cnn14 import SHORTEST_FRAMES
from mmer.models.networks.cnn14_training import fit_plan
from mmer.models.support_vector import SupportVectorSettings
from mmer.models.weights_settings import SHORTEST_SECONDS
from mmer.training.fit import FitPlan


def test_defaults_are_the_papers():
    cnn14, alexnet, machine = Cnn14Settings(), AlexNetSettings(), SupportVectorSettings()
    assert (cnn14.batch_size, cnn14.max_iterations, cnn14.learning_rate) == (24, 30_000, 1e-3)
    assert cnn14.betas == (0.9, 0.999) and cnn14.epsilon == 1e-8
    assert (alexnet.max_epochs, alexnet.learning_rate) == (500, 1e-3)
    assert (alexnet.momentum, alexnet.weight_decay) == (0.9, 5e-4)
    assert alexnet.image.mode == "mel" and AlexNetEmbeddingSettings().image.mode == "linear"
    assert AlexNetSettings(image={"size": 224}).image.mode == "mel"
    assert (machine.kernel, machine.C, machine.gamma) == ("rbf", 0.001, "scale")


@pytest.mark.parametrize("patience", [None, 3])
def test_the_plans_are_the_settings_and_nothing_more(patience):
    cnn14 = Cnn14Settings(max_iterations=70, evaluate_every=30, patience=patience, keep="last")
    assert fit_plan(cnn14, seed=4) == FitPlan(
        patience, "last", "accuracy", seed=4, max_steps=70, evaluate_every=30
    )
    alexnet = AlexNetSettings(max_epochs=7, patience=patience)
    assert FitPlan.of(alexnet, "accuracy", 4) == FitPlan(
        patience, "best", "accuracy", seed=4, max_epochs=7
    )


def test_shortest_length_is_that_of_the_networks_shortest_input():
    samples = round(SHORTEST_SECONDS * RATE)
    assert [frames_of(samples - less) for less in (0, 1)] == [SHORTEST_FRAMES, SHORTEST_FRAMES - 1]


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (Cnn14Settings, {"width": 0.5}, "no published weights"),
        (Cnn14Settings, {"weights": "random", "trainable": "top"}, "freeze random weights"),
        (Cnn14Settings, {"clip_seconds": 0.3}, "greater than or equal to 0.31"),
        (Cnn14Settings, {"betas": (0.9, 1.0)}, "must lie in"),
        (Cnn14EmbeddingSettings, {"width": 0.5}, "no published weights"),
        (AlexNetSettings, {"width": 0.5}, "no published weights"),
        (AlexNetSettings, {"weights": "random"}, "freeze random weights"),
        (AlexNetSettings, {"clip_seconds": 0.3}, "greater than or equal to 0.31"),
        (AlexNetSettings, {"image": {"size": 62}}, "greater than or equal to 63"),
        (AlexNetEmbeddingSettings, {"width": 0.5}, "no published weights"),
        (SupportVectorSettings, {"C": 0}, "greater than 0"),
        (SupportVectorSettings, {"gamma": -1}, "greater than 0"),
        (SupportVectorSettings, {"gamma": "wide"}, "scale"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(kind, changes, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        kind(**changes)
