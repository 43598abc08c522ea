"""Names of the ways in which a system is looked at; planning asks, so this imports nothing heavy.

Besides the protocols themselves there are ways that differ from the nested one in one thing:
:mod:`mmer.evaluation.choices`.
"""

ONE = "one"
"""One nested training in the place of the mean of all that hold a fold out."""
EPOCH = "epoch"
"""The same, its kept weights chosen by those who are tested."""
SETTING = "setting"
"""The same, its architecture or hyperparameter chosen by folds among which the tested one is."""

RESUBSTITUTED = "resubstituted"
"""The nested fusion, learned from posteriors of items that its systems were trained on."""
CLASSIFIER = "classifier"
"""The nested fusion with the classifier that is best on those who are tested."""
