"""What a fusion owes to rows that its systems learned from, and to who chooses its classifier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmer.by_recording import BY_RECORDING, FOLD, recordings_out
from mmer.evaluation.choices import KNOWN_SPEAKER, REST, WHOLE
from mmer.evaluation.choices_job import ChoicesJob, weigh_choices
from mmer.evaluation.fusion_choices import chosen_by_tested, of_fused
from mmer.evaluation.settings import EvaluationSettings
from mmer.evaluation.ways import CLASSIFIER, EPOCH, ONE, RESUBSTITUTED, SETTING
from mmer.fusion.job import FusionJob, fuse_and_write
from mmer.fusion.resubstituted import resubstituted
from mmer.fusion.settings import (
    FusionClassifiers,
    FusionSettings,
    InputsSettings,
    Neighbours,
    Regularisation,
)
from mmer.items import Items, items_table, write_items
from mmer.nested_predictions import read_nested
from mmer.predictions import Posteriors, read_predictions, write_predictions
from mmer.protocol import NESTED, PAPER, Split, one_fold_out, two_folds_out
from mmer.tasks import Classes

TASK = Classes(names=("low", "high"), column="pitch")
FOLDS = one_fold_out([["a"], ["b"], ["c"], ["d"]])
SPLITS = {n: s for pair in two_folds_out(FOLDS.values()).values() for n, s in pair.items()}
ITEMS = items_table(
    [
        {"item": f"{who}{n}", "speaker": who, "pitch": TASK.names[n % 2]}
        for who in "abcd"
        for n in range(6)
    ],
    ["pitch"],
)
NONE = Regularisation(C=())
ONE_CLASSIFIER = FusionSettings(
    classifiers=FusionClassifiers(
        logistic_regression=Regularisation(C=(10.0,)),
        svm_linear=NONE,
        svm_rbf=NONE,
        knn=Neighbours(k=()),
    )
)
TWO_CLASSIFIERS = FusionSettings(
    classifiers=ONE_CLASSIFIER.classifiers.model_copy(update={"knn": Neighbours(k=(1,))})
)
FED = InputsSettings(values="probability")


def said(split: Split, right: Callable[[str, str], float], items: Items = ITEMS) -> Posteriors:
    """What a model says under a split: of each item and its part how likely the true class is."""
    parts = split.parts_of(items)
    likely = [right(name, part) for name, part in zip(ITEMS.names, parts, strict=True)]
    high = [p if int(n[1]) % 2 else 1 - p for n, p in zip(ITEMS.names, likely, strict=True)]
    both = np.stack([1 - np.array(high), high], axis=1)
    return Posteriors(TASK, items, parts, both, np.log(both))


def only_on_its_own(name: str, part: str) -> float:
    """Sure and right on whom it learned from, wrong on all others."""
    return 0.95 if part == "train" else 0.3


def test_rows_of_a_fold_are_of_one_training_as_out_of_fold_but_of_one_that_learned_it(tmp_path):
    paths = {}
    for number, (name, split) in enumerate(SPLITS.items()):
        paths[name] = tmp_path / f"{name}.csv"
        write_predictions(paths[name], said(split, lambda *_, n=number: (n + 1) / 20))
    tables = {name: read_predictions(path, TASK, ITEMS) for name, path in paths.items()}
    averaged = read_nested(paths, SPLITS, TASK, ITEMS)
    fold = resubstituted(tables, SPLITS, averaged)["fold0"]
    number = {name: (n + 1) / 20 for n, name in enumerate(SPLITS)}
    # Out of fold b's rows are of pair0_1_a, c's of pair0_2_a and d's of pair0_3_a.
    learned = fold.only("train")
    others = {"b": "pair0_2_a", "c": "pair0_3_a", "d": "pair0_1_a"}
    assert set(learned.items.speakers) == set(others)
    for who, training in others.items():
        row = learned.names.index(f"{who}1")
        assert learned.probabilities[row, 1] == number[training]
        assert learned.logits[row, 1] == np.log(number[training])
    # The tested items are those of the nested protocol.
    mine, theirs = fold.only("test"), averaged["fold0"].only("test")
    assert mine.names == theirs.names
    assert (mine.probabilities == theirs.probabilities).all()


def test_the_tested_choose_the_candidate_that_is_best_on_them():
    words = ["classifier", "hyperparameter", "split", "item", "predicted"]
    rows = [("knn", "k=1", "fold0", "a0", "low"), ("knn", "k=1", "fold0", "a1", "low")]
    rows += [("knn", "k=2", "fold0", "a0", "low"), ("knn", "k=2", "fold0", "a1", "high")]
    chosen = chosen_by_tested(pd.DataFrame(rows, columns=words), TASK, ITEMS)
    assert set(chosen["hyperparameter"]) == {"k=2"}
    assert of_fused(chosen, TASK, ITEMS).to_dict() == {"a0": 1, "a1": 1}


# The whole step


@pytest.fixture
def step(tmp_path):
    """Weigh two systems that the nested protocol and the paper's saw, and their fusion."""
    write_items(tmp_path / "items.csv", ITEMS)

    def weigh(
        right: Callable[[str, str], float],
        settings: FusionSettings,
        crossed: Callable[[str, str], float] | None = None,
    ) -> pd.DataFrame:
        systems: dict[str, dict[str, dict]] = {}
        chosen, more = ["epoch"], {}
        if crossed:
            paths = {split: tmp_path / "crossed" / f"{split}.csv" for split in SPLITS}
            for split, path in paths.items():
                write_predictions(path, said(SPLITS[split], crossed))
            chosen, more = ["epoch", "setting"], {"crossed": paths}
        for name in ("one/full", "two/full"):
            for protocol, splits in ((PAPER, FOLDS), (NESTED, SPLITS)):
                for split, each in splits.items():
                    path = tmp_path / protocol / name / f"{split}.csv"
                    write_predictions(path, said(each, right))
                    systems.setdefault(name, {}).setdefault(protocol, {})[split] = path
        fused = {}
        for protocol, nested in ((PAPER, {}), (NESTED, SPLITS)):
            fused[protocol] = tmp_path / f"{protocol}.csv"
            fuse_and_write(
                FusionJob(
                    task=TASK,
                    items=tmp_path / "items.csv",
                    systems={name: paths[protocol] for name, paths in systems.items()},
                    inputs=FED,
                    settings=settings,
                    nested=nested,
                    predictions=fused[protocol],
                    grid=tmp_path / "grid.csv",
                )
            )
        about = {"modality": "speech", "variant": "full"}
        fusion = {
            "name": "both/fed",
            "title": "both",
            "modality": "fusion",
            "variant": "both",
            "seeds": [
                {
                    "fused": fused,
                    "systems": {name: paths[NESTED] for name, paths in systems.items()},
                }
            ],
            "inputs": FED,
            "settings": settings,
        }
        weigh_choices(
            ChoicesJob(
                task=TASK,
                items=tmp_path / "items.csv",
                systems=[
                    {
                        "name": name,
                        "title": name,
                        "chosen": chosen,
                        "seeds": [{"predictions": paths} | more],
                        **about,
                    }
                    for name, paths in systems.items()
                ],
                fusions=[fusion],
                nested=SPLITS,
                settings=EvaluationSettings(resamples=1000),
                seed=1,
                out=tmp_path / "choices.csv",
            )
        )
        return pd.read_csv(tmp_path / "choices.csv").set_index(["system", "part"])

    return weigh


