"""Encoders of written words: what they compute, where they start from, and what they learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.spoken_moods import SMALL, TASK, TEXTS, items_of, saved_encoder, told
from transformers import AutoModel, AutoTokenizer

from mmer.items import read_items, write_items
from mmer.media.words import WordsJob, prepare_text, read_words
from mmer.models.networks.text import (
    MARKS,
    TextClassifier,
    read_encoder,
    vocabulary,
    without_notes,
)
from mmer.models.networks.text_training import (
    read_texts,
    start_from,
    tokens_of,
)
from mmer.models.text import Text
from mmer.predictions import read_predictions
from mmer.predictions import tested as of_tested
from mmer.protocol import one_fold_out, two_folds_out
from mmer.runtime.errors import UserError

QUICK = {"learning_rate": 0.01, "max_epochs": 8, "batch_size": 8}


@pytest.fixture
def saved(tmp_path) -> Path:
    return saved_encoder(tmp_path / "saved")


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
