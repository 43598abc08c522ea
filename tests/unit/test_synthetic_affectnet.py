"""The synthetic folder in AffectNet's layout."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from demo import make_affectnet
from demo.affectnet import KINDS, write_affectnet
from demo.settings import SyntheticAffectNetSettings
from PIL import Image

from mmer.corpora.affectnet_lists import BOX, EXPRESSIONS, find_images, read_lists, read_title
from mmer.runtime.errors import UserError

SETTINGS = SyntheticAffectNetSettings(pictures=60)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "affectnet"
    write_affectnet(folder, SETTINGS)
    return folder


def test_it_is_read_as_affectnet_but_names_itself(synthetic):
    rows = read_lists(synthetic)
    assert "synthetic" in (read_title(synthetic) or "")
    assert len(rows) == 60
    assert set(rows["expression"]) == set(range(len(EXPRESSIONS)))
    assert set(rows["list"]) == {"training", "validation"}


def test_its_pictures_have_sizes_of_their_own_with_boxes_inside(synthetic):
    rows, images = read_lists(synthetic), find_images(synthetic)
    sizes = np.array([Image.open(images / name).size for name in rows["item"]])
    boxes = rows[BOX].to_numpy()
    assert len(np.unique(sizes, axis=0)) > 30
    assert (boxes[:, :2] >= 0).all() and (boxes[:, :2] < sizes).all() and (boxes[:, 2:] > 0).all()


def test_its_valence_follows_the_expression(synthetic):
    rows = read_lists(synthetic)
    happy, sad = (rows["valence"][rows["expression"] == code] for code in (1, 2))
    assert happy.mean() > 0.3 and sad.mean() < -0.3
    assert (rows["valence"][rows["expression"] > 7] == -2).all()
    assert list(KINDS) == list(EXPRESSIONS)


def _bytes(folder: Path) -> str:
    """A digest of every picture and list."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def test_a_complete_folder_is_left_alone_and_a_damaged_one_made_again(synthetic):
    before = _bytes(synthetic)
    picture = next(synthetic.rglob("*.jpg"))
    written = picture.stat().st_mtime_ns
    write_affectnet(synthetic, SETTINGS)
    assert picture.stat().st_mtime_ns == written
    picture.unlink()
    write_affectnet(synthetic, SETTINGS)
    assert _bytes(synthetic) == before  # the same seed gives the same bytes


def test_a_folder_of_something_else_is_never_written_to(tmp_path):
    (tmp_path / "training.csv").touch()
    with pytest.raises(UserError, match="holds something else"):
        write_affectnet(tmp_path, SETTINGS)


def test_too_few_pictures_are_refused_in_a_sentence(tmp_path):
    words = ["--out", str(tmp_path), "--pictures", "3"]
    with pytest.raises(UserError, match="--pictures"):
        make_affectnet.main(make_affectnet.command_line().parse_args(words))
