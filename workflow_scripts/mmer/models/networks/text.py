"""An encoder of written words with a layer of classes on top, and where encoders come from.

Source: Devlin et al. 2019; the encoders are those of the library transformers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertModel,
    BertTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from mmer.models.text import TextSettings
from mmer.runtime.errors import UserError

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
UNUSED = "pooler."
"""What an encoder's weights may lack."""


class TextClassifier(nn.Module):
    """An encoder, the mean over its tokens or the first one, and a linear layer.

    Shapes
    ------
    tokens ``(items, longest)`` int64, lengths ``(items,)`` int64 → logits ``(items, classes)``.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        classes: int,
        pooling: Literal["mean", "first"],
        dropout: float,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(encoder.config.hidden_size, classes)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        is_token = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
        states = self.encoder(input_ids=tokens, attention_mask=is_token.long()).last_hidden_state
        if self.pooling == "first":
            pooled = states[:, 0]
        else:
            pooled = (states * is_token[..., None]).sum(dim=1) / lengths[:, None]
        return self.classifier(self.dropout(pooled))


def read_encoder(folder: Path) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """A tokenizer and an encoder of a folder, nothing fetched and nothing of it run or unpickled.

    A UserError if the folder does not hold both, or a weight is absent.
    """
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **local)
        encoder, found = AutoModel.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **local
        )
    except Exception as error:  # a damaged or hostile folder can fail in any way
        raise UserError(
            f"{folder} holds no encoder that can be read ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}): get its files again"
        ) from error
    absent = sorted(name for name in found["missing_keys"] if not name.startswith(UNUSED))
    if absent:
        raise UserError(f"{folder}: the weights lack {absent[0]}: get model.safetensors again")
    return tokenizer, encoder


def random_encoder(
    texts: Sequence[str], settings: TextSettings
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """A small BERT of random weights, drawn from torch's global generator.

    Its vocabulary knows the words of some texts, and letters to spell all others with.
    """
    names = vocabulary(texts, settings.least_count)
    tokenizer = BertTokenizer(vocab={name: number for number, name in enumerate(names)})
    described = BertConfig(
        vocab_size=len(names),
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=4 * settings.width,
        max_position_embeddings=settings.max_tokens,
        hidden_dropout_prob=settings.dropout,
        attention_probs_dropout_prob=settings.dropout,
    )
    return tokenizer, BertModel(described)


def vocabulary(texts: Sequence[str], least_count: int) -> list[str]:
    """BERT's marks, every letter of some texts, at a word's start and within, and frequent words.

    A word is what BERT's tokenizer takes for one: lower case, without accents.
    """
    plain = BertTokenizer(vocab={mark: number for number, mark in enumerate(MARKS)})
    split, lower = plain.backend_tokenizer.pre_tokenizer, plain.backend_tokenizer.normalizer
    counts = Counter(
        word for text in texts for word, _ in split.pre_tokenize_str(lower.normalize_str(text))
    )
    letters = sorted({letter for word in counts for letter in word})
    words = sorted(w for w, count in counts.items() if count >= least_count and len(w) > 1)
    return [*MARKS, *letters, *(f"##{letter}" for letter in letters), *words]


def without_notes(text: str) -> str:
    """A text without what stands in square brackets."""
    return re.sub(r"\[[^\]]*\]", " ", text)
