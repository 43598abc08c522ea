"""A small world shaped like RAVDESS, made by machine: spoken by espeak-ng, drawn with OpenCV.

It exists so that the whole workflow can be run and tested without the 13 GB of recordings.  Only
the label in its Zenodo record (``synthetic``) tells it from the real corpus.
"""
