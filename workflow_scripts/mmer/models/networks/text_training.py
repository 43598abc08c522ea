"""Fine-tuning an encoder on the words of a split's items, in the fit loop."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mmer.items import Items, read_items
from mmer.media.checksums import verify
from mmer.media.words import read_words
from mmer.models.base import ModelJob
from mmer.models.networks.text import TextClassifier, random_encoder, read_encoder, without_notes
from mmer.models.text import NEEDED, TextSettings
from mmer.protocol import TRAIN
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing
from mmer.training.device import prepare_device
from mmer.training.fit import FitPlan
from mmer.training.foreign_checkpoint import weights_given
from mmer.training.job import train_and_write
from mmer.training.kept_audio import rows_of_split
from mmer.training.labelled import ClassTraining, LabelledItems

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ItemsOfText(LabelledItems):
    """Items sorted by name.

    Attributes
    ----------
    tokens
        ``(items, longest)`` int64 on the device, the shorter ones padded.
    lengths
        Tokens of each item, ``(items,)`` int64 on the CPU.
    """

    tokens: Tensor
    lengths: Tensor


class TextTraining(ClassTraining):
    """A text classifier that learns the classes of one split's items."""

    def __init__(self, network: TextClassifier, items: ItemsOfText, settings: TextSettings) -> None:
        super().__init__(network, items, settings)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Logits of some rows, padded to the longest of them."""
        lengths, device = self.items.lengths[rows], self.items.tokens.device
        tokens = self.items.tokens[rows.to(device), : int(lengths.max())]
        return self.network(tokens, lengths.to(device))


def train(job: ModelJob) -> None:
    """Start from the configured encoder, train and write."""
    settings, task = job.settings(TextSettings), job.classes
    device = prepare_device(job.seed)
    chosen, part, texts = read_texts(job, settings)
    training_texts = [text for text, of in zip(texts, part, strict=True) if of == TRAIN]
    tokenizer, encoder = start_from(job, settings, training_texts)
    network = TextClassifier(encoder, task.outputs, settings.pooling, settings.dropout)
    tokens, lengths = tokens_of(texts, tokenizer, settings.max_tokens)
    said = {"tokens": tokens.to(device), "lengths": lengths}
    choosing = tuple(job.chosen_by)
    items = ItemsOfText.on(device, task, chosen, part, choosing_parts=choosing, **said)
    training = TextTraining(network.to(device), items, settings)
    plan = replace(
        FitPlan.of(settings, task.watch, job.seed),
        schedule=settings.schedule,
        clip_gradient_norm=settings.clip_gradient_norm,
    )
    train_and_write(job, training, plan, settings, settings.weights)
    for split in job.chosen_by.values():
        write_vocabulary(job.output("vocabulary", split.name), tokenizer)


def write_vocabulary(path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """What the network's tokens stand for, a line each, without which its weights say nothing."""
    numbers = tokenizer.get_vocab()
    with writing(path) as unfinished:
        unfinished.write_text("".join(f"{t}\n" for t in sorted(numbers, key=numbers.get)), "utf-8")


def read_texts(job: ModelJob, settings: TextSettings) -> tuple[Items, np.ndarray, list[str]]:
    """The items of a training that have a class, the part of each, and its words."""
    words, items = read_words(job.inputs["text"]), read_items(job.one("items"))
    _, chosen, part = rows_of_split(list(words), items, job.split, job.classes)
    texts = [words[name] for name in chosen.names]
    if settings.bracketed == "drop":
        texts = [without_notes(text) for text in texts]
    log.info("%d of %d items have no words", sum(not t.strip() for t in texts), len(texts))
    return chosen, part, texts


def start_from(
    job: ModelJob, settings: TextSettings, training_texts: Sequence[str]
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """The tokenizer and the encoder that the settings name.

    A UserError if published files are absent or not those published, or a folder holds no encoder,
    or one that cannot take as many tokens.
    """
    if settings.weights == "random":
        return random_encoder(training_texts, settings)
    if settings.weights == "folder":
        folder = job.one(NEEDED[0]).parent
    else:
        folder = weights_given(settings.weights, job.weights)[0].parent
        for file in (job.weights, *job.weights.beside):
            verify(file.path, f"sha256:{file.sha256}")
    tokenizer, encoder = read_encoder(folder)
    most = encoder.config.max_position_embeddings
    if settings.max_tokens > most:
        raise UserError(
            f"models.{job.model}: the encoder takes {most} tokens: set max_tokens to {most} or less"
        )
    return tokenizer, encoder


def tokens_of(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, most: int
) -> tuple[Tensor, Tensor]:
    """Tokens of some texts, ``(texts, longest)`` int64, padded at their end, and their numbers."""
    whole = tokenizer(list(texts))["input_ids"]
    cut = tokenizer(list(texts), truncation=True, max_length=most)["input_ids"]
    shortened = sum(len(a) > len(b) for a, b in zip(whole, cut, strict=True))
    log.info("%d of %d items are cut at %d tokens", shortened, len(texts), most)
    tokens = [torch.tensor(each, dtype=torch.int64) for each in cut]
    padded = pad_sequence(tokens, batch_first=True, padding_value=tokenizer.pad_token_id or 0)
    return padded, torch.tensor([len(each) for each in tokens])
