"""Where encoders of text come from: published files, a user's folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from tests.spoken_moods import SMALL, TEXTS, saved_encoder, told
from transformers import BertModel

from mmer.models.networks.text import (
    random_encoder,
    read_encoder,
    vocabulary,
)
from mmer.models.networks.text_training import (
    start_from,
)
from mmer.models.text import Text, TextSettings
from mmer.runtime.errors import UserError


def published(folder: Path) -> tuple[Path, BertModel]:
    """Files as BERT's are published: old names, a head that predicts words, and a word list."""
    torch.manual_seed(3)
    _, encoder = random_encoder(TEXTS, SMALL)
    folder.mkdir()
    state = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in encoder.state_dict().items()
    }
    save_file({**state, "cls.predictions.bias": torch.zeros(3)}, folder / "model.safetensors")
    described = {**encoder.config.to_dict(), "architectures": ["BertForMaskedLM"]}
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", **described}))
    (folder / "vocab.txt").write_text("\n".join(vocabulary(TEXTS, 1)) + "\n")
    return folder, encoder


def registered(folder: Path) -> dict[str, Any]:
    """The files as a job is told them, with their checksums."""
    names = {"": "model.safetensors", "_config": "config.json", "_vocabulary": "vocab.txt"}
    weights, *beside = (
        {
            "name": f"bert_base_uncased{end}",
            "path": folder / name,
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        }
        for end, name in names.items()
    )
    return {**weights, "beside": beside}


PUBLISHED = TextSettings(max_tokens=16)


def test_published_files_are_read_whole(tmp_path):
    folder, encoder = published(tmp_path / "bert")
    job = told(tmp_path, PUBLISHED, weights=registered(folder))
    tokenizer, found = start_from(job, PUBLISHED, [])
    expected = encoder.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.state_dict().items())
    assert tokenizer("No LOVELY day")["input_ids"] == [
        tokenizer.convert_tokens_to_ids(each) for each in ("[CLS]", "no", "lovely", "day", "[SEP]")
    ]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocab.txt"])
def test_files_other_than_published_are_not_opened(tmp_path, name):
    folder, _ = published(tmp_path / "bert")
    job = told(tmp_path, PUBLISHED, weights=registered(folder))
    with (folder / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(UserError, match=f"{name}.*sha256"):
        start_from(job, PUBLISHED, [])


def lacks_a_weight(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    del state["bert.encoder.layer.1.output.dense.weight"]
    save_file(state, folder / "model.safetensors")


def holds_a_pickle_alone(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def wants_to_run_code(folder: Path) -> None:
    told = json.loads((folder / "config.json").read_text())
    code = {"AutoConfig": "code.Own", "AutoModel": "code.Own"}
    (folder / "config.json").write_text(json.dumps({**told, "model_type": "own", "auto_map": code}))
    (folder / "code.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Own: pass\n")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lacks_a_weight, "lack encoder.layer.1.output.dense.weight"),
        (holds_a_pickle_alone, "holds no encoder that can be read"),
        (wants_to_run_code, "holds no encoder that can be read"),
    ],
)
def test_a_folder_is_refused_that(tmp_path, spoil, words):
    folder, _ = published(tmp_path / "bert")
    spoil(folder)
    with pytest.raises(UserError, match=words):
        read_encoder(folder)
    assert not (folder / "ran").exists()


def test_an_encoder_says_how_many_tokens_it_takes(tmp_path):
    folder, _ = published(tmp_path / "bert")
    settings = TextSettings(max_tokens=17)
    with pytest.raises(UserError, match="set max_tokens to 16 or less"):
        start_from(told(tmp_path, settings, weights=registered(folder)), settings, [])


def test_a_users_folder_serves_as_it_was_saved(tmp_path):
    saved = saved_encoder(tmp_path / "saved")
    settings = TextSettings(weights="folder", folder=str(saved), max_tokens=16)
    job = told(tmp_path, settings)
    entry = Text.Entry(family="text", title="mine", settings=settings)
    named = {name: (Path(path),) for name, path in Text().files(entry, 0).items()}
    assert set(named) >= {"config.json", "model.safetensors", "tokenizer.json"}
    job = job.model_copy(update={"inputs": {**job.inputs, **named}})
    _, encoder = start_from(job, settings, [])
    assert encoder.config.hidden_size == 16
    (saved / "config.json").unlink()
    with pytest.raises(UserError, match=r"lacks config\.json"):
        Text().files(entry, 0)


@pytest.mark.parametrize(
    "settings",
    [{"weights": "folder"}, {"folder": "x"}, {"weights": "random", "width": 10, "heads": 4}],
)
def test_settings_that_contradict_each_other(settings):
    with pytest.raises(ValidationError):
        TextSettings(**settings)
