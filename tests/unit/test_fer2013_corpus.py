"""FER2013: its one table or its folders, and a small run from it to what others read of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tests.pictured_items import TASK, write_prepared

from mmer.corpora import affectnet
from mmer.corpora.fer2013 import CODES, EMOTIONS, Fer2013, Fer2013Settings
from mmer.media.preparation import PreparationJob, prepare_media
from mmer.media.recordings import ItemsJob, list_items
from mmer.media.saliency import SaliencyJob, map_saliency
from mmer.models.base import ModelJob
from mmer.models.spatial_transformer import SpatialTransformer
from mmer.protocol import everybody
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

USAGES = ("Training", "PublicTest", "PrivateTest")


def _corpus(folder: Path | None, blocks: int = 2) -> Fer2013:
    return Fer2013(Fer2013Settings(blocks=blocks), folder, 2020)


def _image(seed: int, emotion: int) -> np.ndarray:
    """Noise with a bright bar whose place tells the emotion."""
    image = np.random.default_rng(seed).integers(0, 60, (48, 48), np.uint8)
    image[6 * emotion : 6 * emotion + 6] += 180
    return image


def _pixels(image: np.ndarray) -> str:
    return " ".join(map(str, image.ravel()))


def _write_table(folder: Path, rows: list[str], header: str = "emotion,pixels,Usage") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "fer2013.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


@pytest.fixture
def table(tmp_path) -> Path:
    """The contest's table: every emotion ten times to train on, and twice in each other part."""
    uses = ["Training"] * 10 + ["PublicTest"] * 2 + ["PrivateTest"] * 2
    rows = [
        f"{emotion},{_pixels(_image(7 * number + emotion, emotion))},{usage}"
        for number, usage in enumerate(uses)
        for emotion in range(7)
    ]
    return _write_table(tmp_path / "fer2013", rows)


@pytest.fixture
def folders(tmp_path) -> Path:
    """Pictures by part and emotion, as they are passed on."""
    folder = tmp_path / "faces"
    for part, number in (("train", 2), ("test", 1)):
        for emotion, name in enumerate(("angry", "disgust", "fear", "happy", "sad", "surprise")):
            (folder / part / name).mkdir(parents=True)
            for picture in range(number):
                place = folder / part / name / f"{picture}.png"
                Image.fromarray(_image(picture, emotion)).save(place)
            (folder / part / name / "Thumbs.db").touch()
    return folder


def test_its_emotions_are_affectnets_in_affectnets_order():
    assert EMOTIONS == affectnet.EMOTIONS
    assert set(CODES) == set(EMOTIONS) and CODES[0] == "angry" and CODES[6] == "neutral"
    assert list(_corpus(None).tasks) == ["emotion"]  # nobody rated valence


def test_a_line_of_the_table_is_an_item_with_its_pixels(table):
    corpus = _corpus(table)
    corpus.check()
    items = corpus.items({})
    assert len(items) == 98 and items.names[0] == "line00002"
    assert items.column("emotion")[:7].tolist() == list(CODES)
    assert items.column("usage")[[0, 70, 97]].tolist() == list(USAGES)
    assert [len(corpus.pictures(block)) for block in corpus.speakers] == [49, 49]
    first, *_ = corpus.pictures("block01")
    assert first.item == items.names[49]
    np.testing.assert_array_equal(first.source, _image(49, 0))


def test_the_older_table_has_spaces_in_its_header(tmp_path):
    pixels = _pixels(_image(0, 3))
    folder = _write_table(tmp_path, [f"3, Training, {pixels}"], "emotion, Usage, pixels")
    (folder / "fer2013.csv").rename(folder / "icml_face_data.csv")
    corpus = _corpus(folder, blocks=1)
    assert corpus.items({}).column("emotion").tolist() == ["happy"]
    np.testing.assert_array_equal(corpus.pictures("block00")[0].source, _image(0, 3))


def test_pictures_that_come_twice_or_are_black_stay_and_those_of_two_parts_are_told(
    tmp_path, caplog
):
    once, black = _pixels(_image(0, 3)), _pixels(np.zeros((48, 48), np.uint8))
    uses = [(once, "Training"), (once, "Training"), (black, "PublicTest"), (once, "PrivateTest")]
    folder = _write_table(tmp_path, [f"3,{pixels},{usage}" for pixels, usage in uses])
    corpus = _corpus(folder, blocks=1)
    assert len(corpus.items({})) == len(corpus.pictures("block00")) == 4
    assert [record.getMessage() for record in caplog.records] == [
        "1 of 2 pictures that choose or test are among those to train on, pixel for pixel"
    ]


def test_folders_name_part_and_emotion(folders):
    corpus = _corpus(folders)
    corpus.check()
    items = corpus.items({})
    assert len(items) == 18 and set(items.column("usage")) == {"Training", "PrivateTest"}
    found = dict(zip(items.names, items.column("emotion"), strict=True))
    assert found["train/fear/1.png"] == "fearful" and found["test/surprise/0.png"] == "surprised"
    pictures = [p for block in corpus.speakers for p in corpus.pictures(block)]
    assert [picture.item for picture in pictures] == list(items.names)
    assert pictures[0].source == folders / pictures[0].item


def test_the_contests_parts_train_choose_and_test(table, folders):
    (split,) = _corpus(table).splits("emotion", None).values()
    assert [split.train, split.choose, split.test] == [(usage,) for usage in USAGES]
    (split,) = _corpus(folders).splits("emotion", None).values()
    assert split.choose == split.test == ("PrivateTest",)


