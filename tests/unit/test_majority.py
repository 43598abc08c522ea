"""ZeroR: the shares of the classes among the training items."""

import numpy as np

from mmer.items import Items, items_table, write_items
from mmer.models.base import ModelJob
from mmer.models.majority import Majority, majority_posteriors
from mmer.predictions import read_predictions
from mmer.protocol import Split, one_fold_out
from mmer.tasks import Classes

TASK = Classes(names=("x", "y", "z"), column="letter")
SPLIT = Split(name="fold0", train=("a", "b"), choose=("c",), test=("c",))


def items_of(**letters: str) -> Items:
    """Each speaker's items: a letter each, none for a dash."""
    return items_table(
        (
            {"item": f"{speaker}{row}", "speaker": speaker, "letter": letter.strip("-")}
            for speaker, some in letters.items()
            for row, letter in enumerate(some)
        ),
        ["letter"],
    )


def test_every_item_gets_the_shares_of_the_training_items():
    posteriors = majority_posteriors(items_of(c="zz", a="yyx", b="z"), SPLIT, TASK)
    assert posteriors.names == ("a0", "a1", "a2", "b0", "c0", "c1")
    assert posteriors.probabilities.tolist() == [[0.25, 0.5, 0.25]] * 6
    assert posteriors.only("test").names == ("c0", "c1")


def test_of_equally_frequent_classes_the_first_is_predicted(tmp_path):
    items = items_of(a="zy", b="yz", c="x")
    write_items(tmp_path / "items.csv", items)
    Majority().run(
        ModelJob(
            family="majority",
            step="predict",
            model="zero_rule",
            task=TASK,
            splits={"fold0": SPLIT},
            inputs={"items": (tmp_path / "items.csv",)},
            outputs={"predictions": {"fold0": tmp_path / "fold0.csv"}},
        )
    )
    predicted = read_predictions(tmp_path / "fold0.csv", TASK, items).predicted
    assert {TASK.names[position] for position in predicted} == {"y"}


def test_with_ravdess_numbers_of_items_it_reaches_the_papers_accuracy():
    task = Classes(names=tuple("ncdefghi"), column="letter")
    speakers = [f"{number:02d}" for number in range(1, 25)]
    items = items_of(**dict.fromkeys(speakers, "n" * 4 + "".join(c * 8 for c in "cdefghi")))
    right = []
    for split in one_fold_out([speakers[start::5] for start in range(5)]).values():
        tested = majority_posteriors(items, split, task).only("test")
        assert {task.names[position] for position in tested.predicted} == {"c"}
        right.append((tested.predicted == tested.labels).mean())
    assert round(100 * np.mean(right), 2) == 13.33


def test_speakers_outside_the_split_and_items_without_a_class_do_not_count():
    posteriors = majority_posteriors(items_of(a="x-", b="y", c="z", d="zz"), SPLIT, TASK)
    assert posteriors.names == ("a0", "b0", "c0")
    assert posteriors.probabilities[0].tolist() == [0.5, 0.5, 0]
