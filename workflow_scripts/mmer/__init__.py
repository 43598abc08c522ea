"""Multimodal emotion recognition on RAVDESS: the library behind the workflow.

The packages follow the way of the data: corpus, acquire, prepare, speech and face, training,
fusion, evaluation, report.  Nothing in here knows Snakemake.
"""
