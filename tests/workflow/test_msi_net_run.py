"""MSI-Net in the workflow: from a TensorFlow file in the mirror to a speaker's maps."""

from __future__ import annotations

import hashlib
import shutil

import pytest
import yaml
from benchmarks import reference_msi_net

from mmer.media.weights_registry import RegisteredFile
from mmer.ragged import read_ragged

pytestmark = [pytest.mark.slow, pytest.mark.long]

WIDTH = 1 / 32
SALIENCY = "results/tiny/prepared/saliency/01.npz"
FRAMES = SALIENCY.replace("saliency", "frames")


def test_maps_are_made_from_the_published_file_and_from_no_other(project, tmp_path):
    """The registry and the mirror hold a narrow MSI-Net of random weights."""
    reference_msi_net.save_constants(tmp_path / "saved", reference_msi_net.random_weights(WIDTH))
    saved = tmp_path / "saved" / "saved_model.pb"
    registry = project.folder / "resources" / "weights.yaml"
    entries = yaml.safe_load(registry.read_text("utf-8"))
    content = saved.read_bytes()
    entries["msi_net"] |= {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }
    registry.write_text(yaml.safe_dump(entries), "utf-8")
    place = project.folder / "mirror" / RegisteredFile(**entries["msi_net"]).place
    place.parent.mkdir(parents=True)
    project.configure(saliency={"method": "msi_net", "width": WIDTH})

    place.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    text = project.run(SALIENCY)
    assert "its bytes are not the published ones" in text, text[-3000:]
    assert "Traceback" not in text
    assert not list((project.folder / "downloads").rglob("*.safetensors"))

    shutil.copy(saved, place)
    assert "convert_msi_net" in project.run(SALIENCY, FRAMES)
    maps = read_ragged([project.folder / SALIENCY])
    frames = read_ragged([project.folder / FRAMES])
    assert maps.items == frames.items
    assert maps.values.shape == frames.values.shape
    assert maps.values.std() > 0
    assert (project.folder / "downloads" / "converted" / "msi_net.safetensors").exists()
