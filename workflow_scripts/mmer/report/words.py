"""What readers see for names that tables and files carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mmer.runtime.errors import UserError

VARIANTS = {"full": "whole clip", "vad": "VAD", "mixed": "mixed", "none": "–"}
"""Variants and pairings; other pairings keep their own names.

``none`` is that of references: they hear and see nothing.
"""

PROTOCOLS = {
    "paper": "the paper's protocol",
    "nested": "nested protocol",
    "by_recording": "BY RECORDING: whoever is tested is heard in training too",
}
"""Who learns from whom, and who chooses."""

CLASSIFIERS = {
    "logistic_regression": "logistic regression",
    "svm_linear": "SVM, linear kernel",
    "svm_rbf": "SVM, RBF kernel",
    "knn": "k nearest neighbours",
    "weighted_sum": "weighted sum",
}

SALIENCY_METHODS = {
    "msi_net": "MSI-Net (Kroner et al. 2020)",
    "spectral_residual": "spectral residual (Hou and Zhang 2007)",
}

_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*(/[A-Za-z0-9][A-Za-z0-9_]*)?", re.ASCII)


def variant_words(variant: str) -> str:
    """A variant or pairing in words."""
    return VARIANTS.get(variant, variant.replace("_", " "))


def inputs_words(inputs: str) -> str:
    """What a fusion is fed, in words."""
    return f"{inputs.replace('_', ' ')} inputs"


def split_words(split: str) -> str:
    """A split in words; ``fold0`` tests on the first fold of the protocol.

    ``pair0_1_a`` tests on the first and chooses by the second, ``pair0_1_b`` the other way round.
    """
    if pair := re.fullmatch(r"pair(\d+)_(\d+)_([ab])", split):
        first, second = int(pair[1]) + 1, int(pair[2]) + 1
        tested, chose = (first, second) if pair[3] == "a" else (second, first)
        return f"fold {tested} held out, chosen on fold {chose}"
    if recordings := re.fullmatch(r"recordings(\d+)", split):
        return f"recordings {int(recordings[1]) + 1} held out"
    fold = split.removeprefix("fold")
    return f"fold {int(fold) + 1} held out" if fold.isdigit() else split.replace("_", " ")


def system_title(title: str) -> str:
    """A title with the classifier of a fusion, ``(svm_linear C=1)``, in words."""
    for name, words in CLASSIFIERS.items():
        title = title.replace(f"({name} ", f"({words}, ")
    return title


def listed(words: Iterable[str]) -> str:
    """Words by commas, an and before the last."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def file_stems(systems: Iterable[str]) -> dict[str, str]:
    """A file name for every system, ``model/variant`` written as ``model_variant``.

    A UserError if a name is no name of a system, or two would share a file.
    """
    stems: dict[str, str] = {}
    for system in systems:
        if not _SYSTEM.fullmatch(system):
            raise UserError(
                f"system {system!r} cannot name a figure: use letters, digits and underscores"
            )
        stem = system.replace("/", "_")
        if stem in stems.values():
            raise UserError(f"two systems would write the figure {stem}: rename system {system!r}")
        stems[system] = stem
    return stems
