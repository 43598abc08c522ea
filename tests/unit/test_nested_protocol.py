"""The nested protocol: who is tested is seen by nothing before, and every leak fails loudly."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from pydantic import ValidationError

from mmer.fusion.nested import fuse_nested
from mmer.fusion.settings import (
    FusionClassifiers,
    FusionSettings,
    InputsSettings,
    Neighbours,
    Regularisation,
)
from mmer.items import items_table
from mmer.nested_predictions import out_of_fold, read_nested
from mmer.predictions import Posteriors, read_predictions, write_predictions
from mmer.protocol import (
    Split,
    by_tested_fold,
    choosing_parts,
    chosen_together,
    one_fold_out,
    parts_for,
    two_folds_out,
)
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

TASK = Classes(names=("low", "high"), column="pitch")
FOLDS = one_fold_out([["a"], ["b"], ["c"], ["d"]])
TRAININGS = two_folds_out(FOLDS.values())
SPLITS = {name: split for splits in TRAININGS.values() for name, split in splits.items()}
ITEMS = items_table(
    [
        {"item": f"{who}{n}", "speaker": who, "pitch": TASK.names[n % 2]}
        for who in "abcd"
        for n in range(6)
    ],
    ["pitch"],
)


def said(split: Split, high: Callable[[str], float]) -> Posteriors:
    """What a model says under a split: of each item how likely it is high."""
    likely = np.array([high(name) for name in ITEMS.names])
    both = np.stack([1 - likely, likely], axis=1)
    return Posteriors(TASK, ITEMS, split.parts_of(ITEMS), both, np.log(both))


@pytest.fixture
def paths(tmp_path):
    """A table per split; each says another probability of everything."""
    found = {name: tmp_path / f"{name}.csv" for name in SPLITS}
    for number, (name, path) in enumerate(found.items()):
        write_predictions(path, said(SPLITS[name], lambda _, n=number: (n + 1) / 20))
    return found


# Splits


def test_a_training_learns_from_all_but_two_folds_and_each_is_tested_by_what_the_other_chose():
    assert list(TRAININGS) == [f"pair{i}_{j}" for i, j in combinations(range(4), 2)]
    assert TRAININGS["pair0_2"]["pair0_2_a"] == Split(
        name="pair0_2_a", train=("b", "d"), choose=("c",), test=("a",)
    )
    assert TRAININGS["pair0_2"]["pair0_2_b"] == Split(
        name="pair0_2_b", train=("b", "d"), choose=("a",), test=("c",)
    )


def test_five_folds_take_ten_trainings_and_four_test_each_fold():
    trainings = two_folds_out(one_fold_out([[who] for who in "abcde"]).values())
    splits = {name: split for each in trainings.values() for name, split in each.items()}
    assert (len(trainings), len(splits)) == (10, 20)
    assert [len(names) for names in by_tested_fold(splits).values()] == [4] * 5


def test_behind_a_fold_nobody_has_seen_whom_it_tests():
    for names in by_tested_fold(SPLITS).values():
        of_fold = [SPLITS[name] for name in names]
        (tested,) = {split.test for split in of_fold}
        for split in of_fold:
            assert not set(tested) & {*split.train, *split.choose}
        # And the rows that a fusion learns from hold everybody else once.
        others = sorted(who for split in of_fold for who in split.choose)
        assert others == sorted(set("abcd") - set(tested))


def test_two_splits_share_a_training_and_others_do_not():
    first, second = TRAININGS["pair1_3"].values()
    assert choosing_parts([first, second]) == {"choose": first, "test": second}
    assert choosing_parts([FOLDS["fold0"]]) == {"test": FOLDS["fold0"]}
    for other in (TRAININGS["pair0_3"]["pair0_3_b"], FOLDS["fold1"]):
        with pytest.raises(AssertionError):
            choosing_parts([first, other])


def test_what_one_fold_chose_is_tested_on_the_other():
    part = np.array(["train", "choose", "test"])
    assert parts_for(part, "choose").tolist() == ["train", "choose", "test"]
    assert parts_for(part, "test").tolist() == ["train", "test", "choose"]
    papers = np.array(["train", "test"])
    assert parts_for(papers, "test").tolist() == ["train", "test"]


def test_choices_are_made_together_by_all_who_are_not_tested():
    assert chosen_together(FOLDS) == [list(FOLDS)]
    together = chosen_together(SPLITS)
    assert together[0] == ["pair0_1_a", "pair0_2_a", "pair0_3_a"]
    for names in together:
        tested = {who for name in names for who in SPLITS[name].test}
        assert not tested & {who for name in names for who in SPLITS[name].choose}


@pytest.mark.parametrize("where", ["train", "choose"])
def test_a_split_whose_tested_speaker_trains_or_chooses_with_others_is_refused(where):
    parts = {"train": ("a",), "choose": ("b",), "test": ("c",)}
    with pytest.raises(ValidationError, match=r"both sides|chooses by some"):
        Split(name="leak", **{**parts, where: (*parts[where], "c")})


# Tables


def test_a_fold_is_the_mean_of_those_that_held_it_out(paths):
    folds = read_nested(paths, SPLITS, TASK, ITEMS)
    assert list(folds) == ["fold0", "fold1", "fold2", "fold3"]
    number = {name: (n + 1) / 20 for n, name in enumerate(SPLITS)}
    behind = [number[name] for name in ("pair0_1_a", "pair0_2_a", "pair0_3_a")]
    tested = folds["fold0"].only("test")
    assert set(tested.items.speakers) == {"a"}
    assert tested.probabilities[:, 1] == pytest.approx(np.mean(behind))
    assert tested.logits[:, 1] == pytest.approx(np.mean(np.log(behind)))
    # Each other item by the training that held it out, with the weights its own fold chose.
    others = folds["fold0"].only("choose")
    assert others.probabilities[:, 1] == pytest.approx(np.repeat(behind, 6))
    assert not folds["fold0"].only("train").names


def test_a_table_of_another_split_is_refused(paths):
    # As if a training had tested on those who chose its weights.
    paths["pair0_1_a"].write_bytes(paths["pair0_1_b"].read_bytes())
    with pytest.raises(UserError, match=r"item a0 is in another part than split pair0_1_a"):
        read_nested(paths, SPLITS, TASK, ITEMS)


@pytest.mark.parametrize("part", ["train", "choose"])
def test_a_table_in_which_a_tested_clip_trains_or_chooses_is_refused(paths, part):
    text = paths["pair0_1_a"].read_text()
    assert "\na0,test," in text
    paths["pair0_1_a"].write_text(text.replace("\na0,test,", f"\na0,{part},"))
    with pytest.raises(UserError, match=r"speaker a is (trained on|chosen by) and tested on"):
        read_predictions(paths["pair0_1_a"], TASK, ITEMS)


def test_a_table_that_lacks_a_tested_clip_is_refused(paths):
    rows = paths["pair0_2_a"].read_text().splitlines(keepends=True)
    paths["pair0_2_a"].write_text("".join(row for row in rows if not row.startswith("a0,")))
    with pytest.raises(UserError, match=r"pair0_2_a\.csv tests other items"):
        read_nested(paths, SPLITS, TASK, ITEMS)


def test_posteriors_of_the_papers_splits_give_their_own_held_out_rows():
    tables = {
        name: said(split, lambda _, n=name: (int(n[-1]) + 1) / 10) for name, split in FOLDS.items()
    }
    fold = out_of_fold(tables)["fold3"]
    assert fold.only("test").probabilities[:, 1] == pytest.approx(0.4)
    assert fold.only("choose").probabilities[:, 1] == pytest.approx(np.repeat([0.1, 0.2, 0.3], 6))


# Fusion

SMALL = FusionSettings(
    classifiers=FusionClassifiers(
        logistic_regression=Regularisation(C=(1e-6, 100.0)),
        svm_linear=Regularisation(C=()),
        svm_rbf=Regularisation(C=()),
        knn=Neighbours(k=()),
    )
)


def fused(paths, **inputs):
    systems = {name: read_nested(paths, SPLITS, TASK, ITEMS) for name in ("one", "two")}
    fed = InputsSettings(values="probability", **inputs)
    return fuse_nested(systems, TASK, ITEMS, fed, SMALL)


def speaking(paths, high: Callable[[str], float]) -> None:
    for name, path in paths.items():
        write_predictions(path, said(SPLITS[name], high))


@pytest.mark.filterwarnings("ignore")
def test_the_classifier_is_chosen_by_the_other_folds_alone(paths):
    """The tested people, turned upside down, change nothing that is chosen or learned for them."""

    def right(name: str) -> float:
        return 0.9 if int(name[1:]) % 2 else 0.1

    def right_but_of(who: str) -> Callable[[str], float]:
        return lambda name: 1 - right(name) if name[0] == who else right(name)

    speaking(paths, right)
    before, before_grid = fused(paths, scaling="standard")
    for name in by_tested_fold(SPLITS)["fold0"]:
        write_predictions(paths[name], said(SPLITS[name], right_but_of("a")))
    after, after_grid = fused(paths, scaling="standard")
    of_fold = before_grid["split"] == "fold0"
    assert after_grid[of_fold].equals(before_grid[of_fold])
    changed, unchanged = (rows[rows["split"] == "fold0"] for rows in (after, before))
    assert changed["hyperparameter"].tolist() == unchanged["hyperparameter"].tolist()
    # A scaler fitted on the tested rows too would have moved these.
    flipped = unchanged[["p_high", "p_low"]].to_numpy()
    assert changed[["p_low", "p_high"]].to_numpy() == pytest.approx(flipped, abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_every_fold_has_one_candidate_and_all_others_stay_in_the_grid(paths):
    speaking(paths, lambda name: 0.8 if int(name[1:]) % 2 else 0.2)
    table, grid = fused(paths)
    assert sorted(table["item"]) == sorted(ITEMS.names)
    assert table.groupby("split")["hyperparameter"].nunique().tolist() == [1] * 4
    assert grid.groupby("split").size().tolist() == [2] * 4
    assert grid["items"].tolist() == [18] * 8
