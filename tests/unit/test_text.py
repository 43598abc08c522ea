"""Encoders of written words: what they compute, where they start from, and what they learn."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer, BertModel

from mmer.items import Items, items_table, read_items, write_items
from mmer.media.words import WordsJob, prepare_text, read_words
from mmer.models.base import ModelJob
from mmer.models.networks.text import (
    MARKS,
    TextClassifier,
    random_encoder,
    read_encoder,
    vocabulary,
    without_notes,
)
from mmer.models.networks.text_training import (
    read_texts,
    start_from,
    tokens_of,
)
from mmer.models.text import Text, TextSettings
from mmer.predictions import read_predictions
from mmer.predictions import tested as of_tested
from mmer.protocol import Split, one_fold_out, two_folds_out
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

TASK = Classes(names=("glad", "sorry"), column="mood")
SPLIT = Split(name="fold0", train=("a", "b"), choose=("c",), test=("c",))
TEXTS = ("what a lovely day", "no", "oh dear, what a dreadful rainy day it is again")
SMALL = TextSettings(weights="random", width=16, layers=2, heads=2, max_tokens=16, least_count=1)
QUICK = {"learning_rate": 0.01, "max_epochs": 8, "batch_size": 8}


@pytest.fixture
def saved(tmp_path) -> Path:
    """A folder with a tiny encoder, as the library itself saves one."""
    torch.manual_seed(7)
    tokenizer, encoder = random_encoder(TEXTS, SMALL)
    tokenizer.save_pretrained(tmp_path / "saved")
    encoder.save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_padded_items_say_what_the_library_says_of_each_alone(saved, pooling):
    tokenizer, encoder = read_encoder(saved)
    network = TextClassifier(encoder, 3, pooling, dropout=0.5).eval()
    tokens, lengths = tokens_of(TEXTS, tokenizer, 16)
    with torch.no_grad():
        found = network(tokens, lengths)
    its_tokenizer = AutoTokenizer.from_pretrained(saved, local_files_only=True)
    its_encoder = AutoModel.from_pretrained(saved, local_files_only=True).eval()
    weight, bias = (each.detach().numpy() for each in network.classifier.parameters())
    for row, text in enumerate(TEXTS):
        with torch.no_grad():
            states = its_encoder(**its_tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        pooled = states.numpy().mean(axis=0) if pooling == "mean" else states.numpy()[0]
        np.testing.assert_allclose(found[row], weight @ pooled + bias, atol=1e-6)


def test_a_batch_is_what_the_library_pads_and_masks(saved):
    tokenizer, encoder = read_encoder(saved)
    tokens, lengths = tokens_of(TEXTS, tokenizer, 16)
    its = tokenizer(list(TEXTS), padding=True, return_tensors="pt")
    assert torch.equal(tokens, its["input_ids"])
    assert torch.equal(lengths, its["attention_mask"].sum(dim=1))
    with torch.no_grad():
        states = encoder(**its).last_hidden_state
    shares = its["attention_mask"] / lengths[:, None]
    network = TextClassifier(encoder, 3, "mean", 0.0).eval()
    network.classifier = torch.nn.Identity()
    with torch.no_grad():
        found = network(tokens, lengths)
    np.testing.assert_allclose(found, torch.einsum("nld,nl->nd", states, shares), atol=1e-6)


def test_long_items_are_cut_and_keep_their_marks(saved):
    tokenizer, _ = read_encoder(saved)
    tokens, lengths = tokens_of(TEXTS, tokenizer, 5)
    assert lengths.tolist() == [5, 3, 5]
    assert tokens[2, 0] == MARKS.index("[CLS]") and tokens[2, 4] == MARKS.index("[SEP]")
    assert tokens[1, 3:].tolist() == [0, 0]


def test_a_vocabulary_has_frequent_words_and_letters():
    found = vocabulary(["Día, día!", "a day"], 2)
    letters = ["!", ",", "a", "d", "i", "y"]
    assert found == [*MARKS, *letters, *(f"##{letter}" for letter in letters), "dia"]


def test_what_transcribers_note_is_no_word():
    assert without_notes("Well [LAUGHTER] yes. [BREATHING]").split() == ["Well", "yes."]


# What is written down


def items_of(texts: dict[str, str], moods: str) -> Items:
    """Items named by their speaker and a number, ``g`` glad and ``s`` sorry."""
    return items_table(
        (
            {
                "item": name,
                "speaker": name[0],
                "mood": {"g": "glad", "s": "sorry"}[mood],
                "said": text,
            }
            for (name, text), mood in zip(texts.items(), moods, strict=True)
        ),
        ["mood", "said"],
    )


def test_words_are_written_as_they_are(tmp_path):
    said = {"a1": "NA", "a2": "", "a3": 'He said: "no",\nand left', "b1": "isn´t it"}
    write_items(tmp_path / "items.csv", items_of(said, "ggss"))
    for speaker in "ab":
        told = {"items": tmp_path / "items.csv", "column": "said", "speaker": speaker}
        prepare_text(WordsJob(**told, out=tmp_path / f"{speaker}.csv"))
    assert read_words([tmp_path / "a.csv", tmp_path / "b.csv"]) == said
    assert list(read_words([tmp_path / "b.csv"])) == ["b1"]


def test_another_table_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("item,start_s\na1,0.1\n")
    with pytest.raises(UserError, match="no table of items and words"):
        read_words([tmp_path / "a.csv"])


# Training


def told(folder: Path, settings: TextSettings, **more: Any) -> ModelJob:
    """A job on three speakers whose words tell their mood, the tested one's last word apart."""
    texts, moods = {}, ""
    for speaker in "abc":
        for number in range(8):
            mood = "gs"[number % 2]
            words = ["lovely happy day", "bad sad night"][number % 2]
            texts[f"{speaker}{number}"] = f"{words} {'zq' if speaker == 'c' else 'and so on'}"
            moods += mood
    write_items(folder / "items.csv", items_of(texts, moods))
    for speaker in "abc":
        of = {"items": folder / "items.csv", "column": "said", "speaker": speaker}
        prepare_text(WordsJob(**of, out=folder / f"{speaker}.csv"))
    files = {
        "model": "m.safetensors",
        "history": "h.csv",
        "predictions": "p.csv",
        "vocabulary": "v.txt",
    }
    return ModelJob(
        family="text",
        step="train",
        model="words",
        options={"settings": settings.model_dump(mode="json")},
        task=TASK,
        splits={"fold0": SPLIT},
        inputs={
            "items": (folder / "items.csv",),
            "text": tuple(folder / f"{speaker}.csv" for speaker in "abc"),
        },
        outputs={name: {"fold0": folder / file} for name, file in files.items()},
        **{"variant": "full", "seed": 1, **more},
    )


