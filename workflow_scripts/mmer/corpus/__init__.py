"""Clip names, labels, folds and splits, and the synthetic corpus."""