@pytest.mark.filterwarnings("ignore")
def test_a_fusion_of_resubstituted_rows_believes_what_is_only_true_of_them(step):
    found = step(only_on_its_own, ONE_CLASSIFIER)
    # Rows out of fold tell that the systems are wrong on strangers; their own rows do not.
    whole, rows = found.loc["both/fed", WHOLE], found.loc["both/fed", RESUBSTITUTED]
    assert (whole["with_it"], whole["without"]) == (0, 100)
    assert (rows["with_it"], rows["without"], rows["difference"]) == (0, 100, -100)
    assert found.loc["both/fed", REST]["difference"] == 0
    classifier = found.loc["both/fed", CLASSIFIER]
    assert np.isnan(classifier["difference"])
    assert classifier["reason"] == "there is one classifier to choose from"


@pytest.mark.filterwarnings("ignore")
def test_where_tested_people_choose_weights_that_flatter_them_the_epoch_is_worth_it(step):
    found = step(lambda _, part: {"train": 0.9, "choose": 0.8, "test": 0.4}[part], TWO_CLASSIFIERS)
    # Who chooses is recognised always, who is only tested never.
    for name in ("one/full", "two/full"):
        assert found.loc[name, EPOCH][["with_it", "without", "difference"]].tolist() == [
            100,
            0,
            100,
        ]
        assert found.loc[name, ONE]["difference"] == 0
        assert {SETTING, KNOWN_SPEAKER, CLASSIFIER}.isdisjoint(found.loc[name].index)
    assert not np.isnan(found.loc["both/fed", CLASSIFIER]["difference"])


def test_an_epoch_and_an_architecture_that_are_both_chosen_are_told_apart(step):
    # By what was chosen for a split itself, and by what was for the other one of its training.
    found = step(
        lambda _, part: {"train": 0.9, "choose": 0.8, "test": 0.4}[part],
        ONE_CLASSIFIER,
        crossed=lambda name, part: 0.8 if part == "choose" and int(name[1]) < 3 else 0.4,
    )
    one = found.loc["one/full"]
    # With the setting that was chosen without them, only half of those who choose are recognised;
    # with the other one none of those who are only tested.
    assert one.loc[EPOCH][["with_it", "without"]].tolist() == [50, 0]
    assert one.loc[SETTING][["with_it", "without"]].tolist() == [0, 0]


def test_knowing_the_speaker_is_read_of_folds_of_recordings(tmp_path):
    halves = [str(int(name[1]) // 3) for name in ITEMS.names]
    divided = Items(ITEMS.table.assign(**{FOLD: halves}))
    write_items(tmp_path / "items.csv", ITEMS)
    write_items(tmp_path / "divided.csv", divided)
    tables: dict[str, dict[str, Path]] = {}
    for protocol, splits, items, sure in (
        (PAPER, FOLDS, ITEMS, 0.4),
        (BY_RECORDING, recordings_out(2), divided, 0.8),
    ):
        for name, split in splits.items():
            path = tables.setdefault(protocol, {})[name] = tmp_path / protocol / f"{name}.csv"
            posteriors = said(split, lambda _, part, p=sure: p if part == "test" else 0.9, items)
            write_predictions(path, posteriors)
    one = {"name": "one/full", "title": "one", "modality": "speech", "variant": "full"}
    weigh_choices(
        ChoicesJob(
            task=TASK,
            items=tmp_path / "items.csv",
            divided=tmp_path / "divided.csv",
            systems=[{**one, "seeds": [{"predictions": tables}]}],
            nested={},
            settings=EvaluationSettings(resamples=1000),
            seed=1,
            out=tmp_path / "choices.csv",
        )
    )
    known = pd.read_csv(tmp_path / "choices.csv").set_index("part").loc[KNOWN_SPEAKER]
    assert known[["items", "with_it", "without"]].tolist() == [24, 100, 0]
