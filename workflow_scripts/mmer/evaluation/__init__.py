"""Metrics, intervals, significance tests and the comparison with the paper."""
