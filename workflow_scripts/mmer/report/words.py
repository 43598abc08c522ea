"""What readers see for names that tables and files carry."""

from __future__ import annotations

VARIANTS = {
    "full": "whole clip",
    "vad": "VAD",
    "mixed": "mixed",
    "none": "–",
}
"""Variants and pairings; other pairings keep their own names.

``none`` is that of references: they hear and see nothing.
"""

CLASSIFIERS = {
    "logistic_regression": "logistic regression",
    "svm_linear": "SVM, linear kernel",
    "svm_rbf": "SVM, RBF kernel",
    "knn": "k nearest neighbours",
}

SALIENCY_METHODS = {
    "msi_net": "MSI-Net (Kroner et al. 2020)",
    "spectral_residual": "spectral residual (Hou and Zhang 2007)",
}


def variant_words(variant: str) -> str:
    """A variant or pairing in words."""
    return VARIANTS.get(variant, variant.replace("_", " "))


def split_words(split: str) -> str:
    """A split in words; ``heldout0`` holds out the first fold of the protocol."""
    fold = split.removeprefix("heldout")
    return f"fold {int(fold) + 1} held out" if fold.isdigit() else split.replace("_", " ")


def system_title(title: str) -> str:
    """A title with the classifier of a fusion, ``(svm_linear C=1)``, in words."""
    for name, words in CLASSIFIERS.items():
        title = title.replace(f"({name} ", f"({words}, ")
    return title