def test_it_learns_what_words_tell_and_knows_unseen_speakers(tmp_path, monkeypatch):
    monkeypatch.setenv("MMER_DEVICE", "cpu")
    settings = SMALL.model_copy(update=QUICK)
    Text().run(told(tmp_path, settings))
    items = read_items(tmp_path / "items.csv")
    said = of_tested(read_predictions(tmp_path / "p.csv", TASK, items), "words", "")
    assert len(said.names) == 8
    assert (said.probabilities.argmax(axis=1) == said.labels).all()
    assert "kept" in (tmp_path / "h.csv").read_text()
    known = (tmp_path / "v.txt").read_text().splitlines()
    assert known[:5] == list(MARKS) and {"lovely", "and"} <= set(known)
    embedded = load_file(tmp_path / "m.safetensors")["encoder.embeddings.word_embeddings.weight"]
    assert len(embedded) == len(known)


def test_two_nested_splits_share_a_training(tmp_path, monkeypatch):
    monkeypatch.setenv("MMER_DEVICE", "cpu")
    settings = SMALL.model_copy(update={**QUICK, "max_epochs": 2})
    job = told(tmp_path, settings)
    folds = one_fold_out([["a"], ["b"], ["c"]]).values()
    splits = two_folds_out(folds)["pair1_2"]
    outputs = {
        name: {split: tmp_path / f"{split}_{path.name}" for split in splits}
        for name, (path,) in ((name, of.values()) for name, of in job.outputs.items())
    }
    Text().run(job.model_copy(update={"splits": splits, "outputs": outputs}))
    items = read_items(tmp_path / "items.csv")
    for name, split in splits.items():
        said = read_predictions(tmp_path / f"{name}_p.csv", TASK, items)
        assert said.part.tolist() == split.parts_of(said.items).tolist()


def test_nothing_of_a_tested_item_is_in_the_vocabulary(tmp_path):
    job = told(tmp_path, SMALL)
    _, part, texts = read_texts(job, SMALL)
    assert (part == "test").sum() == 8 and "zq" in texts[-1]
    of_training = [text for text, of in zip(texts, part, strict=True) if of == "train"]
    tokenizer, _ = start_from(job, SMALL, of_training)
    assert {"q", "##q", "zq"} & set(tokenizer.get_vocab()) == set()
    assert "lovely" in tokenizer.get_vocab()


# Where encoders come from


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


def test_a_users_folder_serves_as_it_was_saved(tmp_path, saved):
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
