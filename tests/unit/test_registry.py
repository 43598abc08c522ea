"""The registries that the workflow ships."""

from pathlib import Path

import pytest

from mmer.media.weights_registry import read_registered
from mmer.runtime.errors import UserError

RESOURCES = Path(__file__).parents[2] / "resources"


def test_the_weights_have_a_place_and_their_checks():
    registry = read_registered(RESOURCES / "weights.yaml")
    assert registry["panns_cnn14_16k"].place == (
        "zenodo.org/records/3987831/files/Cnn14_16k_mAP=0.438.pth"
    )
    vad = registry["speech_music_noise_vad"]
    assert vad.sha256 is not None and vad.size == 3244808


def test_every_published_table_is_pinned():
    registry = read_registered(RESOURCES / "published_posteriors.yaml")
    assert len(registry) == 35
    assert all(entry.sha256 and entry.size for entry in registry.values())


@pytest.mark.parametrize("content", ["a: {title: b}", "a: ["])
def test_a_broken_registry_is_refused(tmp_path, content):
    (tmp_path / "weights.yaml").write_text(content)
    with pytest.raises(UserError, match="not a registry of downloads"):
        read_registered(tmp_path / "weights.yaml")
