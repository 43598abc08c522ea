"""The corpus label that every table, figure and page carries."""

from __future__ import annotations

SYNTHETIC = "synthetic"
"""The word in a label that says no human being was recorded."""


def is_synthetic(label: str) -> bool:
    """Whether the label says that the corpus is synthetic."""
    return SYNTHETIC in label.lower()


def corpus_sentence(label: str) -> str:
    """What the numbers were measured on, in one sentence."""
    if is_synthetic(label):
        return (
            f"SYNTHETIC DATA: measured on {label}, not on recordings of people; "
            "not comparable with the paper's values."
        )
    return f"Measured on {label}."


def short_corpus_sentence(label: str) -> str:
    """The same for the narrow margin of a figure."""
    return f"SYNTHETIC DATA: {label}" if is_synthetic(label) else f"Corpus: {label}"


def headed(title: str, label: str) -> str:
    """A title that names corpus and protocol, the word synthetic first where it is so."""
    return f"{title} ({f'SYNTHETIC DATA: {label}' if is_synthetic(label) else label})"
