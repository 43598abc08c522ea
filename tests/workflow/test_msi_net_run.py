"""MSI-Net in the workflow: from a TensorFlow file in the mirror to an actor's maps."""

from __future__ import annotations

import hashlib
import shutil

import pytest
import yaml
from benchmarks import reference_msi_net

from mmer.acquire.registry import RegisteredFile
from mmer.store import read_ragged

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("msi_net")]

WIDTH = 1 / 32
SALIENCY = "results/tiny/prepared/saliency/actor_01.npz"


@pytest.fixture
def with_msi_net(project, tmp_path):
    """A project whose registry and mirror hold a narrow MSI-Net of random weights."""
    reference_msi_net.save_constants(tmp_path / "saved", reference_msi_net.random_weights(WIDTH))
    saved = tmp_path / "saved" / "saved_model.pb"
    registry = project.folder / "resources" / "weights.yaml"
    entries = yaml.safe_load(registry.read_text("utf-8"))
    entries["msi_net"] |= {
        "sha256": hashlib.sha256(saved.read_bytes()).hexdigest(),
        "size": saved.stat().st_size,
    }
    registry.write_text(yaml.safe_dump(entries), "utf-8")
    place = project.folder / "mirror" / RegisteredFile(**entries["msi_net"]).place
    place.parent.mkdir(parents=True)
    shutil.copy(saved, place)
    project.configure(saliency={"method": "msi_net", "width": WIDTH})
    return project


def test_maps_are_made_from_the_published_file(with_msi_net):
    text = with_msi_net.run(SALIENCY, SALIENCY.replace("saliency", "frames"))
    assert "convert_msi_net" in text
    maps = read_ragged([with_msi_net.folder / SALIENCY])
    frames = read_ragged([with_msi_net.folder / SALIENCY.replace("saliency", "frames")])
    assert maps.clips == frames.clips
    assert maps.values.shape == frames.values.shape
    assert maps.values.std() > 0
    assert (with_msi_net.folder / "downloads" / "converted" / "msi_net.safetensors").exists()


def test_a_file_with_other_bytes_stops_before_its_conversion(with_msi_net):
    (place,) = with_msi_net.folder.glob("mirror/huggingface.co/**/saved_model.pb")
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(content)
    text = with_msi_net.run(SALIENCY)
    assert "its bytes are not the published ones" in text, text[-3000:]
    assert "Traceback" not in text
    assert not list((with_msi_net.folder / "downloads").rglob("*.safetensors"))