# What is refused, each in a sentence


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7,0,Training", "line 2 has the emotion '7', which is none of 0, 1, 2, 3, 4, 5, 6"),
        ("x,0,Training", "line 2 has the emotion 'x'"),
        ("1,0,Validation", "line 2 has the Usage 'Validation', which is none of Training, Public"),
        ("1,0", "line 2 has the Usage ''"),
    ],
)
def test_a_line_of_another_kind_is_refused_by_number(tmp_path, row, message):
    with pytest.raises(UserError, match=message):
        _corpus(_write_table(tmp_path, [row])).items({})


@pytest.mark.parametrize(
    "pixels",
    ["", "1 2 3", " ".join(["256"] + ["0"] * 2303), " ".join(["-1"] + ["0"] * 2303), "0 " * 2305],
)
def test_pixels_that_make_no_picture_are_refused(tmp_path, pixels):
    corpus = _corpus(_write_table(tmp_path, [f"1,{pixels},Training"]), blocks=1)
    with pytest.raises(UserError, match="line 2 has not 2304 pixels from 0 to 255"):
        corpus.pictures("block00")


@pytest.mark.parametrize("header", ["emotion,pixels", "", "\0", "a,b,c"])
def test_a_table_without_its_columns_is_refused(tmp_path, header):
    with pytest.raises(UserError, match="columns must be emotion, pixels, Usage"):
        _corpus(_write_table(tmp_path, ["1,2,3"], header)).items({})


def test_what_lies_in_the_wrong_place_is_told_before_anything_runs(tmp_path, folders):
    with pytest.raises(UserError, match=r"data\.fer2013 names no folder"):
        _corpus(None).check()
    with pytest.raises(UserError, match=r"holds neither fer2013.csv nor icml_face_data.csv nor"):
        _corpus(tmp_path / "nowhere").check()
    with pytest.raises(UserError, match="holds no picture"):
        _corpus(_write_table(tmp_path / "empty", [])).items({})
    (folders / "train" / "bored").mkdir()
    with pytest.raises(UserError, match="bored is named after no emotion"):
        _corpus(folders).check()


def test_folders_without_a_part_to_test_are_refused(folders):
    (folders / "test").rename(folders / "unused")
    with pytest.raises(UserError, match="lacks a folder of pictures to train on or to test"):
        _corpus(folders).splits("emotion", None)


# From the table to what a model of the run's own corpus reads


@pytest.mark.usefixtures("one_thread")
def test_a_table_leads_to_what_its_network_says_of_other_frames(table, tmp_path):
    told = {"corpus": "fer2013", "settings": {"blocks": 2}, "folder": table}
    list_items(ItemsJob(**told, found={}, out=tmp_path / "faces.csv"))
    for block in ("block00", "block01"):
        of_block = {**told, "speaker": block, "files": (table / "fer2013.csv",)}
        frames = {"frames": tmp_path / f"frames_{block}.npz"}
        prepare_media(PreparationJob(**of_block, preparation={}, outputs=frames))
        saliency = {"method": "spectral_residual"}
        out = tmp_path / f"saliency_{block}.npz"
        map_saliency(SaliencyJob(**of_block, saliency=saliency, out=out))
    np.testing.assert_array_equal(
        read_ragged([tmp_path / "frames_block00.npz"]).values[5], _image(5, 5)
    )
    inputs = {
        kind: tuple(tmp_path / f"{kind}_block0{block}.npz" for block in (0, 1))
        for kind in ("frames", "saliency")
    }
    inputs["items"] = (tmp_path / "faces.csv",)
    corpus = _corpus(table)
    (contest,) = corpus.splits("emotion", None).values()
    score = tmp_path / "score.csv"
    _job("validate", inputs, corpus, contest, score=score, history=tmp_path / "h.csv")
    found = pd.read_csv(score).iloc[0]
    assert found["pictures"] == 14 and found["accuracy"] > 50  # 14 % by chance
    inputs["score"] = (score,)
    model = tmp_path / "network" / "model.safetensors"
    outputs = {"model": model, "history": tmp_path / "h.csv", "scores": tmp_path / "s.csv"}
    _job("train", inputs, corpus, everybody([contest]), **outputs)
    own = {**write_prepared(tmp_path), "model": (model,)}
    _job("score", own, corpus, None, frame_logits=tmp_path / "logits.npz")
    logits = read_ragged([tmp_path / "logits.npz"])
    assert logits.values.shape[1] == 7 and np.isfinite(logits.values).all()


@pytest.fixture
def one_thread(monkeypatch):
    """What a step sets for its whole process is undone for the next test."""
    monkeypatch.setenv("MMER_DEVICE", "cpu")
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def _job(step, inputs, corpus, split, **outputs: Path) -> None:
    """Do a step of a network on seven emotions."""
    place = split.name if step == "validate" else ""
    settings = {"batch_size": 16, "max_epochs": 12, "learning_rate": 3e-3}
    job = ModelJob(
        family="spatial_transformer",
        step=step,
        model="faces",
        seed=1,
        task=TASK if split is None else corpus.tasks["emotion"],
        splits={} if split is None else {split.name: split},
        inputs=inputs,
        outputs={name: {place: path} for name, path in outputs.items()},
        options={"corpus": "fer2013", "target": "emotion", "settings": settings},
    )
    SpatialTransformer().run(job)
