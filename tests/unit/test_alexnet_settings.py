"""Settings of AlexNet."""

import pydantic
import pytest

from mmer.speech.alexnet_settings import AlexNetEmbeddingSettings, AlexNetSettings


def test_defaults_are_the_papers():
    settings = AlexNetSettings()
    assert (settings.max_epochs, settings.learning_rate) == (500, 1e-3)
    assert (settings.momentum, settings.weight_decay) == (0.9, 5e-4)
    assert settings.image.mode == "mel" and AlexNetEmbeddingSettings().image.mode == "linear"


def test_changing_the_size_of_the_image_keeps_it_a_mel_spectrogram():
    assert AlexNetSettings(image={"size": 224}).image.mode == "mel"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0.5}, "no published weights"),
        ({"weights": "random"}, "freeze random weights"),
        ({"clip_seconds": 0.3}, "greater than or equal to 0.31"),
        ({"image": {"size": 62}}, "greater than or equal to 63"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        AlexNetSettings(**changes)


def test_embedding_settings_that_contradict_each_other_are_refused():
    with pytest.raises(pydantic.ValidationError, match="no published weights"):
        AlexNetEmbeddingSettings(width=0.5)
