"""Spatial transformers that learn from pictures of another corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.pictured_items import (
    CPU,
    PLACES,
    TASK,
    done,
    pictures_and_items,
    provenance,
)

from mmer.items import write_items
from mmer.models.base import ModelJob
from mmer.models.spatial_transformer import SpatialTransformer
from mmer.protocol import Split, everybody
from mmer.ragged import write_ragged
from mmer.runtime.errors import UserError
from mmer.training.checkpoint import read_model

pytestmark = pytest.mark.usefixtures("on_the_cpu")


def _pictures(folder: Path, of_each: int) -> dict[str, tuple[Path, ...]]:
    pictures, maps, items = pictures_and_items(of_each)
    write_ragged(folder / "pictures.npz", pictures)
    write_ragged(folder / "maps.npz", maps)
    write_items(folder / "pictures.csv", items)
    files = {"items": "pictures.csv", "frames": "pictures.npz", "saliency": "maps.npz"}
    return {kind: (folder / file,) for kind, file in files.items()}


HELD = Split(name="list", by="part", train=("train",), choose=("held",), test=("held",))


def _elsewhere(
    step: str, inputs: dict[str, tuple[Path, ...]], folder: Path, split: Split, **settings: Any
) -> ModelJob:
    """Train on pictures of another corpus, with some held out (``validate``) or on all."""
    place = split.name if step == "validate" else ""
    files = {"model": "model.safetensors", "history": "history.csv", "scores": "held_out.csv"}
    files |= {"score": "score.csv"}
    return done(
        SpatialTransformer(),
        step,
        splits={split.name: split},
        inputs=inputs,
        outputs={name: {place: folder / step / file} for name, file in files.items()},
        task=TASK.model_copy(update={"names": PLACES[:7]}),
        options={
            "corpus": "faces",
            "target": "place",
            "settings": {"batch_size": 8, "max_epochs": 3, **settings},
        },
    )


def test_a_training_on_all_of_another_corpus_ends_when_those_held_out_say(tmp_path):
    inputs = _pictures(tmp_path, of_each=20)
    held = _elsewhere("validate", inputs, tmp_path, HELD)
    score = pd.read_csv(held.output("score", "list")).iloc[0]
    history = pd.read_csv(held.output("history", "list"))
    kept = history[history["kept"] == 1].iloc[0]
    assert (score["split"], score["pictures"], score["epoch"]) == ("list", 35, kept["epoch"])
    assert score["accuracy"] == pytest.approx(100 * kept["frame_accuracy"])
    for epochs in (2, 4, 5):
        write = pd.DataFrame([{**score, "epoch": epochs, "accuracy": 10.0 * epochs}])
        write.to_csv(tmp_path / f"{epochs}.csv", index=False)
    inputs["score"] = tuple(tmp_path / f"{epochs}.csv" for epochs in (5, 2, 4))
    whole = _elsewhere("train", inputs, tmp_path, everybody([HELD]))
    assert pd.read_csv(whole.output("history"))["epoch"].tolist() == [1, 2, 3, 4]
    assert pd.read_csv(whole.output("scores"))["accuracy"].tolist() == [50, 20, 40]
    assert read_model(whole.output("model"), CPU)["fc2.weight"].shape == (7, 50)
    origin = provenance(whole.output("model"))
    assert (origin["corpus"], origin["target"]) == ("faces", "place")
    assert origin["classes"] == list(PLACES[:7]) and origin["items"] == {"train": 140}
    assert [row["accuracy"] for row in origin["held_out"]] == [50, 20, 40]
    again = _elsewhere("train", inputs, tmp_path, everybody([HELD]), stop_on_all="train_accuracy")
    assert pd.read_csv(again.output("history"))["epoch"].tolist() == [1, 2, 3]


def test_another_corpus_that_tests_others_than_it_chooses_by_is_scored_on_those(tmp_path):
    inputs = _pictures(tmp_path, of_each=20)
    table = pd.read_csv(inputs["items"][0], dtype=str, keep_default_na=False)
    table.loc[table.index % 8 == 4, "part"] = "choose"
    table.to_csv(inputs["items"][0], index=False)
    split = HELD.model_copy(update={"choose": ("choose",)})
    score = pd.read_csv(_elsewhere("validate", inputs, tmp_path, split).output("score", "list"))
    assert score["pictures"].tolist() == [18]


def test_too_few_pictures_of_a_class_are_refused(tmp_path):
    with pytest.raises(UserError, match="faces hold 4 of the class 'a', but training needs 5"):
        _elsewhere("validate", _pictures(tmp_path, of_each=4), tmp_path, HELD)


def test_a_class_too_rare_for_folds_is_told_by_name(tmp_path):
    inputs = _pictures(tmp_path, of_each=20)
    table = pd.read_csv(inputs["items"][0], dtype=str, keep_default_na=False)
    rare = table.index[table["place"] == "c"][4:]
    table.drop(index=rare).assign(fold="").to_csv(inputs["items"][0], index=False)
    split = Split(name="fold0", by="fold", train=("1",), choose=("0",), test=("0",))
    with pytest.raises(UserError, match="faces hold 4 of the class 'c', but training needs 5"):
        _elsewhere("validate", inputs, tmp_path, split)
